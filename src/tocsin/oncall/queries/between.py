"""What people arranged between themselves: swaps that wait or were answered, and who is away when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from tocsin import wallclock
from tocsin.identity.actor import Actor, Right
from tocsin.oncall.ahead import LOOKED_AHEAD, Trouble, away
from tocsin.oncall.limits import MONTH, broken
from tocsin.oncall.queries import shifts_between
from tocsin.organisation.queries import everything
from tocsin.store.tables.oncall import leaves, swaps


@dataclass(frozen=True)
class SwapView:
    """A swap: whose hours, for whom, and what is had in return; instants UTC."""

    id: str
    schedule_id: str
    asked_by: str
    asked_of: str
    starts_at: datetime
    ends_at: datetime
    back_starts_at: datetime | None
    back_ends_at: datetime | None
    reason: str
    state: str
    answer: str | None
    created_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True)
class LeaveView:
    """When somebody is away. `note` is empty for others than themselves and managers."""

    id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    note: str


def list_swaps(connection: Connection, actor: Actor, *, state: str = "open") -> list[SwapView]:
    """The actor's own, asked by them or of them; to managers everybody's. The newest first."""
    actor.require(Right.VIEWER)
    statement = select(swaps).order_by(swaps.c.created_at.desc(), swaps.c.id.desc()).limit(200)
    if state != "all":
        statement = statement.where(swaps.c.state == state)
    if actor.right < Right.MANAGER:
        me = actor.person_id or ""
        statement = statement.where(or_(swaps.c.asked_by == me, swaps.c.asked_of == me))
    return [SwapView(**row._mapping) for row in connection.execute(statement)]


def list_leaves(connection: Connection, actor: Actor, now: datetime) -> list[LeaveView]:
    """Who is away now or will be, in order."""
    actor.require(Right.VIEWER)
    statement = select(leaves).where(leaves.c.removed_at.is_(None), leaves.c.ends_at > now)
    found = []
    for row in connection.execute(statement.order_by(leaves.c.starts_at, leaves.c.id)):
        sees = actor.right >= Right.MANAGER or actor.person_id == row.person_id
        found.append(LeaveView(row.id, row.person_id, row.starts_at, row.ends_at, row.note if sees else ""))
    return found


def shifts_while_away(connection: Connection, now: datetime, schedule_id: str | None = None) -> list[Trouble]:
    """Shifts within 30 days of people who are away then, in order."""
    soon = now + LOOKED_AHEAD
    statement = select(leaves).where(leaves.c.removed_at.is_(None), leaves.c.ends_at > now, leaves.c.starts_at < soon)
    spans = [(row.person_id, row.starts_at, row.ends_at) for row in connection.execute(statement)]
    if not spans:
        return []
    schedules = [schedule_id] if schedule_id is not None else sorted(everything(connection).schedules)
    return [trouble for each in schedules for trouble in away(each, shifts_between(connection, each, now, soon), spans)]


def beyond_limits(connection: Connection, now: datetime, schedule_id: str | None = None) -> list[Trouble]:
    """People who have more duty within 30 days than they take, on all schedules together; under their first schedule.

    With `schedule_id`, those who have a shift on that one.
    """
    organisation = everything(connection)
    limited = {id: spec.limits for id, spec in organisation.people.items() if spec.active and spec.limits}
    if not limited:
        return []
    spans: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for schedule in organisation.schedules:
        for shift in shifts_between(connection, schedule, now - MONTH, now + LOOKED_AHEAD):
            if shift.person in limited:
                spans.setdefault(shift.person, []).append((shift.start, shift.end, schedule))
    found = []
    for person, theirs in sorted(spans.items()):
        theirs.sort()
        if schedule_id is not None and schedule_id not in {schedule for _, end, schedule in theirs if end > now}:
            continue
        limits, zone = limited[person], wallclock.zone(organisation.people[person].time_zone)
        if limits is not None:
            for one in broken([(start, end) for start, end, _ in theirs], limits, zone, now):
                where = next(schedule for _, end, schedule in theirs if end > max(one.start, now))
                found.append(Trouble("limit", where, max(one.start, now), one.end, person, said=one.said))
    return found
