"""How many messages a person is sent by one method before those that follow come together, as one. Pure.

Each process counts what it wrote itself; like the circuit breaker's, what it knows is worth a minute and is not stored.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CROWD = "paging crowd"
"""Under this name the database's context holds the process's crowd, so that a message can be written for later."""

WINDOW = timedelta(minutes=1)
TOGETHER_AFTER = timedelta(seconds=30)
_FREE = 3
_FREE_OF: dict[str, int | None] = {"voice": 1, "webhook": None, "screen": None}  # programs and screens take all
_MOST_KEPT = 10_000


@dataclass
class _Counted:
    at: list[datetime] = field(default_factory=list)
    together_at: datetime | None = None


class Crowd:
    """Counts messages for each of whatever it is asked about: a person, a method, and how bad it is."""

    def __init__(self) -> None:
        self._counted: dict[Hashable, _Counted] = {}

    def goes_at(self, key: Hashable, kind: str, now: datetime) -> datetime:
        """When a message by a method of this kind goes that is ready now: at once, or with others at the instant returned.

        Three a minute go by themselves (one call; to programs all); what follows waits thirty seconds at most.
        """
        free = _FREE_OF.get(kind, _FREE)
        if free is None:
            return now
        if key not in self._counted and len(self._counted) >= _MOST_KEPT:
            self._counted.clear()
        counted = self._counted.setdefault(key, _Counted())
        if counted.together_at is not None and counted.together_at > now:
            return counted.together_at
        recent = [at for at in counted.at if at > now - WINDOW]
        at = now if len(recent) < free else now + TOGETHER_AFTER
        counted.at = [*recent, at]
        counted.together_at = at if at > now else None
        return at


__all__ = ["CROWD", "TOGETHER_AFTER", "WINDOW", "Crowd"]
