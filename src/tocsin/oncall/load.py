"""How much on-call duty weighs on a person: hours, those of the night, those of the weekend. Pure.

Night is 22:00 to 07:00, the weekend Saturday and Sunday, both on the person's own clock. Who has two schedules at once
has the hour once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin import wallclock

_DAY = timedelta(days=1)
_SATURDAY = 5
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Load:
    """Time on call, as it passed."""

    whole: timedelta = timedelta()
    nights: timedelta = timedelta()
    weekends: timedelta = timedelta()


def load(spans: Iterable[Span], tz: ZoneInfo) -> Load:
    """The load of the spans (instants) in which a person is on call, who lives in that zone."""
    whole = nights = weekends = timedelta()
    for start, end in _merged(spans):
        whole += end - start
        for begins, ends, night, weekend in _parts(start, end, tz):
            nights += (ends - begins) if night else timedelta()
            weekends += (ends - begins) if weekend else timedelta()
    return Load(whole, nights, weekends)


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    present: Span | None = None
    for start, end in sorted(spans):
        if present and start <= present[1]:
            present = present[0], max(present[1], end)
            continue
        if present:
            yield present
        present = start, end
    if present:
        yield present


def _parts(start: datetime, end: datetime, tz: ZoneInfo) -> Iterator[tuple[datetime, datetime, bool, bool]]:
    """The span cut where a night or a day begins or ends, each part with whether it is of a night, of a weekend."""
    day = wallclock.to_wall(start, tz).date() - _DAY
    while (begins := wallclock.start_of_day(day, tz)) < end:
        weekend = day.weekday() >= _SATURDAY
        morning = wallclock.first_instant(datetime.combine(day, wallclock.NIGHT_ENDS), tz)
        evening = wallclock.first_instant(datetime.combine(day, wallclock.NIGHT_BEGINS), tz)
        midnight = wallclock.start_of_day(day + _DAY, tz)
        for low, high, night in ((begins, morning, True), (morning, evening, False), (evening, midnight, True)):
            if max(low, start) < min(high, end):
                yield max(low, start), min(high, end), night, weekend
        day += _DAY
