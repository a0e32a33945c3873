"""Whose turn it is. Pure: a rotation and an instant in, a person out; never by stepping from its start.

Turns are counted on the zone's wall clock and calendar: turn k begins k × `every` after `starts` at the handover's wall
time, so a turn over a clock change is longer or shorter, and still begins and ends when the clock on the wall says. A
turn of an hour that the clock leaves out is empty; one of an hour that it repeats lasts two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tocsin import wallclock
from tocsin.organisation.holidays import is_holiday
from tocsin.organisation.hours import Window, window, within
from tocsin.organisation.model.schedule import Months, Rotation

_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True, slots=True)
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
    if turn is None or not _is_on(rotation, at):
        return None
    return person_of(rotation, turn)


def shifts(rotation: Rotation, start: datetime, end: datetime) -> Iterator[Shift]:
    """The shifts that overlap [start, end), whole (not cut at its edges), in order; costs only what it yields."""
    if start >= end:
        return
    if not rotation.hours and not rotation.holidays:
        yield from _turns(rotation, start, end)
        return
    windows = list(_windows(rotation, start, end))
    first = 0
    for turn in _turns(rotation, start, end):
        while first < len(windows) and windows[first][1] <= turn.start:
            first += 1
        place = first
        while place < len(windows) and windows[place][0] < turn.end:
            begin, finish = max(windows[place][0], turn.start), min(windows[place][1], turn.end)
            if finish > start and begin < end:
                yield Shift(begin, finish, turn.person, turn.turn)
            place += 1


def person_of(rotation: Rotation, turn: int) -> str:
    """Who has the turn with that number."""
    return rotation.people[turn % len(rotation.people)]


def turn_start(rotation: Rotation, turn: int) -> datetime:
    """The instant at which a turn begins."""
    return wallclock.first_instant(wall_start(rotation, turn), wallclock.zone(rotation.time_zone))


def turn_at(rotation: Rotation, at: datetime) -> int | None:
    """The number of the turn that an instant lies in; None before the first."""
    wall = wallclock.to_wall(at, wallclock.zone(rotation.time_zone))
    if isinstance(rotation.every, Months):
        turn = max(wallclock.months_between(rotation.starts, wall.date()) // rotation.every.count, 0)
    else:
        turn = max((wall - wall_start(rotation, 0)) // rotation.every, 0)
    # The wall clock alone may be some turns off around a clock change; instants decide.
    while turn_start(rotation, turn + 1) <= at:
        turn += 1
    while turn >= 0 and turn_start(rotation, turn) > at:
        turn -= 1
    return turn if turn >= 0 else None


def longest_turn(rotation: Rotation) -> timedelta:
    """No turn of the rotation lasts longer on the calendar."""
    return timedelta(days=31 * rotation.every.count) if isinstance(rotation.every, Months) else rotation.every


def wall_start(rotation: Rotation, turn: int) -> datetime:
    """What the zone's clock shows when a turn begins, as a naive datetime."""
    if isinstance(rotation.every, Months):
        day = wallclock.months_after(rotation.starts, turn * rotation.every.count)
        return datetime.combine(day, rotation.handover)
    return datetime.combine(rotation.starts, rotation.handover) + turn * rotation.every


def _turns(rotation: Rotation, start: datetime, end: datetime) -> Iterator[Shift]:
    """The turns that overlap [start, end), whole; none is empty."""
    turn = turn_at(rotation, start) or 0
    begins = turn_start(rotation, turn)
    while begins < end:
        ends = turn_start(rotation, turn + 1)
        if begins < ends and ends > start:
            yield Shift(begins, ends, person_of(rotation, turn), turn)
        turn, begins = turn + 1, ends


def _is_on(rotation: Rotation, at: datetime) -> bool:
    """Whether whoever has the turn is on call at an instant: by hours and holidays."""
    if rotation.holidays is None:
        return not rotation.hours or within(rotation.hours, rotation.time_zone, at)
    today = wallclock.to_wall(at, wallclock.zone(rotation.time_zone)).date()
    return any(
        begin <= at < end for day in (today - _DAY, today, today + _DAY) for begin, end in _windows_of(rotation, day)
    )


def _windows_of(rotation: Rotation, day: date) -> list[Window]:
    """The hours that begin on a calendar day, or the whole day; none where holidays forbid it."""
    off = rotation.holidays
    if off is not None and is_holiday(off.country, off.subdivision, day) != off.only:
        return []
    if rotation.hours:
        return [each for hours in rotation.hours if (each := window(hours, rotation.time_zone, day))]
    tz = wallclock.zone(rotation.time_zone)
    begin, end = wallclock.start_of_day(day, tz), wallclock.start_of_day(day + _DAY, tz)
    return [(begin, end)] if begin < end else []


def _windows(rotation: Rotation, start: datetime, end: datetime) -> Iterator[Window]:
    """The rotation's hours that overlap [start, end), in order; of two that overlap the later one begins later.

    It looks back far enough for what is yielded not to depend on where the asked time begins.
    """
    tz = wallclock.zone(rotation.time_zone)
    day, last = wallclock.to_wall(start, tz).date() - 4 * _DAY, wallclock.to_wall(end, tz).date()
    found = []
    while day <= last:
        found += _windows_of(rotation, day)
        day += _DAY
    if not rotation.hours:
        found = _joined(found)
    reached = None
    for begins, ends in sorted(found):
        begin = begins if reached is None else max(begins, reached)
        if begin < ends:
            reached = ends
            if ends > start and begin < end:
                yield begin, ends


def _joined(days: list[Window]) -> list[Window]:
    """Whole days that follow each other as one window."""
    found: list[Window] = []
    for begin, end in days:
        if found and found[-1][1] == begin:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found
