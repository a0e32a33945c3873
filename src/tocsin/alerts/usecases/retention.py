"""Old alerts are removed a few at a time, so that what comes in never waits for it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select

from tocsin.alerts.queries.finding import within
from tocsin.alerts.search.pieces import FIRST, Point
from tocsin.engine.deadlines import WantedDeadline, reconcile
from tocsin.engine.work import Job
from tocsin.store.tables.alerts import alerts, groups
from tocsin.store.tables.engine import deadlines
from tocsin.store.tables.paging import pages
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.facts.incidents import ENDED_PHASES

REMOVAL = "alerts_old"
EVERY = timedelta(hours=6)
BETWEEN = timedelta(milliseconds=250)
AT_ONCE = 100  # alerts that are looked at in one transaction: some ten milliseconds
_SUBJECT = ("alerts", "old")


def want_removal(connection: Connection, now: datetime) -> None:
    """See that old alerts are looked for; does nothing when they are already."""
    kind, id = _SUBJECT
    waiting = (deadlines.c.subject_kind == kind, deadlines.c.subject_id == id, deadlines.c.state == "waiting")
    if connection.execute(select(deadlines.c.id).where(*waiting)).first() is None:
        reconcile(connection, kind, id, [_wanted(now + BETWEEN, FIRST)], now)


def remove_some(connection: Connection, job: Job, keep: timedelta, now: datetime) -> None:
    """Handler of the deadline: remove what of the next few may go, and go on soon, or begin anew in some hours."""
    at, id = job.payload["after"]
    reached = remove_old(connection, (datetime.fromisoformat(at), id), now - keep)
    present = WantedDeadline(REMOVAL, job.key, job.due_at)
    following = _wanted(now + BETWEEN, reached) if reached else _wanted(now + EVERY, FIRST)
    reconcile(connection, *_SUBJECT, [present, following], now)


def remove_old(connection: Connection, after: Point, cutoff: datetime, at_once: int = AT_ONCE) -> Point | None:
    """Remove alerts from `after` on that ended before `cutoff`, and groups that are left empty.

    What fires stays, and what belongs to an incident that is open or was touched since. Returns how far it came, or
    None when there is nothing older left to look at.
    """
    looked_at = connection.execute(
        select(alerts.c.received_at, alerts.c.id, alerts.c.group_id, _may_go(cutoff).label("goes"))
        .outerjoin(groups, groups.c.id == alerts.c.group_id)
        .outerjoin(incidents, incidents.c.id == groups.c.incident_id)
        .where(within(after, None), alerts.c.received_at < cutoff)
        .order_by(alerts.c.received_at, alerts.c.id)
        .limit(at_once)
    ).all()
    going = [row for row in looked_at if row.goes]
    if going:
        connection.execute(delete(alerts).where(alerts.c.id.in_([row.id for row in going])))
        _remove_empty(connection, {row.group_id for row in going if row.group_id}, cutoff)
    last = looked_at[-1] if len(looked_at) == at_once else None
    return (last.received_at, last.id) if last else None


def _may_go(cutoff: datetime) -> ColumnElement[bool]:
    is_over = incidents.c.phase.in_(sorted(ENDED_PHASES)) & (incidents.c.updated_at < cutoff)
    return (alerts.c.state == "resolved") & (alerts.c.last_at < cutoff) & or_(groups.c.incident_id.is_(None), is_over)


def _remove_empty(connection: Connection, group_ids: Iterable[str], cutoff: datetime) -> None:
    """Groups without alerts that nothing else tells of: what was paged stays on record with its group."""
    connection.execute(
        delete(groups).where(
            groups.c.id.in_(sorted(group_ids)),
            groups.c.state == "closed",
            groups.c.closed_at < cutoff,
            groups.c.incident_id.is_(None),
            ~exists().where(alerts.c.group_id == groups.c.id),
            ~exists().where(pages.c.group_id == groups.c.id),
        )
    )


def _wanted(due_at: datetime, after: Point) -> WantedDeadline:
    payload: dict[str, Any] = {"after": [after[0].isoformat(), after[1]]}
    return WantedDeadline(REMOVAL, due_at.isoformat(), due_at, payload)


__all__ = ["AT_ONCE", "BETWEEN", "EVERY", "REMOVAL", "remove_old", "remove_some", "want_removal"]
