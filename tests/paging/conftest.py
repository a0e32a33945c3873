"""A night on call: an organisation, its people's methods, groups that fire, and a loop that runs what is due."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.standins.receiver import NtfyStandin, Receiver
from tests.standins.smtp import SmtpStandin
from tests.standins.twilio import TwilioStandin
from tocsin.clients.addresses import Allowed
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.smtp import Smtp, SmtpSettings
from tocsin.clock import SimulatedClock
from tocsin.engine.claims import next_due
from tocsin.engine.loop import Loop
from tocsin.engine.tasks import owe
from tocsin.engine.work import Job, Registry
from tocsin.identity.actor import SYSTEM, Actor, Right, person
from tocsin.ids import new_id
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.paging import handlers, queries, usecases
from tocsin.paging.breaker import BREAKER, Breaker
from tocsin.paging.methods import NOT_SET_UP, Means, not_set_up
from tocsin.paging.routes import routes
from tocsin.paging.services import Services
from tocsin.store.database import Database
from tocsin.store.tables.alerts import groups
from tocsin.store.tables.engine import tasks

PUBLIC_URL = "https://tocsin.example"
ORGANISATION = """
people:
  ada: {name: Ada Okafor, email: ada@example.com}
  dana: {name: Dana Reyes, email: dana@example.com}
  kofi: {name: Kofi Mensah, email: kofi@example.com}
  ravi: {name: Ravi Menon, email: ravi@example.com}
schedules:
  primary:
    name: Primary
    rotations: [{people: [dana], starts: 2026-01-05, time_zone: UTC}]
  empty:
    name: Nobody yet
policies:
  checkout:
    name: Checkout
    repeat: 1
    steps:
      - {page: [{schedule: primary}], wait: 5m}
      - {page: [{person: kofi}], wait: 10m}
  gappy:
    name: With a gap
    repeat: 1
    steps:
      - {page: [{schedule: empty}], wait: 5m}
      - {page: [{person: kofi}], wait: 10m}
  nobody:
    name: Reaches nobody
    repeat: 3
    steps:
      - {page: [{schedule: empty}], wait: 5m}
organisation:
  last_resort: [ada]
  default_policy: checkout
