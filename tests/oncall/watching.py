"""Who is on call, as somebody says who looks at a clock on the wall, a calendar and a list of names.

The oracle for the rules: it knows no arithmetic of shifts. A handover happens at the first minute at which the clock
shows its time or a later one; an hour that repeats brings nothing new.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tocsin.oncall.schedule import Override
from tocsin.organisation.model.schedule import WEEKDAYS, Months, Rotation, Schedule

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_LONGEST_REPEAT = timedelta(hours=3)


class Clock:
    """A clock on a wall that somebody watches; it remembers the latest time that it has shown."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._seen: tuple[datetime, datetime] | None = None

    def shown(self, at: datetime) -> datetime:
        """The latest wall time shown up to a minute; asked in order, it watches on, else some hours from before."""
        if self._seen and self._seen[0] <= at <= self._seen[0] + _LONGEST_REPEAT:
            now, latest = self._seen
        else:
            now, latest = at - _LONGEST_REPEAT, datetime.min  # noqa: DTZ901 - a wall time has no zone
        while True:
            latest = max(latest, now.astimezone(self._zone).replace(tzinfo=None))
            if now >= at:
                break
            now = min(now + MINUTE, at)
        self._seen = at, latest
        return latest


class Watched:
    """A rotation, watched until a day."""

    def __init__(self, rotation: Rotation, until: date) -> None:
        self._rotation, self._clock = rotation, Clock(rotation.time_zone)
        self._handovers = list(_handovers(rotation, until + DAY))  # east of Greenwich the day ends earlier

    def who(self, at: datetime) -> str | None:
        """Who has it in the minute that begins at an instant."""
        shown = self._clock.shown(at)
        turns_begun = bisect_right(self._handovers, shown)
        if turns_begun == 0 or not self._is_working(shown):
            return None
        people = self._rotation.people
        return people[(turns_begun - 1) % len(people)]

    def _is_working(self, shown: datetime) -> bool:
        if not self._rotation.hours:
            return True
        for hours in self._rotation.hours:
            for day in (shown.date() - DAY, shown.date()):
                last = day if hours.end > hours.begin else day + DAY
                begins, ends = datetime.combine(day, hours.begin), datetime.combine(last, hours.end)
                if WEEKDAYS[day.weekday()] in hours.days and begins <= shown < ends:
                    return True
        return False


class WatchedSchedule:
    """A schedule's layers and overrides, watched until a day."""

    def __init__(self, schedule: Schedule, overrides: Sequence[Override], until: date) -> None:
        self._layers = [Watched(layer, until) for layer in schedule.rotations]
        self._overrides = sorted(overrides, key=lambda each: (each.made_at, each.id))

    def who(self, at: datetime) -> str | None:
        """Who is on call in the minute that begins at an instant."""
        person = None
        for layer in reversed(self._layers):
            person = layer.who(at) or person
        for override in self._overrides:
            if override.start <= at < override.end:
                person = override.person
        return person


def _handovers(rotation: Rotation, until: date) -> Iterator[datetime]:
    """The wall times at which turns begin, found by leafing through the calendar."""
    wall = datetime.combine(rotation.starts, rotation.handover)
    if not isinstance(rotation.every, Months):
        while wall.date() <= until:
            yield wall
            wall += rotation.every
        return
    day, months = rotation.starts, 0
    while day <= until:
        is_last = (day + DAY).month != day.month
        if day.day == rotation.starts.day or (is_last and day.day < rotation.starts.day):
            if months % rotation.every.count == 0:
                yield datetime.combine(day, rotation.handover)
            months += 1
        day += DAY


@lru_cache(maxsize=64)
def clock_changes(zone: str, start: datetime, end: datetime) -> tuple[datetime, ...]:
    """The hours in which the zone's clock changes."""
    tz, found, at = ZoneInfo(zone), [], start
    offset = at.astimezone(tz).utcoffset()
    while at < end:
        at += HOUR
        if (now := at.astimezone(tz).utcoffset()) != offset:
            found.append(at - HOUR)
            offset = now
    return tuple(found)


def minutes(start: datetime, end: datetime, step: timedelta = MINUTE) -> Iterator[datetime]:
    """The minutes of a span."""
    at = start.astimezone(UTC).replace(second=0, microsecond=0)
    while at < end:
        yield at
        at += step
