"""The simulator says beforehand whom a page reaches when: the same as what then happens."""

from datetime import timedelta

import pytest

from tests.paging.conftest import Night
from tests.paging.test_policies import with_steps
from tocsin.identity.actor import SYSTEM
from tocsin.paging import queries
from tocsin.paging.preferences import Rule
from tocsin.paging.queries.simulating import simulation
from tocsin.paging.usecases import set_rules

STEPS = {
    "who is on call": "{page: [{schedule: primary}], wait: 5m}, {page: [{person: kofi}], wait: 10m}",
    "a gap": "{page: [{schedule: empty}]}, {page: [{person: kofi}], wait: 10m}",
    "nobody": "{page: [{schedule: empty}]}",
    "round robin": "{page: [{team: payments}], pick: round_robin, wait: 7m}, {page: [{team: payments}], wait: 5m}",
    "somebody by screen alone": "{page: [{person: ravi}]}, {page: [{person: dana}]}",
    "some severities": "{page: [{person: dana}], only: {severities: [warning]}}, {page: [{person: kofi}]}",
    "by day": "{page: [{person: dana}], only: {hours: {begin: '00:00', end: '00:01'}}}, {page: [{person: kofi}]}",
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("repeat", ["0", "2"])
def test_what_is_simulated_is_what_happens(night: Night, steps: str, repeat: str) -> None:
    with_steps(night, steps, repeat=repeat)
    night.mail("dana", "kofi", "ada")
    start = night.clock.now()
    simulated = night.database.read(lambda c: simulation(c, "checkout", start, "critical"))
    expected = [(step.at, heard.person) for step in simulated for heard in step.people]
    reasons = [reason for step in simulated for reason in step.skipped]

    night.group()
    night.pass_time(seconds=(simulated[-1].at - start).total_seconds())
    detail = night.database.read(lambda c: queries.page_detail(c, SYSTEM, night.page().id))
    happened = [(line.at, line.person) for line in detail.log if line.event == "step"]
    assert [(at - start) // timedelta(seconds=30) for at, _ in happened] == [
        (at - start) // timedelta(seconds=30) for at, _ in expected
    ]
    assert [person for _, person in happened] == [person for _, person in expected]
    assert [text for text in night.texts("skipped") if text != "no verified method but the screen"] == reasons


def test_it_tells_by_what_each_person_hears_it(night: Night) -> None:
    night.mail("dana")
    (step, *_) = night.database.read(lambda c: simulation(c, None, night.clock.now()))
    assert [(heard.person, [kind for kind, _ in heard.by]) for heard in step.people] == [("dana", ["email"])]


def test_what_only_notifies_is_told_once(night: Night) -> None:
    steps = night.database.read(lambda c: simulation(c, "checkout", night.clock.now(), None, "notify"))
    assert [[heard.person for heard in step.people] for step in steps] == [["dana"]]


def _quiet_for_dana(night: Night) -> None:
    rule = Rule(hours="", severities=("warning",))
    night.write(lambda c, now: set_rules(c, night.actor("dana"), "dana", (rule,), now))


def test_a_quiet_rule_is_named_and_the_next_step_follows_at_once(night: Night) -> None:
    night.mail("dana", "kofi")
    _quiet_for_dana(night)
    first, second, *_ = night.database.read(lambda c: simulation(c, "checkout", night.clock.now(), "warning"))
    (dana,), (kofi,) = first.people, second.people
    assert (dana.person, dana.by, first.passed) == ("dana", (), True)
    assert dana.quiet == "their own rule: quiet at any hour, for warning"
    assert (kofi.person, [kind for kind, _ in kofi.by], second.at) == ("kofi", ["email"], first.at)


def test_what_is_critical_pierces_a_quiet_rule(night: Night) -> None:
    night.mail("dana", "kofi")
    _quiet_for_dana(night)
    (first, *_) = night.database.read(lambda c: simulation(c, "checkout", night.clock.now(), "critical"))
    assert [(each.person, each.quiet, len(each.by)) for each in first.people] == [("dana", None, 1)]


def test_the_last_resort_without_a_method_is_written_to_at_the_address_in_the_files(night: Night) -> None:
    *_, last = night.database.read(lambda c: simulation(c, "nobody", night.clock.now()))
    assert [(each.person, [kind for kind, _ in each.by]) for each in last.people] == [("ada", ["email"])]
