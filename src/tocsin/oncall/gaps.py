"""Who is told of a gap in a schedule, and when: a day before it begins. Pure.

A gap that returns every day or week at the same time (nights that nobody covers on purpose) is told of once: the next
one is known by the one before.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from tocsin.engine.deadlines import WantedDeadline
from tocsin.oncall.schedule import Gap

GAP, LOOK = "schedule_gap", "schedule_look"
"""Kinds of deadline of subject `schedule`: a gap is a day away, and the daily look for the next one."""

LOOKED_AHEAD = timedelta(days=3)
TOLD_BEFORE = timedelta(hours=24)
_RETURNS = (timedelta(days=1), timedelta(weeks=1))


def key_of(start: datetime) -> str:
    """The name of the gap that begins then."""
    return start.astimezone(UTC).isoformat()


def wanted(gaps: Sequence[Gap], now: datetime) -> list[WantedDeadline]:
    """A warning for each gap that has not begun, and tomorrow's look. One that has begun is too late to warn of."""
    tomorrow = (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    warnings = (
        WantedDeadline(GAP, key_of(gap.start), max(now, gap.start - TOLD_BEFORE)) for gap in gaps if gap.start > now
    )
    return [WantedDeadline(LOOK, tomorrow.date().isoformat(), tomorrow), *warnings]


def is_news(gap: Gap, known: Collection[str]) -> bool:
    """Whether the gap is worth a word; `known` are the keys of earlier ones that were looked at."""
    return not any(key_of(gap.start - span) in known for span in _RETURNS)


def no_longer(known: Collection[str], gaps: Sequence[Gap], now: datetime) -> dict[str, str]:
    """The gaps that people were told of and that need nobody any more, each with the reason."""
    ahead = {key_of(gap.start) for gap in gaps}
    return {
        key: "somebody is on call then" if datetime.fromisoformat(key) > now else "it has begun"
        for key in known
        if key not in ahead
    }


def title(schedule: str, gap: Gap) -> str:
    """'Nobody is on call in Payments from Fri 20 Nov 18:00 to Mon 23 Nov 09:00 UTC'."""
    return f"Nobody is on call in {schedule} from {gap.start:%a %d %b %H:%M} to {gap.end:%a %d %b %H:%M} UTC"
