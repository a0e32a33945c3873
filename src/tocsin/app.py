"""The composition root: settings in, running parts out; the only place that knows everything."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as NoRoute
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from tocsin import health
from tocsin.alerts.usecases.fold import fold_received
from tocsin.basepath import BelowBasePath
from tocsin.bounded import BoundedBodies
from tocsin.clients.addresses import Allowed
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.smtp import Smtp, SmtpSettings
from tocsin.clock import Clock
from tocsin.deferred import keep_for_good
from tocsin.engine import nodes
from tocsin.engine.loop import Loop
from tocsin.engine.single import DirectoryLock
from tocsin.engine.work import Registry
from tocsin.errors import ConfigurationError, TooLarge
from tocsin.identity.keys import KEYS, Keys
from tocsin.ids import new_id
from tocsin.intake.routes import Known
from tocsin.intake.short_way import ShortWay
from tocsin.intake.writer import Writer
from tocsin.logs import set_up_logs
from tocsin.opening import clock_for, conninfo, keys_for, migrate
from tocsin.paging.usecases.watching import keep_canary
from tocsin.parts import Parts
from tocsin.settings import Settings
from tocsin.stages import (
    close,
    first_start,
    housekeeping,
    listen_for_mail,
    page_last_resort,
    register_stages,
    routes,
    web,
)
from tocsin.store import migrate as migrations
from tocsin.store.database import Database
from tocsin.store.server_clock import RESAMPLE, ServerClock
from tocsin.triage.evidence import LARGEST as LARGEST_EVIDENCE

_log = logging.getLogger(__name__)
_BEAT = timedelta(seconds=3)
_HOUSEKEEPING = timedelta(hours=1)
_DEAD_MANS_SWITCH = timedelta(minutes=1)
_LARGEST_BODY = 16 << 20  # bytes: an organisation of thousands of schedules still fits
_LARGEST_WITH_EVIDENCE = LARGEST_EVIDENCE * 4 // 3 + (1 << 20)  # as base64, with its other fields


def make_parts(settings: Settings, clock: Clock, database: Database, keys: Keys) -> Parts:
    """Wire the stages together around an open database; nothing runs yet."""
    registry = Registry()
    node = new_id()
    mail = settings.smtp
    smtp = None
    if mail.host:
        smtp = Smtp(
            SmtpSettings(
                host=mail.host,
                port=mail.port,
                security=mail.security,
                username=mail.user,
                password=mail.password,
                sender=mail.sender,
                verify=mail.verify,
            )
        )
    parts = Parts(
        settings=settings,
        clock=clock,
        keys=keys,
        database=database,
        node=node,
        registry=registry,
        loop=Loop(database, registry, clock, node, page_last_resort),
        http=GuardedHttp(Allowed.parse(settings.outgoing_allow)),
        smtp=smtp,
        known=Known(database),
        writer=Writer(database, fold_received),
    )
    register_stages(parts)
    return parts


def build(parts: Parts) -> Starlette:
    """The whole application for an ASGI server."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running(parts):
            yield

    return faces(parts, lifespan)


