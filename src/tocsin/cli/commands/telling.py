"""How commands read times and tell what a write made."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from tocsin.cli.command import tell
from tocsin.clock import SystemClock

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?Z?")
_ALMOST_A_DAY = timedelta(hours=23)


def told(answer: Any) -> list[str]:
    """The timeline entries that a command made, as lines; empty when it changed nothing."""
    if not isinstance(answer, dict):
        return []
    return [f"{str(entry['happened_at'])[11:19]}Z  {who_did(entry)}" for entry in answer.get("entries") or []]


def who_did(entry: dict[str, Any]) -> str:
    """An entry as a sentence: who, and what they did."""
    name = str(entry["actor"]["name"])
    said = ":" if entry.get("kind") == "noted" else ""  # what a person wrote is no verb to their name
    return f"{name[:1].upper()}{name[1:]}{said} {entry['sentence']}"


def say_change(answer: Any) -> None:
    """Answer with what a write made, or that nothing had to change."""
    tell(answer, told(answer) or ["Nothing had to change."])


def clock_of(text: str | None) -> str | None:
    """`14:05`, `14:05:30` (the last time it was so, UTC) or RFC 3339, as RFC 3339 in UTC."""
    if text is None:
        return None
    said = text.strip()
    now = SystemClock().now()
    if match := _CLOCK.fullmatch(said):
        hour, minute, second = (int(each or 0) for each in match.groups())
        try:
            at = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
        except ValueError:
            raise click.UsageError(f"{text!r} is no time of day; write 14:05 or 2026-11-19T14:05:00Z") from None
        # Just after midnight `23:58` means yesterday's.
        if at > now and at - now < _ALMOST_A_DAY + timedelta(hours=1):
            at -= timedelta(days=1)
        return at.isoformat()
    return instant_of(said).isoformat()


def instant_of(text: str) -> datetime:
    """RFC 3339, or a date and time that is taken as UTC; a usage error names how to write it."""
    try:
        at = datetime.fromisoformat(text.strip().replace(" UTC", "Z"))
    except ValueError:
        raise click.UsageError(f"{text!r} is no time; write 14:05 or 2026-11-19T14:05:00Z") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def ahead(text: str) -> str:
    """A moment to come: `22:00` or `sat 22:00` (the next time it is so, UTC) or RFC 3339, as RFC 3339 in UTC."""
    if text[:1].isalpha():
        from tocsin.wallclock import next_weekday  # late: few commands need it

        if (coming := next_weekday(text, SystemClock().now())) is not None:
            return coming.isoformat()
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        return instant_of(text).isoformat()
    now = SystemClock().now()
    hour, minute, second = (int(each or 0) for each in match.groups())
    try:
        at = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    except ValueError:
        raise click.UsageError(f"{text!r} is no time of day; write 22:00 or 2026-11-19T22:00:00Z") from None
    return (at if at > now else at + timedelta(days=1)).isoformat()


def utc_option(*names: str, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option that takes a time of day or an instant, given on as RFC 3339."""
    return click.option(*names, help=help, callback=_as_clock)


def _as_clock(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    del context, parameter
    return clock_of(value)


def short(instant: str | None) -> str | None:
    """An instant of the API for a table: `2026-11-19 14:05Z`."""
    return instant[:16].replace("T", " ") + "Z" if instant else None
