"""The simulator says beforehand whom a page reaches when: the same as what then happens."""

from datetime import timedelta

import pytest

from tests.paging.conftest import Night
from tests.paging.test_policies import with_steps
from tocsin.identity.actor import SYSTEM
from tocsin.paging import queries
from tocsin.paging.queries.simulating import simulation

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
