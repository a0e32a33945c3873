"""Who could fill a gap: those of the schedule and its team who have no duty and are not away then."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from tocsin.oncall.queries import shifts_between
from tocsin.oncall.schedule import Gap
from tocsin.organisation.queries import everything
from tocsin.store.tables.oncall import leaves


def free_for(connection: Connection, gaps: Sequence[tuple[str, Gap]]) -> Mapping[tuple[str, Gap], tuple[str, ...]]:
    """For each gap of a schedule who is free all through it: first those of its rotations, then its team's."""
    if not gaps:
        return {}
    known = everything(connection)
    start, end = min(gap.start for _, gap in gaps), max(gap.end for _, gap in gaps)
    busy = [
        (shift.person, shift.start, shift.end)
        for schedule in known.schedules
        for shift in shifts_between(connection, schedule, start, end)
    ]
    away = select(leaves.c.person_id, leaves.c.starts_at, leaves.c.ends_at).where(
        leaves.c.removed_at.is_(None), leaves.c.ends_at > start, leaves.c.starts_at < end
    )
    busy += [(known.current_id("person", row.person_id), row[1], row[2]) for row in connection.execute(away)]
    found = {}
    for schedule_id, gap in gaps:
        schedule = known.schedules[schedule_id]
        team = known.teams.get(schedule.team or "")
        asked = dict.fromkeys(person for layer in schedule.rotations for person in layer.people)
        asked |= dict.fromkeys(team.members if team else ())
        taken = {person for person, begins, ends in busy if begins < gap.end and ends > gap.start}
        found[schedule_id, gap] = tuple(
            person for person in asked if person in known.active_people and person not in taken
        )
    return found


__all__ = ["free_for"]
