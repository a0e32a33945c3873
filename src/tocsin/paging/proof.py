"""The proof of page: for each page owed to a person, by what it went, whether it is proven to have come, and how late. Pure.

Everything here is read off the page's own log, which is only ever added to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

SCREEN = "screen"
State = Literal["acknowledged", "arrived", "taken", "not needed", "waiting", "not reached"]


@dataclass(frozen=True)
class Line:
    """A row of a page's log, as far as it proves something. `at` is UTC."""

    at: datetime
    kind: str
    person: str | None
    method: str | None
    delivery_id: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Proof:
    """One person at one step of a page. Instants are UTC.

    `owed_at`: when the step was due; `paged_at`: when Tocsin carried it out; `taken_at`: when the first provider, that of
    `method`, took it; `arrived_at`: when a provider said that it arrived; `acknowledged_at`: when this person answered.
    """

    person: str
    step: str
    owed_at: datetime
    paged_at: datetime
    state: State
    method: str | None = None
    taken_at: datetime | None = None
    arrived_at: datetime | None = None
    acknowledged_at: datetime | None = None
    why_not: str | None = None

    @property
    def began_late(self) -> timedelta:
        """How late Tocsin itself was."""
        return max(self.paged_at - self.owed_at, timedelta(0))

    def late(self, now: datetime) -> timedelta | None:
        """How long after it was owed it was out of our hands; still counting while it waits, None when it never was."""
        out = self.taken_at or self.acknowledged_at or (now if self.state == "waiting" else None)
        return max(out - self.owed_at, timedelta(0)) if out else None


def proofs(log: Sequence[Line], *, is_open: bool) -> list[Proof]:
    """What a page's log proves, in the order of its steps. `is_open`: somebody is still to be reached."""
    found = []
    for place, line in enumerate(log):
        if line.kind == "step" and line.person and "step" in line.data:
            found.append(_proof(line, log[place + 1 :], is_open=is_open))
    return found


def _proof(asked: Line, later: Sequence[Line], *, is_open: bool) -> Proof:
    person, step = asked.person or "", str(asked.data["step"])
    theirs = [line for line in later if line.person == person]
    of_step = [line for line in theirs if line.data.get("step") == step and line.method != SCREEN]
    lost = {line.delivery_id for line in of_step if line.kind == "undelivered"}
    taken = next((line for line in of_step if line.kind == "receipt" and line.delivery_id not in lost), None)
    arrived = next((line for line in of_step if line.kind == "delivered"), None)
    answered = next((line for line in theirs if line.kind in ("acknowledged", "also")), None)
    refused = [line for line in theirs if line.kind in ("failed", "undelivered", "skipped") and _is_final(line, step)]
    state: State = "waiting" if is_open else "not needed"
    if answered:
        state = "acknowledged"
    elif arrived:
        state = "arrived"
    elif taken:
        state = "taken"
    elif refused or not of_step:
        state = "not reached"
    return Proof(
        person=person,
        step=step,
        owed_at=datetime.fromisoformat(asked.data["due"]) if "due" in asked.data else asked.at,
        paged_at=asked.at,
        state=state,
        method=taken.method if taken else None,
        taken_at=taken.at if taken else None,
        arrived_at=arrived.at if arrived else None,
        acknowledged_at=answered.at if answered else None,
        why_not=_why(refused) if state == "not reached" else None,
    )


def _is_final(line: Line, step: str) -> bool:
    if line.kind == "skipped":
        return True
    return line.data.get("step") == step and bool(line.data.get("final", True))


def _why(refused: Sequence[Line]) -> str:
    told = [str(line.data.get("text") or line.kind) for line in refused]
    return "; ".join(dict.fromkeys(told)) or "only the screen"
