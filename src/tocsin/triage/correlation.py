"""How well a change fits to the trouble: a simple score from 0 to 1 that always says its reasons. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=2)
STRONG = 0.70  # above this the top suspect is offered for rolling back
_NEAR = timedelta(minutes=1)
_BY_DISTANCE = {0: 1.0, 1: 0.6, 2: 0.4}
_FAR = 0.15
_BY_KIND = {"deploy": 1.0, "flag": 1.0, "migration": 1.0, "config": 0.95, "infrastructure": 0.9, "rollback": 0.8}


@dataclass(frozen=True)
class Score:
    """`value` from 0 to 1; `reasons` as they stand in a sentence."""

    value: float
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All reasons in one line: '2:20 before impact, same service'."""
        return ", ".join(self.reasons)

    @property
    def is_strong(self) -> bool:
        """Whether undoing it is worth the first try."""
        return self.value > STRONG


def score(kind: str, service: str, changed_at: datetime, impact_at: datetime, distances: Mapping[str, int]) -> Score:
    """Time proximity × same service or dependency × kind. `distances`: service to calls from the failing ones.

    A change after the impact began scores nothing, as it can't have caused it.
    """
    before = impact_at - changed_at
    if before < timedelta(0):
        return Score(0.0, (f"{spoken(-before)} after impact began",))
    share = max(0.0, 1.0 - max(timedelta(0), before - _NEAR) / WINDOW)
    distance = distances.get(service)
    near = _FAR if distance is None else _BY_DISTANCE.get(distance, _FAR)
    where = {0: "same service", 1: "a direct dependency", 2: "a dependency of a dependency"}.get(
        distance if distance is not None else -1, "not a known dependency"
    )
    value = share * near * _BY_KIND.get(kind, 0.9)
    return Score(round(value, 2), (f"{spoken(before)} before impact", where, kind))


def spoken(duration: timedelta) -> str:
    """Minutes and seconds, with hours when there are some: 2:20, 1:05:00."""
    seconds = int(duration.total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
