"""Who shadows a schedule, or one person's shifts on it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.identity.actor import Actor, Right
from tocsin.oncall.queries import shifts_between
from tocsin.oncall.schedule import FinalShift
from tocsin.organisation.queries import everything
from tocsin.store.tables.oncall import shadows


@dataclass(frozen=True)
class Shadow:
    """`person_id` learns on a schedule from `starts_at` until just before `ends_at` (UTC), while `of_person` has it.

    Without `of_person` they shadow whoever has it.
    """

    id: str
    schedule_id: str
    person_id: str
    of_person: str | None
    starts_at: datetime
    ends_at: datetime


def list_shadows(connection: Connection, actor: Actor, now: datetime) -> list[Shadow]:
    """Those that hold or are to come, in order."""
    actor.require(Right.VIEWER)
    return _between(connection, now, None)


def shadows_at(connection: Connection, schedule_ids: Collection[str], at: datetime) -> list[Shadow]:
    """Who shadows one of these schedules at an instant; the caller knows who has it."""
    return [each for each in _between(connection, at, at) if each.schedule_id in schedule_ids]


def shadowed_shifts(
    connection: Connection, person_id: str, start: datetime, end: datetime
) -> list[tuple[str, FinalShift]]:
    """The shifts of others that a person shadows in [start, end), cut to that, with the schedules' ids, in order."""
    found = []
    for each in _between(connection, start, end):
        if each.person_id != person_id:
            continue
        begins, ends = max(each.starts_at, start), min(each.ends_at, end)
        found += [
            (each.schedule_id, shift)
            for shift in shifts_between(connection, each.schedule_id, begins, ends)
            if shift.person != person_id and each.of_person in (None, shift.person)
        ]
    return sorted(found, key=lambda pair: (pair[1].start, pair[0]))


def _between(connection: Connection, start: datetime, end: datetime | None) -> list[Shadow]:
    """Those of people and schedules that are still there, under their present ids."""
    known = everything(connection)
    statement = select(shadows).where(shadows.c.removed_at.is_(None), shadows.c.ends_at > start)
    if end is not None:
        statement = statement.where(shadows.c.starts_at <= end)
    found = []
    for row in connection.execute(statement.order_by(shadows.c.starts_at, shadows.c.id)):
        schedule = known.current_id("schedule", row.schedule_id)
        person = known.current_id("person", row.person_id)
        of = known.current_id("person", row.of_person) if row.of_person else None
        if schedule in known.schedules and person in known.active_people:
            found.append(Shadow(row.id, schedule, person, of, row.starts_at, row.ends_at))
    return found


__all__ = ["Shadow", "list_shadows", "shadowed_shifts", "shadows_at"]
