"""How screens write times, durations, amounts and lists. Pure; instants are aware UTC."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KIB = 1024


def clock_text(span: timedelta) -> str:
    """A running clock: '04:12', '1:18:34', '29:46:53'; late ones '+02:10'. From two days on '2 d 5 h'."""
    seconds = int(span.total_seconds())
    sign = "+" if seconds < 0 else ""
    seconds = abs(seconds)
    if seconds >= 48 * 3600:
        return sign + coarse(timedelta(seconds=seconds))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{sign}{hours}:{minutes:02}:{seconds:02}" if hours else f"{sign}{minutes:02}:{seconds:02}"


def duration(span: timedelta) -> str:
    """A finished duration: '0:48', '10:34', '1:18:34', '2 d 5 h'. Never negative."""
    seconds = max(0, int(span.total_seconds()))
    if seconds >= 48 * 3600:
        return coarse(span)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def coarse(span: timedelta) -> str:
    """Rounded down to what one needs to know: '40 s', '12 min', '18 h', '2 d 5 h'."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        hours, rest = divmod(seconds, 3600)
        return f"{hours} h" if hours >= 10 or rest < 60 else f"{hours} h {rest // 60} min"
    days, rest = divmod(seconds, 86400)
    return f"{days} d {rest // 3600} h" if rest >= 3600 else f"{days} d"


def every(span: timedelta) -> str:
    """An interval as runbooks write it: '15 min', '48 h', '30 s'."""
    seconds = int(span.total_seconds())
    if seconds % 3600 == 0 and seconds:
        return f"{seconds // 3600} h"
    if seconds % 60 == 0:
        return f"{seconds // 60} min"
    return f"{seconds} s"


def spoken(span: timedelta) -> str:
    """For a screen reader: '19 minutes 17 seconds'; negative spans as the same amount."""
    seconds = abs(int(span.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(hours, "hour"), (minutes, "minute"), (seconds, "second")]
    said = [f"{amount} {unit}{'' if amount == 1 else 's'}" for amount, unit in parts if amount]
    return " ".join(said[:2]) or "0 seconds"


def time_of(at: datetime) -> str:
    """'14:27:48', UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def hour_minute(at: datetime) -> str:
    """'14:27', UTC."""
    return f"{at.astimezone(UTC):%H:%M}"


def iso(at: datetime) -> str:
    """'2026-11-19T14:27:48Z' for `datetime` attributes and scripts; milliseconds are kept where there are any."""
    at = at.astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at.microsecond // 1000:03}" if at.microsecond else "") + "Z"


def day(at: datetime, now: datetime | None = None) -> str:
    """'Thu 19 Nov', with the year when it is not `now`'s."""
    at = at.astimezone(UTC)
    year = f" {at.year}" if now is not None and at.year != now.year else ""
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}{year}"


def full_day(at: datetime) -> str:
    """'Thu 19 Nov 2026'."""
    return f"{day(at)} {at.astimezone(UTC).year}"


def moment(at: datetime, now: datetime) -> str:
    """As short as it stays exact: '14:27:48' today, 'Fri 09:00' within a week, '19 Nov 14:27' else."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    if at.date() == now.date():
        return time_of(at)
    if abs((at - now).days) < 6:
        return f"{_DAYS[at.weekday()]} {at:%H:%M}"
    year = f" {at.year}" if at.year != now.year else ""
    return f"{at.day} {_MONTHS[at.month - 1]}{year} {at:%H:%M}"


def weekday_time(at: datetime) -> str:
    """'Fri 09:00', UTC."""
    at = at.astimezone(UTC)
    return f"{_DAYS[at.weekday()]} {at:%H:%M}"


def their_time(now: datetime, zone: ZoneInfo) -> str:
    """A person's own time: '15:27 Lagos'."""
    return f"{now.astimezone(zone):%H:%M} {zone.key.rsplit('/', 1)[-1].replace('_', ' ')}"


def offset(at: datetime, start: datetime) -> str:
    """Since the declare: '18:39', before it '−1:19' (a real minus)."""
    span = at - start
    return f"−{duration(-span)}" if span < timedelta() else clock_text(span)


def number_word(amount: int) -> str:
    """'three'; from thirteen on digits."""
    return _NUMBERS[amount] if 0 <= amount < len(_NUMBERS) else str(amount)


def count_of(amount: int, one: str, many: str | None = None) -> str:
    """'one Sev1', 'three services'."""
    return f"{number_word(amount)} {one if amount == 1 else many or one + 's'}"


def figure(amount: int, one: str, many: str | None = None) -> str:
    """'1 entry', '12 entries'."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".?!:" else ".")


def initials(name: str) -> str:
    """'Dana Okafor' -> 'DO'."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def size(count: int) -> str:
    """Bytes: '820 B', '2.1 MB' (of 1,024 each step, as file managers show)."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < _KIB or unit == "GB":
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _KIB
    raise AssertionError("unreachable")


def short_hash(sha256: str) -> str:
    """'9a3f…c07e'."""
    return f"{sha256[:4]}…{sha256[-4:]}"


def quantity(value: float, unit: str = "") -> str:
    """'6.2%', '1,140 ms', '0.94'."""
    number = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return f"{number}{unit}" if unit in {"", "%"} else f"{number} {unit.strip()}"


def open_incidents_sentence(severities: Sequence[int]) -> str:
    """'One Sev1 and one Sev3 are open.'; '' when none is."""
    parts = [
        f"{number_word(severities.count(level))} Sev{level}{'' if severities.count(level) == 1 else 's'}"
        for level in sorted(set(severities))
    ]
    if not parts:
        return ""
    return f"{sentence(listed(parts))[:-1]} {'is' if len(severities) == 1 else 'are'} open."
