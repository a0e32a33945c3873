"""Hours of the day in a zone: whether an instant lies in them, and when that changes next. Pure.

They begin and end when the clock on the wall says so; hours that the clock leaves out are empty.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from tocsin import wallclock
from tocsin.organisation.model.schedule import WEEKDAYS, Hours

Window = tuple[datetime, datetime]
"""From an instant until just before another (UTC)."""
_DAY = timedelta(days=1)
_LOOKS_AHEAD = 9  # days: a week, and what a clock change may leave out


def within(hours: Iterable[Hours], time_zone: str, at: datetime) -> bool:
    """Whether an instant lies in hours of the day in a zone."""
    return any(begin <= at < end for begin, end in _around(hours, time_zone, at, 1))


def next_turn(hours: Iterable[Hours], time_zone: str, at: datetime) -> datetime | None:
    """The next instant at which `within` may change; None when it never does."""
    moments = [each for window in _around(hours, time_zone, at, _LOOKS_AHEAD) for each in window if each > at]
    return min(moments, default=None)


def windows(hours: Iterable[Hours], time_zone: str, at: datetime, days: int) -> list[Window]:
    """The hours that are not over at an instant and begin within so many days of it, in order."""
    return sorted(each for each in _around(hours, time_zone, at, days) if each[1] > at)


def window(hours: Hours, time_zone: str, day: date) -> Window | None:
    """The hours that begin on a calendar day, as instants; None on other days and when the clock jumps over all."""
    if WEEKDAYS[day.weekday()] not in hours.days:
        return None
    tz = wallclock.zone(time_zone)
    last_day = day if hours.end > hours.begin else day + _DAY
    begin = wallclock.first_instant(datetime.combine(day, hours.begin), tz)
    end = wallclock.first_instant(datetime.combine(last_day, hours.end), tz)
    return (begin, end) if begin < end else None


def _around(hours: Iterable[Hours], time_zone: str, at: datetime, days: int) -> list[Window]:
    today = wallclock.to_wall(at, wallclock.zone(time_zone)).date()
    found = (window(each, time_zone, today + ahead * _DAY) for each in hours for ahead in range(-1, days + 1))
    return [each for each in found if each is not None]
