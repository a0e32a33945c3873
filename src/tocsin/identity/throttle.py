"""Slowing down guesses at passwords: a few tries a minute for each name, in memory of one process."""

from collections import OrderedDict
from datetime import datetime, timedelta

from tocsin.errors import Unavailable

TRIES = 8
WINDOW = timedelta(minutes=5)
_MOST_NAMES = 10_000


class Throttle:
    """Counts failed tries by name (an e-mail, an address); old and excess names are forgotten."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, list[datetime]] = OrderedDict()

    def check(self, name: str, now: datetime) -> None:
        """Raise Unavailable, with the seconds to wait, when there were too many failures lately."""
        recent = [at for at in self._tries.get(name, ()) if now - at < WINDOW]
        if len(recent) >= TRIES:
            wait = int((recent[0] + WINDOW - now).total_seconds()) + 1
            raise Unavailable(f"too many tries to sign in; wait {wait} s and try again", retry_after=wait)

    def failed(self, name: str, now: datetime) -> None:
        """Count a failure."""
        recent = [at for at in self._tries.pop(name, []) if now - at < WINDOW]
        self._tries[name] = [*recent, now]
        while len(self._tries) > _MOST_NAMES:
            self._tries.popitem(last=False)
