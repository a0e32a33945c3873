"""A circuit breaker for each lane: who is down is asked last, until a probe shows that they are back. Pure.

Each process learns by itself, from what it sends; what it has learnt is worth minutes and is not stored.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

BREAKER = "paging circuit breaker"
"""Under this name the database's context holds the process's breaker, so that a step can be planned with it."""

_FAILURES = 3
_PROBE_AFTER = timedelta(minutes=2)


@dataclass
class _Lane:
    failures: int = 0
    last_at: datetime | None = None


class Breaker:
    """Counts what failed for the moment, one after the other, for each lane. A wrong address is no failure of a lane."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}

    def took(self, lane: str) -> None:
        """The lane took a message, or refused one for a reason of its own: it is there."""
        self._lanes.pop(lane, None)

    def failed(self, lane: str, now: datetime) -> None:
        """The lane did not answer, or had trouble of its own."""
        known = self._lanes.setdefault(lane, _Lane())
        known.failures += 1
        known.last_at = now

    def is_open(self, lane: str, now: datetime) -> bool:
        """Whether others should go first: three failures in a row, and the last not longer than two minutes ago."""
        known = self._lanes.get(lane)
        if known is None or known.last_at is None or known.failures < _FAILURES:
            return False
        return now - known.last_at < _PROBE_AFTER
