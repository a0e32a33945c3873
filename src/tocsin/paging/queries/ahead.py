"""Everything about on call that is to be mended within 30 days, also who could not be reached."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.oncall.ahead import Trouble
from tocsin.oncall.queries.ahead import doubles_and_overlaps, first_shifts
from tocsin.oncall.queries.between import beyond_limits, shifts_while_away
from tocsin.oncall.queries.imported import calendar_troubles
from tocsin.organisation.queries import everything
from tocsin.paging.queries.people import reachable


def troubles(connection: Connection, now: datetime) -> list[Trouble]:
    """Double bookings, overrides that cover each other, shifts while on leave, duty beyond limits, calendars that can't
    be read, and people on call without a verified method, in order.

    Gaps are asked for by themselves (`oncall.queries.gaps_between`).
    """
    unreachable: dict[str, Trouble] = {}
    for id in everything(connection).schedules:
        for found in unreachable_on(connection, id, now):
            first = unreachable.get(found.person)
            if first is None or found.start < first.start:
                unreachable[found.person] = found
    every = [
        *doubles_and_overlaps(connection, now),
        *shifts_while_away(connection, now),
        *beyond_limits(connection, now),
        *calendar_troubles(connection, now),
        *unreachable.values(),
    ]
    return sorted(every, key=lambda one: one.start)


def unreachable_on(connection: Connection, schedule_id: str, now: datetime) -> list[Trouble]:
    """Who is on call on a schedule within 30 days and has no verified method."""
    return [
        Trouble("unreachable", schedule_id, shift.start, shift.end, person)
        for person, shift in first_shifts(connection, now, schedule_id).items()
        if not reachable(connection, person)
    ]
