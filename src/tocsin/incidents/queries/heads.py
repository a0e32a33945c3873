"""Heads of incidents, with what is due in them next, as lists and counts show them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_incidents
from tocsin.runbook.clocks import SHOWN
from tocsin.store.tables.engine import deadlines
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.facts.incidents import OPEN_PHASES

IncidentHead = Row[Any]


def open_incidents(connection: Connection, actor: Actor) -> list[IncidentHead]:
    """Every open incident that the actor may see, worst and newest first."""
    query = (
        select(incidents)
        .where(incidents.c.phase.in_(OPEN_PHASES), visible_incidents(actor))
        .order_by(incidents.c.severity, incidents.c.number.desc())
    )
    return list(connection.execute(query))


def soonest_clock(connection: Connection, incident_id: str) -> tuple[str, datetime] | None:
    """The next thing that is due in an incident: its kind and instant, UTC."""
    query = (
        select(deadlines.c.kind, deadlines.c.due_at)
        .where(
            deadlines.c.subject_kind == "incident",
            deadlines.c.subject_id == incident_id,
            deadlines.c.state == "waiting",
            deadlines.c.kind.in_(SHOWN),
        )
        .order_by(deadlines.c.due_at)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return (row.kind, row.due_at) if row else None


def listed(
    connection: Connection, actor: Actor, state: str, severity: int, text: str, before: int, limit: int
) -> list[IncidentHead]:
    """Incidents newest first: `state` open, closed or all; those with a number below `before` where it is not 0."""
    query = select(incidents).where(visible_incidents(actor)).order_by(incidents.c.number.desc()).limit(limit)
    if state == "open":
        query = query.where(incidents.c.phase.in_(OPEN_PHASES))
    elif state == "closed":
        query = query.where(incidents.c.phase.not_in(OPEN_PHASES))
    if severity:
        query = query.where(incidents.c.severity == severity)
    if text:
        number = text.upper().removeprefix("INC-")
        matches = [func.lower(incidents.c.title).contains(text.lower(), autoescape=True)]
        if number.isdecimal() and len(number) < 9:
            matches.append(incidents.c.number == int(number))
        query = query.where(or_(*matches))
    if before:
        query = query.where(incidents.c.number < before)
    return list(connection.execute(query))


def by_id(connection: Connection, actor: Actor, ids: Collection[str]) -> dict[str, IncidentHead]:
    """Those of the named incidents that the actor may see."""
    if not ids:
        return {}
    query = select(incidents).where(incidents.c.id.in_(ids), visible_incidents(actor))
    return {row.id: row for row in connection.execute(query)}


def last_ended(connection: Connection, actor: Actor) -> IncidentHead | None:
    """The incident that was resolved last."""
    query = (
        select(incidents)
        .where(visible_incidents(actor), incidents.c.resolved_at.is_not(None))
        .order_by(incidents.c.resolved_at.desc())
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def number_of(connection: Connection, incident_id: str) -> int:
    """The incident's number, 0 where there is none such. The caller has checked visibility."""
    return int(connection.execute(select(incidents.c.number).where(incidents.c.id == incident_id)).scalar() or 0)