def faces(parts: Parts, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
    """Every address and what guards them all; nothing runs behind them but what `lifespan` starts."""
    all_routes: list[BaseRoute] = [*health.routes(parts), *routes(parts)]
    bounds = Middleware(BoundedBodies, limit_of=_largest_body, refuse=_refuse_body)
    app = Starlette(
        routes=all_routes, middleware=[bounds], lifespan=lifespan, exception_handlers={NoRoute: _refuse_address}
    )
    app.router.default = web(parts)
    return app


def _largest_body(path: str) -> int | None:
    """Bytes that are read of a request; the intake, whose limit is a setting, minds its own."""
    if path.startswith("/in/"):
        return None
    return _LARGEST_WITH_EVIDENCE if "/evidence" in path else _LARGEST_BODY


def _refuse_body(path: str, error: TooLarge) -> Response:
    if not path.startswith("/api/"):
        return PlainTextResponse(error.message + "\n", 413)
    from tocsin.api.problems import of_error  # with FastAPI, which the API alone needs

    return of_error(error)


def _refuse_address(request: Request, error: Exception) -> Response:
    """What no face has, such as an address with a line break, which no route matches."""
    assert isinstance(error, NoRoute)
    if request.url.path.startswith("/api/"):
        from tocsin.api.problems import problem

        return problem(error.status_code, "not-found", "Not Found", "there is nothing at this address")
    return PlainTextResponse(error.detail + "\n", error.status_code, error.headers)


@asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[None]:
    """The loop and the beat run inside."""
    database = parts.database
    lock = None
    if not parts.settings.is_sqlite:
        lock = await asyncio.to_thread(nodes.hold_lock, conninfo(parts.settings), parts.node)
    await database.write_async(lambda c, now: nodes.register(c, parts.node, now))
    await parts.loop.start()
    beating = [
        asyncio.create_task(_beat(parts)),
        asyncio.create_task(_keep_house(parts)),
        asyncio.create_task(_tell_outside(parts)),
        asyncio.create_task(asyncio.to_thread(parts.http.get_ready)),
    ]
    try:
        for start in parts.starting:
            await start()
        keep_for_good()
        yield
    finally:
        for task in beating:
            task.cancel()
        await asyncio.gather(*beating, return_exceptions=True)
        await close(parts)
        await parts.loop.stop()
        with contextlib.suppress(Exception):
            await database.write_async(lambda c, now: nodes.leave(c, parts.node, now))
        if lock is not None:
            lock.close()


def serve(settings: Settings) -> None:
    """Run the server until SIGTERM or SIGINT. Raises ConfigurationError with a sentence when it can't start."""
    set_up_logs(settings.log_format, settings.log_level)
    directory = DirectoryLock(settings.data)
    if settings.is_sqlite:
        directory.take()
        if copy := migrate(settings):
            _log.info("migrated the database; the copy from before is %s", copy)
    elif not migrations.is_current(settings.url):
        raise ConfigurationError("the database has not this version's schema; run `tocsin migrate` once, then serve")
    clock, keys = clock_for(settings), keys_for(settings)
    database = Database.open(settings.url, clock, {KEYS: keys})
    try:
        parts = make_parts(settings, clock, database, keys)
        listen_for_mail(parts)
        _announce_start(parts)
        config = uvicorn.Config(
            BelowBasePath(build(parts), settings.base_path),
            host=settings.host,
            port=settings.port,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies) or None,
            log_config=None,
            access_log=False,
            server_header=False,
            http=ShortWay(parts.known, parts.writer, settings.max_body_bytes, settings.base_path).protocol,
            timeout_graceful_shutdown=5,
        )
        server = _Server(config, parts)
        signal.signal(signal.SIGTERM, server.handle_exit)
        server.run()
        if not server.started:
            raise ConfigurationError(f"could not listen on {settings.listen}; is another program using it?")
    finally:
        database.close()
        directory.release()


class _Server(uvicorn.Server):
    """Tells what stays open by itself (live pages) that the end has come, instead of waiting for it to end."""

    def __init__(self, config: uvicorn.Config, parts: Parts) -> None:
        super().__init__(config)
        self._parts = parts

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then the connections."""
        for leave in self._parts.leaving:
            leave()
        await super().shutdown(sockets)


def _announce_start(parts: Parts) -> None:
    print(f"Tocsin serves {parts.settings.outside_url}", flush=True)
    for line in first_start(parts):
        print(line, flush=True)


async def _beat(parts: Parts) -> None:
    sampled = parts.clock.now()
    while True:
        await asyncio.sleep(_BEAT.total_seconds())
        try:
            dead = await parts.database.write_async(lambda c, now: nodes.beat(c, parts.node, now))
            if dead:
                _log.warning("freed the work of %d processes that are gone", len(dead))
            if isinstance(parts.clock, ServerClock) and parts.clock.now() - sampled > RESAMPLE:
                await asyncio.to_thread(parts.clock.sample)
                sampled = parts.clock.now()
        except Exception as error:  # the database is away: the next beat tries again
            _log.warning("could not beat: %s", error)


async def _tell_outside(parts: Parts) -> None:
    while parts.settings.dead_mans_switch_url:
        await asyncio.sleep(_DEAD_MANS_SWITCH.total_seconds())
        try:
            await health.tell_that_all_is_well(parts)
        except Exception as error:  # tried again in a minute; that no ping comes is what tells
            _log.warning("the dead man's switch was not told: %s", error)


async def _keep_house(parts: Parts) -> None:
    while True:
        try:
            await parts.database.write_async(housekeeping)
            if parts.settings.canary and parts.settings.public_url:
                await parts.database.write_async(keep_canary)
        except Exception as error:  # tried again in an hour
            _log.warning("housekeeping failed: %s", error)
        await asyncio.sleep(_HOUSEKEEPING.total_seconds())
