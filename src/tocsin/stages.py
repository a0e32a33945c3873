"""Which stages there are: their handlers, their routes, what the first start makes, what is swept."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import ASGIApp

from tocsin.alerts import handlers as alerts
from tocsin.alerts.queries.heartbeats import knows_heartbeat
from tocsin.alerts.routes import routes as heartbeat_routes
from tocsin.alerts.usecases.heartbeats import beat
from tocsin.alerts.usecases.indexing import SearchKeeper
from tocsin.alerts.usecases.retention import want_removal
from tocsin.api.foreign import routes as foreign_routes
from tocsin.comms import handlers as comms
from tocsin.deferred import Deferred
from tocsin.errors import Unavailable
from tocsin.identity import commands, sessions
from tocsin.identity.accounts import all_accounts, create_account, make_link
from tocsin.identity.actor import SYSTEM, Right
from tocsin.incidents import handlers as incidents
from tocsin.intake import handlers as intake
from tocsin.intake.mail.door import Heartbeats, MailDoor
from tocsin.intake.routes import routes as intake_routes
from tocsin.intake.usecases import create_first_integration
from tocsin.mitigation import handlers as mitigation
from tocsin.oncall import handlers as oncall
from tocsin.oncall.routes import routes as calendar_routes
from tocsin.organisation.usecases import create_first_organisation
from tocsin.paging import handlers as paging
from tocsin.paging.breaker import BREAKER, Breaker
from tocsin.paging.crowd import CROWD, Crowd
from tocsin.paging.methods import NOT_SET_UP, Means, not_set_up
from tocsin.paging.routes import routes as callback_routes
from tocsin.paging.routes.listening import MatrixListener
from tocsin.paging.services import services_of
from tocsin.paging.usecases.opening import page_last_resort
from tocsin.parts import Parts
from tocsin.recovery import handlers as recovery
from tocsin.review import handlers as review
from tocsin.settings import Settings
from tocsin.triage import handlers as triage

_FIRST_ALERT = '{"title": "It works", "dedup_key": "first"}'
__all__ = [
    "close",
    "first_start",
    "housekeeping",
    "listen_for_mail",
    "page_last_resort",
    "register_stages",
    "routes",
    "web",
]


def register_stages(parts: Parts) -> None:
    """Let every stage register its handlers with the engine, in the order of the street."""
    registry, settings = parts.registry, parts.settings
    intake.register(registry)
    alerts.register(registry, timedelta(days=settings.keep_alerts_days))
    parts.starting.append(lambda: parts.database.write_async(want_removal))
    keeper = SearchKeeper(parts.database, lambda: parts.writer.stats.signals)
    parts.starting.append(keeper.start)
    parts.closing.append(keeper.stop)
    oncall.register(registry, parts.http)
    means = Means(parts.http, parts.smtp, _print, services_of(settings, parts.http, parts.keys))
    parts.database.context[NOT_SET_UP] = not_set_up(means)
    parts.database.context[BREAKER] = Breaker()
    parts.database.context[CROWD] = Crowd()
    paging.register(registry, means, settings.outside_url)
    if means.services.matrix:
        listener = MatrixListener(parts.database, means.services.matrix)
        parts.starting.append(listener.start)
        parts.closing.append(listener.stop)
    incidents.register(registry)
    triage.register(registry)
    mitigation.register(registry)
    comms.register(registry)
    recovery.register(registry, parts.http, parts.clock, settings.prometheus_url)
    review.register(registry, parts.smtp, settings.smtp.sender, settings.outside_url, parts.clock)


def routes(parts: Parts) -> list[BaseRoute]:
    """The faces but the web's: intake's hot path first, then the API."""
    parts.closing.append(parts.writer.stop)

    async def fetch(address: str) -> bytes:
        answered = await parts.http.get(address)
        if not answered.ok:
            raise Unavailable(f"{address} answered {answered.status}", retry_after=30)
        return answered.body

    return [
        *intake_routes(parts.known, parts.writer, parts.settings.max_body_bytes, fetch),
        *foreign_routes(parts.database, parts.known, parts.writer, parts.settings.max_body_bytes),
        *callback_routes(parts.database, services_of(parts.settings, parts.http, parts.keys)),
        *calendar_routes(parts.database),
        *heartbeat_routes(parts.database),
        Mount("/api/v1", app=Deferred(lambda: _api(parts))),
    ]


def listen_for_mail(parts: Parts) -> None:
    """Where mail is to come in, hold its port now and take mail once the loop runs; ConfigurationError."""
    mail = parts.settings.mail
    if mail.listen is None:
        return
    from tocsin.intake.mail.server import Listening, MailServer  # most installations need no SMTP server

    host, _, port = mail.listen.rpartition(":")
    server = MailServer(
        Listening(host.strip("[]"), int(port), mail.max_bytes, mail.certificate, mail.certificate_key, mail.require_tls)
    )
    database = parts.database

    async def knows(secret: str) -> bool:
        return await database.read_async(lambda c: knows_heartbeat(c, secret))

    async def heard(secret: str) -> bool:
        return await database.write_async(lambda c, now: beat(c, secret, now)) is not None

    door = MailDoor(parts.known, parts.writer, Heartbeats(knows, heard))
    parts.starting.append(lambda: server.start(door))
    parts.closing.append(server.stop)


def web(parts: Parts) -> ASGIApp:
    """The web's face, for every address that no other has."""
    return Deferred(lambda: _web(parts))


def _web(parts: Parts) -> ASGIApp:
    """Imported here, since it is a seventh of what a start costs."""
    from tocsin.web.app import build_web

    return Router(build_web(parts))


def _api(parts: Parts) -> ASGIApp:
    """The JSON API; imported here, since its models are a third of what a start costs."""
    from tocsin.api.app import build_api

    return build_api(parts)


def first_start(parts: Parts) -> list[str]:
    """On the first start, make the administrator, the organisation and an integration; the lines that tell of them."""
    settings = parts.settings
    made = parts.database.write(lambda connection, now: _make_first(connection, settings, now))
    if made is None:
        return []
    link, secret = made
    url = settings.outside_url
    return [
        "",
        f"Sign in as the first administrator (once, within 24 h): {url}/sign-in/{link}",
        "",
        "Alerts come in at this URL; keep it secret:",
        f"  {url}/in/{secret}",
        "Try it, this pages you at once:",
        f"  curl -H 'Content-Type: application/json' -d '{_FIRST_ALERT}' {url}/in/{secret}",
        "",
    ]


def housekeeping(connection: Connection, now: datetime) -> None:
    """Remove what has run out."""
    sessions.sweep_sessions(connection, now)
    commands.forget_old(connection, now)


def _make_first(connection: Connection, settings: Settings, now: datetime) -> tuple[str, str] | None:
    if all_accounts(connection):
        return None
    person, email = settings.first_admin, settings.first_admin_email
    name = person.replace("-", " ").title()
    create_first_organisation(connection, person, name, email or f"{person}@localhost.localdomain", "UTC", now)
    create_account(connection, SYSTEM, person, name, email, Right.ADMIN, now)
    link = make_link(connection, SYSTEM, person, "first_start", now)
    _, secret = create_first_integration(connection, now)
    return link, secret


def _print(line: str) -> None:
    """To the server's own output, also from the event loop: one short write."""
    print(line, flush=True)


async def close(parts: Parts) -> None:
    """Finish what the faces still hold."""
    await asyncio.gather(*(closing() for closing in parts.closing), return_exceptions=True)
