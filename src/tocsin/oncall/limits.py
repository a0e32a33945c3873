"""How much duty a person takes, and what a schedule asks beyond that; who rests after a page at night. Pure.

Night and weekend are as in `load`: 22:00 to 07:00, Saturday and Sunday, on the person's own clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin import wallclock
from tocsin.oncall.load import Span, load
from tocsin.organisation.model.person import Limits

MONTH = timedelta(days=28)
AWAKE_FOR = timedelta(hours=1)
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class Broken:
    """A limit that duty goes beyond: from when until when for the first time, and in words."""

    start: datetime
    end: datetime
    said: str


def broken(spans: Sequence[Span], limits: Limits, tz: ZoneInfo, now: datetime) -> list[Broken]:
    """Each of the person's limits that these spans on call (instants, in order) go beyond, once, where it first is.

    Only where duty from `now` on is part of it, which can still be mended; what was had before counts with it, so
    `spans` reach back a `MONTH`.
    """
    found = [
        _hours(spans, limits.hours_a_week, tz),
        _often(list(_nights(spans, tz)), limits.nights_a_week, _WEEK, "nights in a week", tz),
        _often(list(_weekends(spans, tz)), limits.weekends_a_month, MONTH, "weekends in four weeks", tz),
    ]

    def can_be_mended(one: Broken) -> bool:
        return any(start < one.end and end > max(one.start, now) for start, end in spans)

    return [each for windows in found if (each := next(filter(can_be_mended, windows), None)) is not None]


def rests_until(paged: Iterable[datetime], rest: timedelta | None, tz: ZoneInfo, now: datetime) -> datetime | None:
    """Until when somebody rests who was paged at these instants: `rest` after the last one at night; None: not now.

    For an hour after it they are awake anyway: what comes then is theirs, rather than wakes somebody else.
    """
    nights = [at for at in paged if at <= now and wallclock.is_night(at, tz)]
    if rest is None or not nights:
        return None
    last = max(nights)
    return last + rest if last + AWAKE_FOR <= now < last + rest else None


def _hours(spans: Sequence[Span], most: int | None, tz: ZoneInfo) -> Iterator[Broken]:
    if most is None:
        return
    for begin, _ in spans:
        end = begin + _WEEK
        within = [(max(start, begin), min(stop, end)) for start, stop in spans if start < end and stop > begin]
        has = load(within, tz).whole
        if has > timedelta(hours=most):
            yield Broken(begin, end, f"{has / timedelta(hours=1):.0f} hours on call in a week, {most} at most")


def _often(days: Sequence[date], most: int | None, window: timedelta, what: str, tz: ZoneInfo) -> Iterator[Broken]:
    """The windows of days with more of them than `most`."""
    if most is None:
        return
    for first in days:
        has = sum(first <= day < first + window for day in days)
        if has > most:
            begin = wallclock.start_of_day(first, tz)
            yield Broken(begin, begin + window, f"{has} {what}, {most} at most")


def _nights(spans: Sequence[Span], tz: ZoneInfo) -> Iterator[date]:
    """The days in whose night, which ends the next morning, a person is on call."""
    for day in _days(spans, tz):
        evening = wallclock.first_instant(datetime.combine(day, wallclock.NIGHT_BEGINS), tz)
        morning = wallclock.first_instant(datetime.combine(day + _DAY, wallclock.NIGHT_ENDS), tz)
        if any(start < morning and end > evening for start, end in spans):
            yield day


def _weekends(spans: Sequence[Span], tz: ZoneInfo) -> Iterator[date]:
    """The Saturdays of weekends on which a person is on call."""
    for day in _days(spans, tz):
        if day.weekday() == _SATURDAY:
            begin, end = wallclock.start_of_day(day, tz), wallclock.start_of_day(day + 2 * _DAY, tz)
            if any(start < end and stop > begin for start, stop in spans):
                yield day


def _days(spans: Sequence[Span], tz: ZoneInfo) -> Iterator[date]:
    if not spans:
        return
    day = wallclock.to_wall(min(start for start, _ in spans), tz).date() - 2 * _DAY
    last = wallclock.to_wall(max(end for _, end in spans), tz).date()
    while day <= last:
        yield day
        day += _DAY


__all__ = ["AWAKE_FOR", "MONTH", "Broken", "broken", "rests_until"]
