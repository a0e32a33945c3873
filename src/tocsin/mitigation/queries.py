"""May it be deployed now? Which deploys are held, what was decided, what is prepared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, false, select

from tocsin.errors import Invalid
from tocsin.identity.actor import Actor, Right
from tocsin.identity.visibility import visible_incidents
from tocsin.incidents.command import read_bundle
from tocsin.incidents.queries import state_of
from tocsin.mitigation.freeze import EVERY, LiveFreeze, Verdict, judge
from tocsin.organisation import queries as organisation_queries
from tocsin.runbook.events import services_of
from tocsin.runbook.findings import nearest
from tocsin.store.tables.mitigation import allowed_changes, freezes
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.facts.incidents import ENDED_PHASES
from tocsin.timeline.facts.mitigation import Decision


@dataclass(frozen=True)
class FreezeRow:
    """A stop in force, as those see it who may know of its incident; times UTC."""

    service: str
    incident_id: str
    number: int
    severity: int
    title: str
    reason: str
    since: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Action:
    """A prepared thing, to be copied and run where the responder is; `section` is its line in the runbook."""

    id: str
    title: str
    command: str | None
    steps: str | None
    expect: str
    within: timedelta | None
    undo: str | None
    loses_evidence: bool
    section: str


def check_freeze(connection: Connection, actor: Actor, service: str, change_id: str | None, now: datetime) -> Verdict:
    """go or held, with the sentence that a pipeline prints; a pipeline may ask by its own name.

    Invalid when the catalog knows no such service and nothing holds it.
    Practice holds nothing. For a restricted incident the sentence names nothing, whoever asks.
    """
    actor.require(Right.VIEWER, "freeze:read")
    organisation = organisation_queries.everything(connection)
    current = organisation.current_id("service", service)
    named = organisation.services_with_pipeline(current)
    known = bool(named) or current in organisation.services
    services = named or (current,)
    live = _live(connection, services)
    verdicts = [judge(each, change_id, live, now) for each in services]
    held = next((verdict for verdict in verdicts if verdict.held), None)
    if held is None and not known:
        # Being held needs no catalog; a go does, or a misspelt name would pass every freeze.
        raise Invalid(f"there is no service '{service}'. {nearest(service, organisation.services)}".strip(), "service")
    return held or verdicts[0]


def live_freezes(connection: Connection, actor: Actor, now: datetime) -> list[FreezeRow]:
    """Every stop in force that the actor may know of."""
    rows = connection.execute(_in_force().where(visible_incidents(actor)).order_by(freezes.c.starts_at, freezes.c.id))
    return [
        FreezeRow(
            service=row.service,
            incident_id=row.incident_id,
            number=row.number,
            severity=row.severity,
            title=row.title,
            reason=row.reason,
            since=row.starts_at,
            ends_at=row.ends_at,
        )
        for row in rows
        if row.ends_at is None or row.ends_at > now
    ]


def decisions_of(connection: Connection, actor: Actor, incident_id: str) -> list[Decision]:
    """What was done, in the order in which it began."""
    found = state_of(connection, actor, incident_id).mitigation.decisions.values()
    return sorted(found, key=lambda decision: decision.started_at)


def ready_actions(connection: Connection, actor: Actor, incident_id: str) -> list[Action]:
    """What the incident's runbooks have prepared. Nothing here runs from the browser."""
    state = state_of(connection, actor, incident_id)
    runbook = read_bundle(connection, state.incident.bundle_digest).effective(services_of(state))
    return [
        Action(
            id=name,
            title=action.title,
            command=action.command,
            steps=action.steps,
            expect=action.expect,
            within=action.within,
            undo=action.undo,
            loses_evidence=action.loses_evidence,
            section=runbook.section_of("actions", name),
        )
        for name, action in runbook.actions.items()
    ]


def _in_force() -> Select[Any]:
    return (
        select(
            freezes, incidents.c.number, incidents.c.title, incidents.c.severity, incidents.c.restricted.label("hidden")
        )
        .join(incidents, incidents.c.id == freezes.c.incident_id)
        .where(freezes.c.thawed_at.is_(None), incidents.c.phase.not_in(sorted(ENDED_PHASES)))
    )


def _live(connection: Connection, services: Iterable[str]) -> list[LiveFreeze]:
    holding = _in_force().where(freezes.c.service.in_((EVERY, *services)), incidents.c.practice == false())
    rows = connection.execute(holding).all()
    if not rows:
        return []
    sought = {row.incident_id for row in rows}
    allowed = connection.execute(
        select(allowed_changes).where(
            allowed_changes.c.incident_id.in_(sorted(sought)), allowed_changes.c.ended_at.is_(None)
        )
    ).all()
    return [_freeze(row, allowed, tuple(services)) for row in rows]


def _freeze(row: Row[Any], allowed: Iterable[Row[Any]], services: tuple[str, ...]) -> LiveFreeze:
    through = tuple(
        each.change_id
        for each in allowed
        if each.incident_id == row.incident_id
        and (each.service in (EVERY, row.service) or (row.service == EVERY and each.service in services))
    )
    return LiveFreeze(
        service=row.service,
        number=row.number,
        title=row.title,
        severity=row.severity,
        restricted=row.hidden or row.restricted,
        since=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        allowed_changes=through,
    )
