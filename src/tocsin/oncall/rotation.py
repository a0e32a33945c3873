"""Whose turn it is. Pure: a rotation and an instant in, a person out; never by stepping from its start.

Turns are counted on the zone's calendar: turn k begins on `starts` + k × `every` days at the handover's wall time,
so a turn over a clock change is 23 or 25 hours longer or shorter, and still begins and ends at the same wall time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tocsin import wallclock
from tocsin.organisation.model.schedule import WEEKDAYS, Hours, Rotation

_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Shift:
    """Somebody has it from `start` until just before `end` (instants, UTC)."""

    start: datetime
    end: datetime
    person: str
    turn: int = 0
    """Which turn of the rotation it belongs to (the first is 0); shifts of different turns are handovers."""

    def covers(self, at: datetime) -> bool:
        """Whether the instant lies in the shift."""
        return self.start <= at < self.end


def who(rotation: Rotation, at: datetime) -> str | None:
    """Who is on call at an instant; None before the rotation's start and outside its hours."""
    turn = turn_at(rotation, at)
    if turn is None or (rotation.hours is not None and _window_at(rotation, rotation.hours, at) is None):
        return None
    return person_of(rotation, turn)


def shifts(rotation: Rotation, start: datetime, end: datetime) -> Iterator[Shift]:
    """The shifts that overlap [start, end), whole (not cut at its edges), in order; costs only what it yields."""
    if start >= end:
        return
    turn = turn_at(rotation, start) or 0
    while (begins := turn_start(rotation, turn)) < end:
        ends = turn_start(rotation, turn + 1)
        if rotation.hours is None:
            if begins < ends and ends > start:
                yield Shift(begins, ends, person_of(rotation, turn), turn)
        else:
            yield from _working_shifts(rotation, rotation.hours, turn, max(begins, start), min(ends, end))
        turn += 1


def person_of(rotation: Rotation, turn: int) -> str:
    """Who has the turn with that number."""
    return rotation.people[turn % len(rotation.people)]


def turn_start(rotation: Rotation, turn: int) -> datetime:
    """The instant at which a turn begins."""
    day = rotation.starts + turn * rotation.every
    return wallclock.first_instant(datetime.combine(day, rotation.handover), wallclock.zone(rotation.time_zone))


def turn_at(rotation: Rotation, at: datetime) -> int | None:
    """The number of the turn that an instant lies in; None before the first."""
    wall = wallclock.to_wall(at, wallclock.zone(rotation.time_zone))
    turn = max((wall - datetime.combine(rotation.starts, rotation.handover)) // rotation.every, 0)
    # The wall clock alone may be one turn off around a clock change; instants decide.
    while turn_start(rotation, turn + 1) <= at:
        turn += 1
    while turn >= 0 and turn_start(rotation, turn) > at:
        turn -= 1
    return turn if turn >= 0 else None


def _window(rotation: Rotation, hours: Hours, day: date) -> tuple[datetime, datetime] | None:
    """The hours that begin on a calendar day, as instants; None on other days and when the clock jumps over all."""
    if WEEKDAYS[day.weekday()] not in hours.days:
        return None
    tz = wallclock.zone(rotation.time_zone)
    last_day = day if hours.end > hours.begin else day + _DAY
    begin = wallclock.first_instant(datetime.combine(day, hours.begin), tz)
    end = wallclock.first_instant(datetime.combine(last_day, hours.end), tz)
    return (begin, end) if begin < end else None


def _window_at(rotation: Rotation, hours: Hours, at: datetime) -> tuple[datetime, datetime] | None:
    today = wallclock.to_wall(at, wallclock.zone(rotation.time_zone)).date()
    for day in (today - _DAY, today, today + _DAY):
        window = _window(rotation, hours, day)
        if window and window[0] <= at < window[1]:
            return window
    return None


def _working_shifts(rotation: Rotation, hours: Hours, turn: int, low: datetime, high: datetime) -> Iterator[Shift]:
    """A turn's shifts that overlap [low, high); each is cut only where the turn itself begins or ends."""
    tz = wallclock.zone(rotation.time_zone)
    first, last = turn_start(rotation, turn), turn_start(rotation, turn + 1)
    day = wallclock.to_wall(low, tz).date() - _DAY
    final = wallclock.to_wall(high, tz).date()
    while day <= final:
        window = _window(rotation, hours, day)
        day += _DAY
        if window is None:
            continue
        begin, end = max(window[0], first), min(window[1], last)
        if begin >= end or end <= low or begin >= high:
            continue
        yield Shift(begin, end, person_of(rotation, turn), turn)
