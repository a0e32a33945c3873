"""Where `now` comes from. Rules never ask: they are given `now` as an argument."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the instant, aware and in UTC."""

    def now(self) -> datetime:
        """The present instant, UTC, microseconds."""
        ...


class SystemClock:
    """Wall time anchored to the monotonic clock, so a stepped wall clock cannot turn time back.

    `drift()` tells how far the machine's wall clock has moved from the anchor since the start.
    """

    def __init__(self) -> None:
        self._wall = datetime.now(UTC)
        self._monotonic = time.monotonic_ns()

    def now(self) -> datetime:
        """The anchored wall time: it never steps back while the process lives."""
        return self._wall + timedelta(microseconds=(time.monotonic_ns() - self._monotonic) // 1000)

    def drift(self) -> timedelta:
        """Machine's wall clock minus ours; over 2 s is shown in /readyz."""
        return datetime.now(UTC) - self.now()


class SimulatedClock:
    """A clock that stands still until it is moved; two days pass in an instant."""

    def __init__(self, start: datetime = datetime(2026, 11, 19, 14, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The simulated instant."""
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on by `by` and tell the new instant."""
        with self._lock:
            self._now += by
            return self._now

    def set(self, to: datetime) -> None:
        """Jump to an instant, also backwards (as a broken machine clock would)."""
        with self._lock:
            self._now = to
