"""Escalation: whom each step reaches, who is left out and why, and where the ladder ends."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.oncall import policy as policies
from tocsin.oncall.policy import Directory, Rung
from tocsin.organisation.model.policy import Policy, Step

NOW = datetime(2026, 11, 19, 14, 7, tzinfo=UTC)
ON_CALL = {"payments": "mara", "database": None, "old": "gone"}
DIRECTORY = Directory(
    active={"mara", "kofi", "dana", "jonas"},
    teams={"platform": ("jonas", "gone", "mara"), "empty": ()},
    schedules=set(ON_CALL),
    who=lambda schedule, _: ON_CALL[schedule],
)


def step(*targets: dict[str, str]) -> Step:
    return Step.model_validate({"page": targets})


def test_a_step_reaches_whoever_is_on_call_and_each_person_once() -> None:
    found = policies.resolve(step({"schedule": "payments"}, {"person": "dana"}, {"team": "platform"}), DIRECTORY, NOW)
    assert found.people == ("mara", "dana", "jonas")


def test_who_is_left_out_is_told_with_the_reason() -> None:
    found = policies.resolve(
        step(
            {"schedule": "database"}, {"schedule": "old"}, {"team": "empty"}, {"team": "nosuch"}, {"schedule": "none"}
        ),
        DIRECTORY,
        NOW,
    )
    assert found.reaches_nobody
    assert [(str(each.target), each.reason) for each in found.skipped] == [
        ("schedule 'database'", "nobody is on call"),
        ("schedule 'old'", "'gone' is deactivated"),
        ("team 'empty'", "the team has no members"),
        ("team 'nosuch'", "there is no such team"),
        ("schedule 'none'", "there is no such schedule"),
    ]


@given(steps=st.integers(1, 6), repeat=st.integers(0, 5))
def test_the_ladder_is_climbed_once_and_then_repeated_as_often_as_said(steps: int, repeat: int) -> None:
    policy = Policy(name="Any", steps=(step({"person": "mara"}),) * steps, repeat=repeat)
    rung: Rung | None = policies.first_rung()
    climbed, waited = [], timedelta()
    while rung is not None:
        climbed.append((rung.round, rung.step))
        waited += policies.wait_after(policy, rung)
        rung = policies.next_rung(policy, rung)
    assert climbed == [(around, place) for around in range(repeat + 1) for place in range(steps)]
    assert waited == policies.full_length(policy)
