"""All time-zone and wall-clock arithmetic. Everything else works with aware UTC instants.

One rule decides daylight saving for the whole product: a wall time stands for the *first instant at which the
zone's clock shows that time or a later one*. So a repeated hour means its first occurrence, and a missing one the
instant at which the clock jumped. The rule never goes back (a later wall time is never an earlier instant), so
shifts that end where the next begins leave no gap and no overlap in spring or autumn.
"""

import calendar
import difflib
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tocsin.errors import Invalid

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAY_TIME = re.compile(
    r"(mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)\s+"
    r"([01]?\d|2[0-3]):([0-5]\d)",
    re.IGNORECASE,
)
YEARS = range(1971, 2201)
"""Instants that come from outside lie in these: a month or a zone more or less can always be reckoned from them."""

OTHER_YEARS = f"the year is from {YEARS[0]} to {YEARS[-1]}"
NIGHT_BEGINS, NIGHT_ENDS = time(22), time(7)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every zone name that the tz database on this machine (or the tzdata package) knows."""
    return frozenset(available_timezones())


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name ('Africa/Lagos'). Raises Invalid with the nearest valid name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"'{name}' is no time zone{_nearest_zone(name)}", field="time_zone") from None


def _nearest_zone(name: str) -> str:
    names = zone_names()
    folded = {candidate.casefold(): candidate for candidate in names}
    folded |= {candidate.rsplit("/", 1)[-1].casefold(): candidate for candidate in names if "/" in candidate}
    near = difflib.get_close_matches(name.casefold().replace(" ", "_"), folded, n=1)
    return f"; did you mean '{folded[near[0]]}'?" if near else "; write an IANA name such as 'Europe/Berlin'"


def to_wall(at: datetime, tz: ZoneInfo) -> datetime:
    """What the zone's clock shows at an instant, as a naive datetime."""
    return at.astimezone(tz).replace(tzinfo=None, fold=0)


def first_instant(wall: datetime, tz: ZoneInfo) -> datetime:
    """The first instant (UTC) at which the zone's clock shows `wall` (naive) or a later time."""
    early = _as_utc(wall, tz, fold=0)
    if to_wall(early, tz) == wall:
        return early
    return _jump_between(_as_utc(wall, tz, fold=1), early, tz)


def _as_utc(wall: datetime, tz: ZoneInfo, *, fold: int) -> datetime:
    return wall.replace(tzinfo=tz, fold=fold).astimezone(UTC)


def _jump_between(before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """The instant of the clock's jump in (before, after]; zones change on whole seconds."""
    low, high = int(before.timestamp()) - 1, int(after.timestamp()) + 1
    old = datetime.fromtimestamp(low, tz).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, tz).utcoffset() == old:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def start_of_day(day: date, tz: ZoneInfo) -> datetime:
    """The instant at which a calendar day begins in a zone (not always shown as 00:00)."""
    return first_instant(datetime.combine(day, time()), tz)


def length_of_day(day: date, tz: ZoneInfo) -> timedelta:
    """How long a calendar day lasts in a zone: 24 h, but for the days on which the clock changes."""
    return start_of_day(day + timedelta(days=1), tz) - start_of_day(day, tz)


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later; the last one where the month is shorter (31 Jan, 28 Feb)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(earlier: date, later: date) -> int:
    """How many times the calendar's month turns from one day to the other."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def next_weekday(text: str, now: datetime) -> datetime | None:
    """'Sat 03:00' or 'saturday 3:00' as the next such instant, UTC; None for anything else."""
    found = _WEEKDAY_TIME.fullmatch(text.strip())
    if not found:
        return None
    at = now.astimezone(UTC).replace(hour=int(found[2]), minute=int(found[3]), second=0, microsecond=0)
    place = [day.casefold() for day in _DAYS].index(found[1][:3].casefold())
    at += timedelta(days=(place - at.weekday()) % 7)
    return at if at > now else at + timedelta(days=7)


def offset_minutes(at: datetime, tz: ZoneInfo) -> int:
    """Minutes that the zone is ahead of UTC at an instant."""
    offset = at.astimezone(tz).utcoffset() or timedelta()
    return int(offset.total_seconds() // 60)


def is_night(at: datetime, tz: ZoneInfo) -> bool:
    """Whether a person in that zone is likely asleep (22:00 to 07:00)."""
    shown = to_wall(at, tz).time()
    return shown >= NIGHT_BEGINS or shown < NIGHT_ENDS


def place(name: str) -> str:
    """The city of a zone name, as a person would say it: 'America/New_York' is 'New York'."""
    return name.rsplit("/", 1)[-1].replace("_", " ")


def clock_text(at: datetime, tz: ZoneInfo) -> str:
    """'15:27' in the zone."""
    return to_wall(at, tz).strftime("%H:%M")


def local_time_text(at: datetime, name: str) -> str:
    """A person's local time with its place: '15:27 Lagos'."""
    return f"{clock_text(at, zone(name))} {place(name)}"


def day_text(at: datetime, tz: ZoneInfo) -> str:
    """'Fri 09:00' in the zone: for instants within the coming week."""
    wall = to_wall(at, tz)
    return f"{_DAYS[wall.weekday()]} {wall:%H:%M}"


def date_text(at: datetime, tz: ZoneInfo) -> str:
    """'Fri 20 Nov 09:00' in the zone; day and month names do not depend on the server's locale."""
    wall = to_wall(at, tz)
    return f"{_DAYS[wall.weekday()]} {wall.day} {_MONTHS[wall.month - 1]} {wall:%H:%M}"


def moment_text(at: datetime, now: datetime, tz: ZoneInfo) -> str:
    """An instant as short as it stays clear: '09:00' today, 'Fri 09:00' within six days, else with its date."""
    days = (to_wall(at, tz).date() - to_wall(now, tz).date()).days
    if days == 0:
        return clock_text(at, tz)
    return day_text(at, tz) if 0 < days <= 6 else date_text(at, tz)
