"""Reading incidents: every query says what the actor may see in the query itself."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, false, func, or_, select, true

from tocsin.errors import NotFound
from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_incidents
from tocsin.incidents.command import read_bundle, state_of_head
from tocsin.incidents.document import incident_document
from tocsin.incidents.staffing import name_in
from tocsin.organisation.queries import everything
from tocsin.runbook.clocks import Clock, clocks
from tocsin.runbook.events import services_of
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.entry import Entry
from tocsin.timeline.facts.incidents import ENDED_PHASES, OPEN_PHASES
from tocsin.timeline.journal import read_entries
from tocsin.timeline.state import IncidentState


@dataclass(frozen=True)
class IncidentRow:
    """One incident in a list; times UTC."""

    id: str
    number: int
    title: str
    severity: int
    phase: str
    restricted: bool
    practice: bool
    declared_at: datetime
    resolved_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True)
class TimelineLine:
    """An entry and its fact in plain words, to stand after the actor's name."""

    entry: Entry
    sentence: str


def incident_id_of(connection: Connection, actor: Actor, reference: str | int) -> str:
    """The id of `147`, `INC-147` or an id; NotFound also when the actor may not know of it."""
    text = str(reference).strip()
    bare = text.upper().removeprefix("INC-")
    by_number = incidents.c.number == int(bare) if bare.isdecimal() and len(bare) < 10 else None
    matches = incidents.c.id == text if by_number is None else or_(by_number, incidents.c.id == text)
    found = connection.execute(select(incidents.c.id).where(matches, visible_incidents(actor))).scalar()
    if found is None:
        raise NotFound(f"there is no incident {text}")
    return str(found)


def state_of(connection: Connection, actor: Actor, incident_id: str) -> IncidentState:
    """The whole state of one incident; NotFound when the actor may not know of it."""
    query = select(incidents).where(incidents.c.id == incident_id, visible_incidents(actor))
    head = connection.execute(query).one_or_none()
    if head is None:
        raise NotFound("there is no such incident")
    return state_of_head(connection, head)


def incidents_list(
    connection: Connection,
    actor: Actor,
    *,
    state: Literal["open", "closed", "all"] = "all",
    severity: int | None = None,
    service: str | None = None,
    practice: bool | None = None,
    text: str | None = None,
    below: int | None = None,
    limit: int = 50,
) -> list[IncidentRow]:
    """Incidents that the actor may know of, newest first; `below` is the number of the last one that was seen.

    `service` is one that an incident claims now, or was declared on.
    """
    query = select(incidents).where(visible_incidents(actor)).order_by(incidents.c.number.desc())
    if state != "all":
        is_open = incidents.c.phase.in_(sorted(OPEN_PHASES))
        query = query.where(is_open if state == "open" else ~is_open)
    if severity is not None:
        query = query.where(incidents.c.severity == severity)
    if practice is not None:
        query = query.where(incidents.c.practice == (true() if practice else false()))
    if text:
        query = query.where(func.lower(incidents.c.title).contains(text.lower(), autoescape=True))
    if below is not None:
        query = query.where(incidents.c.number < below)
    found: list[IncidentRow] = []
    for row in connection.execute(query if service else query.limit(limit)):
        if service is None or service in services_of(state_of_head(connection, row)):
            found.append(row_of(row))
        if len(found) == limit:
            break
    return found


def open_by_severity(connection: Connection, actor: Actor, *, practice: bool = False) -> dict[int, int]:
    """How many open incidents of each severity the actor may know of; 1, 2 and 3 are always there."""
    query = (
        select(incidents.c.severity, func.count())
        .where(
            visible_incidents(actor),
            incidents.c.phase.in_(sorted(OPEN_PHASES)),
            incidents.c.practice == (true() if practice else false()),
        )
        .group_by(incidents.c.severity)
    )
    return {1: 0, 2: 0, 3: 0} | {int(row[0]): int(row[1]) for row in connection.execute(query)}


def running_clocks(connection: Connection, actor: Actor, now: datetime) -> list[tuple[IncidentRow, Clock]]:
    """Every clock that people see in every incident that the actor may know of, soonest first."""
    query = select(incidents).where(visible_incidents(actor), incidents.c.phase.not_in(sorted(ENDED_PHASES)))
    found = [
        (row_of(row), clock)
        for row in connection.execute(query).all()
        for clock in clocks(state_of_head(connection, row), read_bundle(connection, row.bundle_digest), now)
        if clock.is_shown
    ]
    return sorted(found, key=lambda each: (each[1].due_at, each[0].number))


def timeline_of(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    *,
    after: int = 0,
    limit: int | None = None,
    kinds: tuple[str, ...] | None = None,
) -> list[TimelineLine]:
    """Entries with their sentences in the order of `seq`; NotFound when the actor may not know of the incident."""
    state_of(connection, actor, incident_id)
    name_of = names(connection)
    told = read_entries(connection, incident_id, after=after, limit=limit, kinds=kinds)
    return [TimelineLine(entry, entry.fact.sentence(name_of)) for entry in told]


def document_of(connection: Connection, actor: Actor, incident_id: str, now: datetime) -> str:
    """The shared document as Markdown; NotFound when the actor may not know of the incident."""
    state = state_of(connection, actor, incident_id)
    runbook = read_bundle(connection, state.incident.bundle_digest).effective(services_of(state))
    return incident_document(state, read_entries(connection, incident_id), runbook, names(connection), now)


def names(connection: Connection) -> Callable[[str], str]:
    """How sentences name people, teams and vendors."""
    organisation = everything(connection)
    return lambda subject: name_in(organisation, subject)


def row_of(row: Row[Any]) -> IncidentRow:
    """The columns that lists show."""
    return IncidentRow(**{each.name: getattr(row, each.name) for each in fields(IncidentRow)})


__all__ = [
    "IncidentRow", "TimelineLine", "document_of", "incident_id_of", "incidents_list", "names", "open_by_severity",
    "read_entries", "running_clocks", "state_of", "timeline_of",
]  # fmt: skip
