"""An organisation, a loop with this stage's handlers, and people, on each engine."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, insert, select

from tocsin.clock import SimulatedClock
from tocsin.engine.loop import Loop
from tocsin.engine.work import Job, Registry
from tocsin.identity.actor import SYSTEM, Actor, Right, person
from tocsin.ids import new_id
from tocsin.incidents import handlers
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.paging.page import WithdrawPage
from tocsin.store.database import Database
from tocsin.store.tables.alerts import alerts, groups
from tocsin.store.tables.engine import deadlines
from tocsin.store.tables.paging import page_log, pages
from tocsin.timeline.entry import Entry
from tocsin.timeline.journal import read_entries

T = TypeVar("T")
FILES = {
    "org.yaml": """
organisation:
  last_resort: [ada]
  default_policy: default
people:
  ada: {name: Ada Lind, email: ada@larkfield.example}
  dana: {name: Dana Reyes, email: dana@larkfield.example}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example}
  ravi: {name: Ravi Menon, email: ravi@larkfield.example}
  sana: {name: Sana Iqbal, email: sana@larkfield.example}
teams:
  shop: {name: Shop, members: [dana, ravi], policy: shop}
  security: {name: Security, members: [sana]}
  legal: {name: Legal, members: [ada]}
schedules:
  incident-commanders:
    name: Incident commanders
    rotations: [{people: [kofi], starts: 2026-01-05, time_zone: UTC}]
policies:
  default: {name: Default, steps: [{page: [{person: ada}]}]}
  shop: {name: Shop, steps: [{page: [{person: ravi}]}]}
services:
  checkout-api: {name: Checkout, team: shop, depends_on: [payments], public_name: Checkout}
  payments: {name: Payments, team: shop}
  search: {name: Search, team: shop}
"""
}
ADMIN = person("ada", "Ada Lind", Right.ADMIN)
DANA = person("dana", "Dana Reyes", Right.RESPONDER)
KOFI = person("kofi", "Kofi Mensah", Right.RESPONDER)
SANA = person("sana", "Sana Iqbal", Right.RESPONDER)
VIEWER = person("ravi", "Ravi Menon", Right.VIEWER)


@dataclass
class House:
    """The database, the clock and the loop, with short ways to use them."""

    database: Database
    clock: SimulatedClock
    registry: Registry

    def write(self, work: Callable[[Connection, datetime], T]) -> T:
        """Run a use case."""
        return self.database.write(work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a query."""
        return self.database.read(work)

    def run(self) -> None:
        """Carry out all that is due now."""
        stuck: list[str] = []
        loop = Loop(self.database, self.registry, self.clock, "test", lambda _, what, __: stuck.append(what))
        asyncio.run(loop.run_due())
        assert not stuck, stuck
        failed = self.read(lambda c: c.execute(select(deadlines.c.error).where(deadlines.c.error.is_not(None))).all())
        assert not failed and not loop.stats.failed, (failed, loop.stats.failed)

    def after(self, **passed: float) -> None:
        """Let time pass and carry out what came due."""
        self.clock.advance(timedelta(**passed))
        self.run()

    def entries(self, incident_id: str) -> list[Entry]:
        """The whole timeline."""
        return self.read(lambda c: read_entries(c, incident_id))

    def kinds(self, incident_id: str) -> list[str]:
        """The kinds of its entries in order."""
        return [entry.kind for entry in self.entries(incident_id)]

    def pages(self, **where: Any) -> list[Any]:
        """Pages, oldest first."""
        query = select(pages).order_by(pages.c.id)
        for name, value in where.items():
            query = query.where(pages.c[name] == value)
        return list(self.read(lambda c: c.execute(query).all()))

    def group(self, services: tuple[str, ...] = ("checkout-api",), **values: Any) -> str:
        """An open alert group with one firing alert and, with `paged`, its page."""
        group_id, now = new_id(), self.clock.now()
        paged = values.pop("paged", True)
        row = {
            "id": group_id, "route": "default", "key": group_id, "title": "High error rate", "state": "open",
            "urgency": "page", "severity": "critical", "services": list(services), "firing": 1, "total": 1, "worse": 0,
            "opened_at": now, "changed_at": now, **values,
        }  # fmt: skip
        alert = {
            "id": new_id(), "integration_id": "i", "dedup_key": group_id, "state": "firing", "severity": "critical",
            "title": "High error rate", "labels": {"env": "prod", "host": "a"}, "annotations": {}, "links": [],
            "group_id": group_id, "received_at": now, "last_at": now,
        }  # fmt: skip

        def make(connection: Connection, at: datetime) -> None:
            connection.execute(insert(groups).values(**row))
            connection.execute(insert(alerts).values(**alert))
            if paged:
                page_id = new_id()
                page = {
                    "id": page_id, "subject_kind": "group", "subject_id": group_id, "title": "High error rate",
                    "detail": "", "urgency": "page", "services": list(services), "group_id": group_id,
                    "state": "acknowledged", "policy": {}, "opened_at": at,
                }  # fmt: skip
                connection.execute(insert(pages).values(**page))
                log = [("opened", None), ("step", "dana"), ("acknowledged", "dana")]
                for seq, (kind, who) in enumerate(log, start=1):
                    connection.execute(
                        insert(page_log).values(
                            id=new_id(), page_id=page_id, seq=seq, at=at, kind=kind, person_id=who, data={"text": kind}
                        )
                    )

        self.write(make)
        return group_id


@pytest.fixture
def house(database: Database, clock: SimulatedClock) -> House:
    """Larkfield, with nothing on fire yet."""
    return make_house(database, clock, handlers.register)


def make_house(database: Database, clock: SimulatedClock, *stages: Callable[[Registry], None]) -> House:
    """Larkfield with the handlers of some stages; what other stages would carry out is taken as done."""
    registry = Registry()
    for register in stages:
        register(registry)
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles(FILES), now))

    def withdrawn(connection: Connection, job: Job, now: datetime) -> None:
        asked = WithdrawPage.model_validate(dict(job.payload))
        connection.execute(
            pages.update()
            .where(pages.c.subject_kind == asked.subject_kind, pages.c.subject_id == asked.subject_id)
            .values(state="ended", ended_at=now, ended_why=asked.why)
        )

    for kind in OTHERS_TASKS - set(registry.tasks):
        registry.task(kind, withdrawn if kind == "withdraw_page" else _done)
    for kind in set(OTHERS_DEADLINES) - set(registry.deadlines):
        registry.deadline(kind, _done)
    return House(database, clock, registry)


OTHERS_TASKS = {
    "withdraw_page", "look_at_group", "incident_moved", "schedule_changed", "effect.freeze", "effect.thaw", "effect.capture",
    "alerting_changed", "effect.engage_vendor", "effect.schedule_review", "effect.draft_postmortem",
}  # fmt: skip
OTHERS_DEADLINES = ("page_step", "page_tidy", "update.due", "update.nudge", "update.commander", "question.unanswered",
                    "decision.due", "decision.again", "vendor.due")  # fmt: skip


def _done(connection: Connection, job: Job, now: datetime) -> None:
    """What another room would do."""
    del connection, job, now


def actor(person_id: str, right: Right = Right.RESPONDER) -> Actor:
    """A signed-in person of Larkfield."""
    return person(person_id, person_id.title(), right)
