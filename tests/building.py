"""An organisation, an incident and every stage's handlers on a simulated clock: nights pass in a moment, nothing waits."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from tests.standins.smtp import SmtpStandin
from tocsin.app import make_parts
from tocsin.clock import SimulatedClock
from tocsin.comms import usecases as comms
from tocsin.engine.claims import next_due
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.identity.keys import Keys, keys_of
from tocsin.incidents import usecases as incidents
from tocsin.incidents.decide import Declare
from tocsin.incidents.queries import state_of
from tocsin.mitigation import usecases as mitigation
from tocsin.mitigation.decisions import NewDecision
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.recovery import usecases as recovery
from tocsin.settings import load_settings
from tocsin.store.database import Database
from tocsin.store.tables.paging import pages
from tocsin.timeline.entry import Entry, Fact
from tocsin.timeline.journal import read_entries
from tocsin.timeline.state import IncidentState

T = TypeVar("T")
F = TypeVar("F", bound=Fact)

ADA = person("ada", "Ada Lind", Right.ADMIN)
DANA = person("dana", "Dana Reyes", Right.RESPONDER)
KOFI = person("kofi", "Kofi Mensah", Right.RESPONDER)
MIRA = person("mira", "Mira Holt", Right.RESPONDER)
RAVI = person("ravi", "Ravi Menon", Right.RESPONDER)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

FILES = {
    "larkfield.yaml": """
organisation:
  name: Larkfield
  last_resort: [ada]
  default_policy: default
people:
  ada: {name: Ada Lind, email: ada@larkfield.example}
  dana: {name: Dana Reyes, email: dana@larkfield.example}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example}
  mira: {name: Mira Holt, email: mira@larkfield.example}
  ravi: {name: Ravi Menon, email: ravi@larkfield.example}
  sana: {name: Sana Iqbal, email: sana@larkfield.example}
teams:
  shop: {name: Shop, members: [dana, ravi], policy: shop}
  platform: {name: Platform, members: [ravi], policy: platform}
  security: {name: Security, members: [sana]}
  legal: {name: Legal, members: [ada]}
schedules:
  incident-commanders:
    name: Incident commanders
    rotations: [{people: [kofi], starts: 2026-01-05, time_zone: UTC}]
policies:
  default: {name: Default, steps: [{page: [{person: ada}]}]}
  shop: {name: Shop, steps: [{page: [{person: dana}]}]}
  platform: {name: Platform, steps: [{page: [{person: ravi}]}]}
vendors:
  paybridge: {name: PayBridge, contact: "+44 20 7946 0000", response: 20m}
  slowmail: {name: SlowMail}
services:
  checkout-api:
    name: Checkout API
    team: shop
    secondary_team: platform
    depends_on: [payments]
    public_name: Checkout
    vendors: [slowmail]
  payments: {name: Payments, team: shop, vendors: [paybridge], public_name: Card payments}
  ledger: {name: Ledger, team: shop}
