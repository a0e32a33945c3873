"""What would become of a payload, were it sent: nothing is kept and nobody is paged."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.alerts.explaining import Path, path_of
from tocsin.alerts.queries.quiet import quiet_reasons
from tocsin.alerts.silences import silenced_by
from tocsin.alerts.usecases.calm import silences_to_come
from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.intake.parsing import check_rules, parse
from tocsin.intake.queries import integration_ref
from tocsin.intake.senders import MAPPED, sender_named
from tocsin.intake.signal import Ask, IntegrationRef, Unreadable
from tocsin.organisation.queries import everything
from tocsin.store.tables.intake import integrations


@dataclass(frozen=True)
class TryPayload:
    """A payload as it would come by an integration (id or name), or by a sender that there is none of yet.

    `mapping` is tried in place of the integration's own. `at`: as if it came then (an instant), now if not said.
    """

    payload: str
    integration: str | None = None
    sender: str | None = None
    mapping: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Tried:
    """The paths of the alerts in a payload, what could not be understood, and what else the sender asks for."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...]
    asks: tuple[Ask, ...]


def try_payload(connection: Connection, actor: Actor, command: TryPayload, now: datetime) -> Tried:
    """Read a payload and route what is in it. NotFound, Invalid (a mapping that is wrong, an unknown sender)."""
    actor.require(Right.RESPONDER, "alerts")
    integration = _integration(connection, command)
    try:
        parsed = parse(integration, command.payload.encode("utf-8", "replace"))
    except Unreadable as error:
        return Tried((), (f"{error.place}: {error.reason}",), ())
    organisation, at = everything(connection), command.at or now
    paths = [path_of(organisation, integration, signal, at) for signal in parsed.signals]
    paths = _with_what_is_quiet(connection, actor, paths, at)
    return Tried(tuple(paths), tuple(f"{part.place}: {part.reason}" for part in parsed.set_aside), parsed.asks)


def _with_what_is_quiet(connection: Connection, actor: Actor, paths: list[Path], at: datetime) -> list[Path]:
    """Each with what would keep it from paging then: a silence, maintenance hours, or what explains it."""
    silences = silences_to_come(connection, at)
    quiet = [silenced_by(silences, path.routed.labels, at) for path in paths]
    reasons = quiet_reasons(connection, actor, {each for each in quiet if each}, at)
    return [replace(path, quiet=reasons[by] if by else "") for path, by in zip(paths, quiet, strict=True)]


def _integration(connection: Connection, command: TryPayload) -> IntegrationRef:
    if command.integration:
        by_name = select(integrations.c.id).where(integrations.c.name == command.integration)
        id = connection.execute(by_name).scalar() or command.integration
        found = integration_ref(connection, id)
        if found is None:
            raise NotFound(f"there is no integration {command.integration!r}")
        if command.mapping:
            check_rules(found.sender, command.mapping)
        return IntegrationRef(found.id, found.name, found.sender, found.service, command.mapping or found.mapping)
    if command.mapping or command.sender:
        sender = sender_named(command.sender or MAPPED).name
        if command.mapping:
            check_rules(sender, command.mapping)
        return IntegrationRef("", "tried", sender, None, command.mapping)
    raise Invalid("name the integration or the sender that it would come by", "integration")
