"""Nothing but measurements opens a gate: not time alone, not silence, not Tocsin's own restart."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from tests.standins.prometheus_api import PrometheusApi
from tocsin.clients.addresses import Allowed
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clock import SimulatedClock
from tocsin.engine import claims
from tocsin.engine.loop import Loop
from tocsin.engine.work import Registry
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.incidents.command import Changed, change_incident, create_incident
from tocsin.incidents.queries import state_of
from tocsin.recovery import handlers, usecases
from tocsin.runbook.bundle import Bundle, default_text
from tocsin.store.database import Database
from tocsin.timeline import journal
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.incidents import Declared, PhaseChanged
from tocsin.timeline.facts.mitigation import DecisionOpened
from tocsin.timeline.facts.recovery import CheckSpec
from tocsin.timeline.state import IncidentState

DANA = person("dana", "Dana Okafor", Right.ADMIN)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Night:
    """One incident whose only criterion is asked of a Prometheus API that the test steers."""

    def __init__(self, database: Database, clock: SimulatedClock, api: PrometheusApi) -> None:
        self.database, self.clock, self.api = database, clock, api
        registry = Registry()
        http = GuardedHttp(Allowed.parse(["127.0.0.0/8"]))
        handlers.register(registry, http, clock, api.url)
        registry.task("effect.page_role", lambda *_: None)
        registry.task("alerting_changed", lambda *_: None)
        for kind in (
            "open_channel",
            "freeze",
            "capture",
            "require",
            "post",
            "schedule_review",
            "draft_postmortem",
            "thaw",
        ):
            registry.task(f"effect.{kind}", lambda *_: None)
        for kind in ("first_five.end", "update.nudge", "update.due", "update.commander", "role.empty", "decision.due",
                     "decision.again", "question.unanswered", "resolve.confirm"):  # fmt: skip
            registry.deadline(kind, lambda *_: None)
        self.loop = Loop(database, registry, clock, "node", lambda *_: None)
        spec = CheckSpec(id="checkout/errors", name="errors", kind="promql", query="errors", threshold=1, unit="%")
        bundle = Bundle.of(default_text(), checks={"checkout": [spec]})
        self.id = database.write(lambda c, now: _declare(c, bundle, now)).state.incident.id

    @property
    def state(self) -> IncidentState:
        """The incident as it stands."""
        return self.database.read(lambda c: state_of(c, SYSTEM, self.id))

    def kinds(self) -> list[str]:
        """The kinds of all entries so far."""
        return [entry.kind for entry in self.database.read(lambda c: journal.read_entries(c, self.id))]

    def run(self, span: timedelta) -> None:
        """Let time pass, waking whenever something is due."""
        end = self.clock.now() + span
        while True:
            asyncio.run(self.loop.run_due())
            due = self.database.read(claims.next_due)
            if due is None or due > end:
                break
            self.clock.set(max(due, self.clock.now()))
        self.clock.set(end)

    def mitigate(self) -> None:
        """Somebody rolls back; the incident moves to mitigating."""
        started = self.clock.now()
        opened = DecisionOpened(
            decision_id="d1", command="shopctl rollback", expected="errors fall", started_at=started
        )
        moved = PhaseChanged(phase="mitigating", previous="declared")
        facts = [NewFact(fact=opened), NewFact(fact=moved)]
        self.database.write(lambda c, now: change_incident(c, DANA, self.id, lambda *_: facts, now))


def _declare(connection: Connection, bundle: Bundle, now: datetime) -> Changed:
    number = journal.next_number(connection)
    fact = Declared(
        number=number, title="Checkout fails", severity=2, services=("checkout",), bundle_digest=bundle.digest
    )
    return create_incident(connection, DANA, number, bundle, [NewFact(fact=fact)], now)


@pytest.fixture
def night(database: Database, clock: SimulatedClock, prometheus_api: PrometheusApi) -> Night:
    """An incident with one measured check, 40 % errors."""
    prometheus_api.value = 40.0
    return Night(database, clock, prometheus_api)


def until(night: Night, reached: Callable[[IncidentState], bool], most: timedelta) -> None:
    """Let time pass in steps until the state is reached; fail when it takes longer than `most`."""
    for _ in range(int(most / (10 * SECOND))):
        if reached(night.state):
            return
        night.run(10 * SECOND)
    pytest.fail(f"not reached within {most}: {night.state.incident.phase}, {night.kinds()}")


def test_criteria_hold_then_watch_then_wait_for_the_commander(night: Night) -> None:
    night.run(MINUTE)
    assert night.state.recovery.checks["checkout/errors"].verdict == "fail"
    night.mitigate()
    night.api.value = 0.2
    until(night, lambda s: s.incident.phase == "restoring", MINUTE)
    began = night.clock.now()
    until(night, lambda s: s.incident.phase == "watching", 12 * MINUTE)
    assert night.clock.now() - began >= 10 * MINUTE - 30 * SECOND
    night.run(44 * MINUTE)
    assert night.state.recovery.watch_passed_at is None
    night.run(2 * MINUTE)
    assert night.state.recovery.watch_passed_at is not None
    assert night.state.incident.phase == "watching", "the commander confirms; nothing resolves by itself"


def test_one_failing_sample_breaks_the_hold_and_three_are_a_regression(night: Night) -> None:
    night.mitigate()
    night.api.value = 0.2
    until(night, lambda s: s.recovery.hold_started_at is not None, 2 * MINUTE)
    night.api.value = 9.0
    night.run(31 * SECOND)
    assert night.state.recovery.hold_started_at is None
    assert night.state.incident.phase == "restoring"
    night.run(61 * SECOND)
    assert night.state.incident.phase == "mitigating"
    assert "regression_found" in night.kinds()


def test_regression_in_the_watch_goes_back_to_mitigating(night: Night) -> None:
    night.mitigate()
    night.api.value = 0.2
    until(night, lambda s: s.incident.phase == "watching", 15 * MINUTE)
    night.api.value = 50.0
    night.run(3 * MINUTE)
    assert night.state.incident.phase == "mitigating"
    assert night.state.recovery.watch_started_at is None
    assert len(night.state.recovery.regressions) == 1


def test_missing_data_opens_no_gate_reopens_nothing_and_says_so(night: Night) -> None:
    night.mitigate()
    night.api.value = 0.2
    until(night, lambda s: s.recovery.hold_started_at is not None, 2 * MINUTE)
    night.api.value = None
    night.run(30 * MINUTE)
    state = night.state
    assert state.incident.phase == "restoring"
    assert state.recovery.hold_started_at is None
    assert "checkout/errors" in state.recovery.no_data_told
    assert not state.recovery.regressions


def test_watch_does_not_count_while_there_is_no_data(night: Night) -> None:
    night.mitigate()
    night.api.value = 0.2
    until(night, lambda s: s.incident.phase == "watching", 15 * MINUTE)
    night.run(20 * MINUTE)
    night.api.value = None
    night.run(60 * MINUTE)
    assert night.state.recovery.watch_counting_since is None
    assert 19 * 60 <= night.state.recovery.watch_counted <= 20 * 60 + 30
    night.api.value = 0.2
    night.run(24 * MINUTE)
    assert night.state.recovery.watch_passed_at is None
    night.run(3 * MINUTE)
    assert night.state.recovery.watch_passed_at is not None


def test_two_hours_away_open_no_gate(night: Night) -> None:
    night.mitigate()
    night.api.value = 0.2
    until(night, lambda s: s.incident.phase == "watching", 15 * MINUTE)
    night.run(5 * MINUTE)
    night.clock.advance(timedelta(hours=2))
    night.run(SECOND)
    state = night.state
    assert state.recovery.watch_passed_at is None, "nobody measured for two hours"
    assert state.recovery.watch_counted <= 6 * 60
    night.run(41 * MINUTE)
    assert night.state.recovery.watch_passed_at is not None


def test_a_persons_word_stands_until_taken_back(night: Night) -> None:
    asked = CheckSpec(id="eyes", name="looks right", kind="person", query="Does it look right?")
    night.database.write(lambda c, now: usecases.define_check(c, DANA, night.id, asked, now))
    night.mitigate()
    night.api.value = 0.2
    night.run(5 * MINUTE)
    assert night.state.incident.phase == "mitigating", "one criterion has no word yet"
    night.database.write(lambda c, now: usecases.attest(c, DANA, night.id, "eyes", "pass", "looked at the shop", now))
    until(night, lambda s: s.incident.phase == "restoring", MINUTE)
    night.database.write(lambda c, now: usecases.attest(c, DANA, night.id, "eyes", "no_data", None, now))
    night.run(31 * SECOND)
    assert night.state.recovery.hold_started_at is None
