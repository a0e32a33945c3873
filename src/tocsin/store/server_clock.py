"""PostgreSQL's clock, sampled: the one clock that all processes on one database share."""

import threading
from datetime import UTC, datetime, timedelta

from tocsin.clock import SystemClock

RESAMPLE = timedelta(seconds=60)


class ServerClock:
    """The server's time: a sampled offset on top of the monotonic clock; an error keeps the last offset."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._local = SystemClock()
        self._offset = timedelta(0)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The database server's present instant, UTC."""
        with self._lock:
            return self._local.now() + self._offset

    def drift(self) -> timedelta:
        """This machine's wall clock minus the server's."""
        return datetime.now(UTC) - self.now()

    def sample(self) -> None:
        """Ask the server; the shortest of three round trips counts, half of it being the way back."""
        import psycopg

        best: tuple[timedelta, timedelta] | None = None
        with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
            for _ in range(3):
                before = self._local.now()
                row = connection.execute("SELECT clock_timestamp()").fetchone()
                after = self._local.now()
                if row is None:
                    continue
                trip = after - before
                if best is None or trip < best[0]:
                    best = (trip, row[0].astimezone(UTC) - (before + trip / 2))
        if best is not None:
            with self._lock:
                self._offset = best[1]
