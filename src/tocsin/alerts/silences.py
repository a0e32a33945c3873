"""Silences: a matcher keeps alerts from paging until a time; the alerts themselves are kept and shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tocsin.engine.deadlines import WantedDeadline

TURNS = "silence_turns"


@dataclass(frozen=True)
class Silence:
    """Alerts that carry every label in `match` do not page from `starts_at` until `ends_at` (UTC)."""

    id: str
    match: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None = None


def is_in_force(silence: Silence, now: datetime) -> bool:
    """Whether it silences now."""
    return silence.cancelled_at is None and silence.starts_at <= now < silence.ends_at


def covers(silence: Silence, labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels is meant. A silence that matches on nothing covers nothing."""
    return bool(silence.match) and all(labels.get(name) == value for name, value in silence.match.items())


def silenced_by(silences: Iterable[Silence], labels: Mapping[str, str], now: datetime) -> str | None:
    """The silence that keeps such an alert quiet longest; None for none."""
    found = [each for each in silences if is_in_force(each, now) and covers(each, labels)]
    return max(found, key=lambda each: (each.ends_at, each.id)).id if found else None


def wanted_deadlines(silence: Silence, now: datetime) -> list[WantedDeadline]:
    """When it begins and when it ends."""
    if silence.cancelled_at is not None:
        return []
    moments = [("begins", silence.starts_at)] if silence.starts_at > now else []
    return [WantedDeadline(TURNS, name, at) for name, at in [*moments, ("ends", silence.ends_at)]]