"""


class Night:
    """Everything a test needs to say what happens, and to see whom it reached and when."""

    def __init__(
        self,
        database: Database,
        clock: SimulatedClock,
        smtp: SmtpStandin | None = None,
        services: Callable[[GuardedHttp], Services] = lambda _: Services(),
        public_url: str = PUBLIC_URL,
    ) -> None:
        self.database, self.clock = database, clock
        self.printed: list[str] = []
        self.registry = Registry()
        settings = SmtpSettings(smtp.host, smtp.port, "none", sender="Tocsin <pager@tocsin.example>") if smtp else None
        http = GuardedHttp(Allowed.parse(["127.0.0.1"]))
        self.services = services(http)
        means = Means(
            http=http,
            smtp=Smtp(settings) if settings else None,
            print_line=self.printed.append,
            services=self.services,
        )
        handlers.register(self.registry, means, public_url)
        database.context[NOT_SET_UP] = not_set_up(means)
        database.context[BREAKER] = Breaker()
        self.copied: list[dict[str, Any]] = []
        self.registry.task("page_entry", self._copy)
        for kind in ("schedule_changed", "alerting_changed"):  # other stages
            self.registry.task(kind, lambda *_: None)
        self.loop = Loop(database, self.registry, clock, "node", usecases.page_last_resort)
        self.runner = asyncio.Runner()
        self.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"organisation.yaml": ORGANISATION}), now))

    def _copy(self, connection: Connection, job: Job, now: datetime) -> None:
        line = queries.log_line(connection, job.payload["page_id"], job.payload["log_seq"])
        assert line is not None
        self.copied.append({"event": line.event, "person": line.person, "at": line.at})

    def close(self) -> None:
        self.runner.close()

    def from_outside(self) -> TestClient:
        """The callbacks, as the services outside reach them."""
        return TestClient(Starlette(routes=routes(self.database, self.services)), base_url=PUBLIC_URL)

    def write(self, work: Callable[[Connection, datetime], Any]) -> Any:
        return self.database.write(work)

    def actor(self, id: str, right: Right = Right.RESPONDER) -> Actor:
        return person(id, id.title(), right)

    def settle(self) -> None:
        self.runner.run(self.loop.run_due())

    def pass_time(self, **by: float) -> None:
        """Time passes and each thing is done at its moment."""
        until = self.clock.now() + timedelta(**by)
        self.settle()
        while (due := self.database.read(next_due)) is not None and due <= until:
            self.clock.set(max(due, self.clock.now() + timedelta(microseconds=1)))
            self.settle()
        self.clock.set(until)
        self.settle()

    def away(self, **by: float) -> None:
        """Time passes and Tocsin is not there."""
        self.clock.advance(timedelta(**by))

    def method(self, who: str, kind: str, target: str) -> str:
        """A method that was verified already."""

        def add(connection: Connection, now: datetime) -> str:
            added = usecases.add_method(connection, self.actor(who), who, kind, target, now)
            usecases.prove_method(connection, SYSTEM, added.id, now)
            return added.id

        return str(self.write(add))

    def mail(self, *people: str) -> None:
        """They read mail."""
        for who in people:
            self.method(who, "email", f"{who}@example.com")

    def lose_the_mail_server(self) -> None:
        """The operator took the mail server's settings away; people's methods are still there."""
        self.database.context[NOT_SET_UP] = not_set_up(Means(GuardedHttp(Allowed.parse([])), None, print))

    def group(self, policy: str | None = "checkout", *, settled: bool = True, **values: Any) -> str:
        """A group begins to fire, and is looked at."""
        id, now = new_id(), self.clock.now()
        row = {
            "id": id, "route": "default", "key": id, "title": "Checkout is failing", "state": "open", "urgency": "page",
            "severity": "critical", "services": ["checkout-api"], "policy_id": policy, "firing": 1, "loud": 1,
            "total": 1, "worse": 0, "flap_seconds": 300, "opened_at": now, "changed_at": now, "why": "",
        }  # fmt: skip
        self.write(lambda c, at: (c.execute(insert(groups).values(**(row | values))), self._look(c, id, at)))
        if settled:
            self.settle()
        return id

    def change_group(self, id: str, **values: Any) -> None:
        self.write(
            lambda c, now: (c.execute(update(groups).where(groups.c.id == id).values(**values)), self._look(c, id, now))
        )
        self.settle()

    @staticmethod
    def _look(connection: Connection, id: str, now: datetime) -> None:
        owe(connection, "look_at_group", "group", id, {}, now, paging=True)

    def page(self, state: str = "all") -> queries.PageView:
        """The one page there is, besides one about Tocsin's own lateness, or about a method that is gone."""
        (found,) = (
            page
            for page in self.database.read(lambda c: queries.pages_list(c, SYSTEM, state=state))
            if page.subject_id != "late" and not page.subject_id.startswith("method-gone:")
        )
        return found

    def pages(self) -> list[queries.PageView]:
        return self.database.read(lambda c: queries.pages_list(c, SYSTEM, state="all"))

    def log(self, *events: str) -> list[tuple[str, str | None]]:
        detail = self.database.read(lambda c: queries.page_detail(c, SYSTEM, self.page().id))
        return [(line.event, line.person) for line in detail.log if not events or line.event in events]

    def texts(self, event: str) -> list[str | None]:
        detail = self.database.read(lambda c: queries.page_detail(c, SYSTEM, self.page().id))
        return [line.text for line in detail.log if line.event == event]

    def acknowledge(self, who: str) -> usecases.Acknowledged:
        page = self.page().id
        answer: usecases.Acknowledged = self.write(
            lambda c, now: usecases.acknowledge_page(c, self.actor(who), page, now, via="web")
        )
        return answer

    def waiting_tasks(self) -> int:
        return len(self.database.read(lambda c: c.execute(select(tasks.c.id).where(tasks.c.state == "waiting")).all()))


@pytest.fixture
def night(database: Database, clock: SimulatedClock, smtp: SmtpStandin) -> Iterator[Night]:
    """Tocsin with a mail server."""
    made = Night(database, clock, smtp)
    yield made
    made.close()


@pytest.fixture
def twilio() -> Iterator[TwilioStandin]:
    """Twilio's API."""
    standin = TwilioStandin()
    standin.start()
    yield standin
    standin.stop()


def pages_by_mail(smtp: SmtpStandin, who: str) -> list[str]:
    """The subjects of the pages and all-clears that a person got."""
    return [mail.subject for mail in smtp.to(f"{who}@example.com")]


__all__ = ["Night", "NtfyStandin", "Receiver", "pages_by_mail"]
