"""How many requests an integration may send: a bucket that holds a minute's worth and fills evenly. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.errors import Unavailable

_MOST_REMEMBERED = 10_000


class TooOften(Unavailable):
    """More requests came than the integration may send. HTTP 429, with the seconds to wait."""


@dataclass
class _Bucket:
    left: float
    at: float


class Rates:
    """The buckets of one process. `clock` tells seconds that never step back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, integration_id: str, per_minute: int | None) -> None:
        """Let one request in; TooOften when there were too many. No limit: `per_minute` None."""
        if per_minute is None:
            return
        now = self._clock()
        bucket = self._buckets.get(integration_id)
        if bucket is None:
            if len(self._buckets) >= _MOST_REMEMBERED:
                self._buckets.clear()
            bucket = self._buckets[integration_id] = _Bucket(per_minute, now)
        bucket.left = min(per_minute, bucket.left + (now - bucket.at) * per_minute / 60)
        bucket.at = now
        if bucket.left < 1:
            wait = (1 - bucket.left) * 60 / per_minute
            raise TooOften(f"more than {per_minute} requests a minute; this integration is limited", int(wait) + 1)
        bucket.left -= 1
