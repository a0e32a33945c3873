"""What people write for a moment: '14:05', '-5m', 'yesterday 22:10', 'sat 03:00', '2026-11-19 14:05', RFC 3339 (UTC)."""

import re
from datetime import UTC, datetime, timedelta

from tocsin.errors import Invalid
from tocsin.runbook.durations import parse_duration
from tocsin.wallclock import OTHER_YEARS, YEARS, next_weekday

_TIME = re.compile(r"^(?:(yesterday|today)\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?$", re.IGNORECASE)
_NEAR_FUTURE = timedelta(minutes=5)


def parse_instant(text: str, now: datetime, field: str) -> datetime:
    """The instant, UTC. A bare time is today's, or yesterday's where today's is still to come; a weekday's is the next one.

    Raises Invalid with the field, also for another year than `wallclock.YEARS` have.
    """
    try:
        at = _parse(text, now, field)
    except OverflowError:
        raise Invalid(OTHER_YEARS, field) from None
    if at.year not in YEARS:
        raise Invalid(OTHER_YEARS, field)
    return at


def parse_coming(text: str, now: datetime, field: str) -> datetime:
    """A moment ahead: as `parse_instant`, but a bare time is the next one. Raises Invalid with the field."""
    found = _TIME.match(text.strip().removesuffix("UTC").strip())
    at = parse_instant(text, now, field)
    return at + timedelta(days=1) if found and not found[1] and at <= now else at


def _parse(text: str, now: datetime, field: str) -> datetime:
    text = text.strip().removesuffix("UTC").strip()
    if (coming := next_weekday(text, now)) is not None:
        return coming
    if found := _TIME.match(text):
        return _wall(found, now, field)
    if text.startswith(("-", "−", "+")):
        try:
            span = parse_duration(text[1:].strip())
        except ValueError as error:
            raise Invalid(f"{error}; write for example -5m", field) from None
        return now + span if text.startswith("+") else now - span
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"'{text}' is no time; write 14:05, -5m, yesterday 22:10 or 2026-11-19 14:05 (UTC)", field
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _wall(found: "re.Match[str]", now: datetime, field: str) -> datetime:
    day, hour, minute, second = found[1], int(found[2]), int(found[3]), int(found[4] or 0)
    if hour > 23:
        raise Invalid("hours go from 00 to 23", field)
    if minute > 59 or second > 59:
        raise Invalid("minutes and seconds go from 00 to 59", field)
    at = now.astimezone(UTC).replace(hour=hour, minute=minute, second=second, microsecond=0)
    if day and day.lower() == "yesterday":
        return at - timedelta(days=1)
    if not day and at > now + _NEAR_FUTURE:
        return at - timedelta(days=1)
    return at
