"""A database, its clock and one integration: what the tests of this room begin with."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from tocsin.alerts import handlers, queries
from tocsin.alerts.alert import Episode
from tocsin.alerts.grouping import Group
from tocsin.alerts.usecases import fold_signals
from tocsin.clock import SimulatedClock
from tocsin.engine.loop import Loop
from tocsin.engine.tasks import owe
from tocsin.engine.work import Job, Registry
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.ids import new_id
from tocsin.intake.signal import IntegrationRef, Signal
from tocsin.organisation.queries import VERSION_FACT
from tocsin.organisation.usecases import ALERTING_CHANGED
from tocsin.store.columns import upsert
from tocsin.store.database import Database
from tocsin.store.tables.core import installation
from tocsin.store.tables.engine import deadlines, tasks
from tocsin.store.tables.intake import integrations
from tocsin.store.tables.organisation import organisation_objects
from tocsin.store.tables.timeline import incidents, members

DANA = person("dana", "Dana Okafor", Right.RESPONDER)
INTEGRATION = IntegrationRef("prom", "prometheus", "alertmanager")


@dataclass
class Night:
    """Sends signals, lets time pass, and tells what was owed."""

    database: Database
    clock: SimulatedClock

    def __post_init__(self) -> None:
        now = self.clock.now()
        row = {"id": "prom", "name": "prometheus", "sender": "alertmanager", "secret_hash": "x", "secret_sealed": "x"}
        self.database.write(lambda c, _: c.execute(insert(integrations).values(created_at=now, **row)))
        self.organised = 0
        self.seen: list[tuple[str, str]] = []
        registry = Registry()
        handlers.register(registry)
        for kind in ("look_at_group", "incident_group", "declare_group"):
            registry.task(kind, lambda _connection, job, _now: self._see(job))
        self.loop = Loop(self.database, registry, self.clock, "test", lambda *_: None)

    def _see(self, job: Job) -> None:
        self.seen.append((job.kind, str(job.payload["group_id"])))

    def send(self, *signals: Signal) -> int:
        """Fold them; returns how many changed nothing."""
        stale = self.database.write(lambda c, now: fold_signals(c, INTEGRATION, signals, now))
        return stale.get("prom", 0)

    def owed(self) -> list[str]:
        """Run what is due; the kinds of the tasks that other stages were owed."""
        self.seen.clear()
        asyncio.run(self.loop.run_due())
        return sorted(kind for kind, _ in self.seen)

    def wait(self, minutes: float) -> list[str]:
        """Let time pass; what became owed."""
        self.clock.advance(timedelta(minutes=minutes))
        return self.owed()

    def groups(self, state: Any = "live") -> list[Group]:
        return self.database.read(lambda c: queries.groups(c, SYSTEM, state=state))

    def group(self) -> Group:
        (found,) = self.groups("all")
        return found

    def alerts(self, state: Any = "all") -> list[Episode]:
        return self.database.read(lambda c: queries.alerts(c, SYSTEM, state=state))

    def waiting_deadlines(self) -> dict[str, datetime]:
        rows = self.database.read(
            lambda c: c.execute(
                select(deadlines.c.kind, deadlines.c.due_at).where(deadlines.c.state == "waiting")
            ).all()
        )
        return {row.kind: row.due_at for row in rows}

    def payloads(self, kind: str) -> list[dict[str, Any]]:
        return self.database.read(
            lambda c: list(c.execute(select(tasks.c.payload).where(tasks.c.kind == kind)).scalars())
        )

    def organise(self, kind: str, id: str, **spec: Any) -> None:
        """Put one object of the organisation in force."""

        def work(c: Any, now: datetime) -> None:
            c.execute(
                insert(organisation_objects).values(
                    row_id=new_id(), kind=kind, id=id, valid_from=now, spec=spec, digest="", origin="screen"
                )
            )
            self.organised += 1
            upsert(c, installation, {"name": VERSION_FACT, "value": str(self.organised)}, ["name"])

        self.database.write(work)

    def write_alerting_changed(self) -> None:
        """As a change of the organisation owes it."""
        self.database.write(lambda c, now: owe(c, ALERTING_CHANGED, "organisation", "alerting", {}, now))
        self.owed()


def signal(key: str = "k", status: Any = "firing", **more: Any) -> Signal:
    values: dict[str, Any] = {"severity": "error", "title": "Card payments are failing", "service": "checkout-api"}
    return Signal(dedup_key=key, status=status, **{**values, **more})


def restrict(night: Night, incident_id: str, member: str) -> None:
    """A restricted incident with one member."""

    def work(c: Connection, now: datetime) -> None:
        c.execute(
            insert(incidents).values(
                id=incident_id, number=1, restricted=True, seq=1, head_hash="", head_signature="", state_version=1,
                state="{}", bundle_digest="", title="Data", severity=1, phase="declared", declared_at=now, updated_at=now,
            )
        )  # fmt: skip
        c.execute(insert(members).values(incident_id=incident_id, person_id=member))

    night.database.write(work)
