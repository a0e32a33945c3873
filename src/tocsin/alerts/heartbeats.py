"""Heartbeats: something tells that it lives every so often, and its silence is an alert. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tocsin.engine.deadlines import WantedDeadline
from tocsin.intake.signal import IntegrationRef, Severity, Signal

LATE = "heartbeat_late"
HEARTBEATS = IntegrationRef("heartbeats", "heartbeats", "heartbeat")
"""What the alerts of late heartbeats come by."""
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(days=31)
_AWAY = timedelta(minutes=2)
State = Literal["new", "good", "late"]


@dataclass(frozen=True)
class Heartbeat:
    """Something that is heard of at least `every`, with `grace` beside.

    `armed_at`: from when the next beat is awaited; None until the first one, and while paused. Instants are UTC.
    """

    id: str
    name: str
    service: str | None
    severity: Severity
    every: timedelta
    grace: timedelta
    state: State
    created_at: datetime
    armed_at: datetime | None = None
    last_at: datetime | None = None
    paused_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """When it is late; None while it awaits its first beat, is paused, or is late already."""
        if self.armed_at is None or self.paused_at is not None or self.state == "late":
            return None
        return self.armed_at + self.every + self.grace


def wanted(heartbeat: Heartbeat) -> list[WantedDeadline]:
    """The deadline at which it is late."""
    due = heartbeat.due_at
    return [WantedDeadline(LATE, due.isoformat(), due)] if due else []


def beaten(heartbeat: Heartbeat, now: datetime) -> Heartbeat:
    """It was heard of; a paused one stays paused."""
    return replace(heartbeat, state="good", armed_at=now, last_at=now)


def looked_at(heartbeat: Heartbeat, due_at: datetime, now: datetime) -> Heartbeat:
    """What it is at its deadline: late, or awaited once more, since Tocsin was away itself and could not have heard it."""
    if heartbeat.due_at is None or heartbeat.due_at > now:
        return heartbeat
    return replace(heartbeat, armed_at=now) if now - due_at > _AWAY else replace(heartbeat, state="late")


def signal_of(heartbeat: Heartbeat) -> Signal:
    """What its silence, or the end of that, says."""
    last = f"{heartbeat.last_at:%Y-%m-%d %H:%M:%S} UTC" if heartbeat.last_at else "never"
    return Signal(
        dedup_key=heartbeat.id,
        status="firing" if heartbeat.state == "late" else "resolved",
        severity=heartbeat.severity,
        title=f"No heartbeat of {heartbeat.name}",
        labels={"alertname": "Heartbeat", "heartbeat": heartbeat.name},
        annotations={"description": f"Awaited every {heartbeat.every}; heard last: {last}."},
        service=heartbeat.service,
    )
