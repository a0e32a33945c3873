"""What the engine hands to recovery: samples to take, windows that ran out, incidents that moved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clock import Clock
from tocsin.engine.deliveries import Delivery, Outcome
from tocsin.engine.work import Job, Registry
from tocsin.identity.actor import SYSTEM
from tocsin.incidents.command import MOVED
from tocsin.incidents.queries import state_of
from tocsin.recovery import usecases
from tocsin.recovery.checks import Sample
from tocsin.recovery.sources import measure
from tocsin.timeline.facts.recovery import CheckSpec

_LANE_CONCURRENCY = 8


class Sampler:
    """Takes one sample outside any transaction and records it in one."""

    def __init__(self, http: GuardedHttp, clock: Clock, prometheus_url: str | None) -> None:
        self._http = http
        self._clock = clock
        self._prometheus_url = prometheus_url

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        """The check as it is defined now; None when it was removed or the incident is not open any more."""
        del now
        state = state_of(connection, SYSTEM, delivery.payload["incident_id"])
        check = state.recovery.checks.get(delivery.payload["check"]["id"])
        if check is None or not state.incident.is_open:
            return None
        return {"check": check.spec.model_dump(mode="json")}

    async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
        """Measure."""
        del delivery
        spec = CheckSpec.model_validate(prepared["check"])
        sample = await measure(self._http, spec, self._prometheus_url, self._clock.now())
        return Outcome(
            state="sent",
            receipt={
                "check_id": sample.check_id,
                "at": sample.at.isoformat(),
                "verdict": sample.verdict,
                "value": sample.value,
                "detail": sample.detail,
            },
        )

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        """Store the sample and what follows from it; a measurement that broke is no data."""
        incident_id, spec = delivery.payload["incident_id"], CheckSpec.model_validate(delivery.payload["check"])
        if outcome.state == "dropped":
            return
        if outcome.state == "sent":
            told = outcome.receipt
            sample = Sample(
                told["check_id"], datetime.fromisoformat(told["at"]), told["verdict"], told["value"], told["detail"]
            )
        else:
            sample = Sample(spec.id, now, "no_data", None, outcome.error or "the measurement failed")
        usecases.record_sample(connection, incident_id, sample, now)


def register(registry: Registry, http: GuardedHttp, clock: Clock, prometheus_url: str | None) -> None:
    """Take recovery's work from the engine."""

    def moved(connection: Connection, job: Job, now: datetime) -> None:
        usecases.look(connection, job.payload["incident_id"], now)

    def hold_over(connection: Connection, job: Job, now: datetime) -> None:
        usecases.hold_over(connection, job.subject_id, now)

    def watch_over(connection: Connection, job: Job, now: datetime) -> None:
        usecases.watch_over(connection, job.subject_id, now)

    registry.task(MOVED, moved)
    registry.deadline("recovery.hold", hold_over)
    registry.deadline("recovery.watch", watch_over)
    registry.sender(usecases.SAMPLE, Sampler(http, clock, prometheus_url))
    registry.lane("checks", _LANE_CONCURRENCY)