"""
}


class Night:
    """Larkfield with every stage at work. `run` does what is due, `wait` lets time pass as it does."""

    def __init__(
        self,
        directory: Path,
        database: Database,
        clock: SimulatedClock,
        smtp: SmtpStandin | None,
        *,
        incident: str = "",
    ) -> None:
        """`incident`: the one of a night that has been played in this database before."""
        self.database, self.clock = database, clock
        mail = (
            {"host": smtp.host, "port": smtp.port, "security": "none", "sender": "tocsin@larkfield.example"}
            if smtp
            else {}
        )
        settings = load_settings(
            data=directory, database_url=database.url, smtp=mail, public_url="http://tocsin.example"
        )
        keys: Keys = database.read(keys_of)
        self._loop = make_parts(settings, clock, database, keys).loop
        if not incident:
            self.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles(FILES), now))
        self.id = incident

    def write(self, work: Callable[[Connection, datetime], T]) -> T:
        """Run a use case."""
        return self.database.write(work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a query."""
        return self.database.read(work)

    def run(self) -> None:
        """Carry out all that is due now; nothing may fail."""
        asyncio.run(self._loop.run_due())
        assert not self._loop.stats.failed, self._loop.stats.failed

    def wait(self, span: timedelta) -> None:
        """Let time pass, waking whenever something is due."""
        until = self.clock.now() + span
        self.run()
        while (due := self.read(next_due)) is not None and due <= until:
            self.clock.set(max(due, self.clock.now() + timedelta(microseconds=1)))
            self.run()
        self.clock.set(max(until, self.clock.now()))

    def away(self, span: timedelta) -> None:
        """Time passes while Tocsin is off; then it does what is due."""
        self.clock.advance(span)
        self.run()

    def declare(self, severity: int = 2, *, staffed: bool = True, **more: Any) -> str:
        """An incident of the checkout; with `staffed`, Kofi commands, Dana writes and Ravi works."""
        command = Declare("Card payments fail", severity, services=more.pop("services", ("checkout-api",)), **more)
        self.id = self.write(lambda c, now: incidents.declare(c, DANA, command, now)).state.incident.id
        if staffed:
            for role, who in (("commander", "kofi"), ("communications", "dana"), ("operations", "ravi")):
                self.take(role, who)
        self.run()
        if staffed:
            self.answer("data_or_auth", False)
            self.answer("vendor", False)
        return self.id

    def answer(self, question: str, yes: bool) -> None:
        """Answer one of the runbook's questions."""
        self.write(lambda c, now: comms.answer_question(c, KOFI, self.id, question, yes, now))
        self.run()

    def take(self, role: str, who: str, *, replace: bool = False) -> None:
        """Give a role."""
        self.write(lambda c, now: incidents.assign_role(c, DANA, self.id, role, who, now, replace=replace))

    def act(self, command: str, expected: str, actual: str) -> None:
        """Somebody runs something, says what was expected and what came of it."""
        new = NewDecision(command=command, expected=expected)
        decision_id, _ = self.write(lambda c, now: mitigation.open_decision(c, RAVI, self.id, new, now))
        self.wait(2 * MINUTE)
        self.write(lambda c, now: mitigation.close_decision(c, RAVI, self.id, decision_id, actual, "matched", now))
        self.run()

    def resolve(self) -> None:
        """A rollback, somebody's word that it works, the hold, the watch, and the commander's word."""
        self.act("shopctl rollback v41", "error rate below 1 %", "0.2 % after a minute")
        check = next(iter(self.state.recovery.checks))
        self.write(lambda c, now: recovery.attest(c, DANA, self.id, check, "pass", "bought a lamp", now))
        self.wait(HOUR)
        assert self.state.incident.phase == "watching", self.state.incident.phase
        self.write(lambda c, now: incidents.change_phase(c, KOFI, self.id, "resolved", now))
        self.run()

    @property
    def state(self) -> IncidentState:
        """The incident as it stands."""
        return self.read(lambda c: state_of(c, SYSTEM, self.id))

    @property
    def entries(self) -> list[Entry]:
        """Its whole timeline."""
        return self.read(lambda c: read_entries(c, self.id))

    def facts(self, kind: type[F]) -> list[F]:
        """The facts of one kind, oldest first."""
        return [entry.fact for entry in self.entries if isinstance(entry.fact, kind)]

    def told(self, who: str) -> list[str]:
        """The titles of what a person was told by clocks, oldest first; nobody is woken by these."""
        query = select(pages).where(pages.c.subject_kind == "deadline").order_by(pages.c.id)
        rows = self.read(lambda c: c.execute(query).all())
        assert all(row.urgency == "notify" for row in rows)
        return [row.title for row in rows if who in str(row.policy)]

    def still_asked(self, who: str) -> list[str]:
        """The titles of reminders that still stand on a person's screen, oldest first."""
        live = select(pages).where(pages.c.subject_kind == "deadline", pages.c.state != "ended").order_by(pages.c.id)
        return [row.title for row in self.read(lambda c: c.execute(live).all()) if who in str(row.policy)]

    def paged_teams(self) -> set[str]:
        """The teams that were paged for this incident."""
        query = select(pages.c.subject_id).where(pages.c.subject_kind == "team", pages.c.incident_id == self.id)
        return {subject.rpartition(":")[2] for subject in self.read(lambda c: c.execute(query).scalars().all())}
