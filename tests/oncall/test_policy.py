"""Escalation: whom each step reaches, who is left out and why, and where the ladder ends."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.oncall import policy as policies
from tocsin.oncall.policy import Directory, Rung
from tocsin.organisation.model.fields import Target
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


def rule(**more: object) -> Step:
    return Step.model_validate({"page": [{"team": "platform"}], **more})


def test_who_follows_is_paged_by_next_on_call() -> None:
    directory = replace(DIRECTORY, after=lambda schedule, _: "kofi" if schedule == "payments" else None)
    found = policies.resolve(step({"next_on_call": "payments"}, {"next_on_call": "database"}), directory, NOW)
    assert found.people == ("kofi",)
    assert [str(each) for each in found.skipped] == ["next on call in 'database': nobody follows"]


def test_the_fallback_stands_in_for_a_schedule_with_a_gap_and_for_nothing_else() -> None:
    fallback = (Target(person="dana"),)
    found = policies.resolve(step({"schedule": "database"}, {"team": "empty"}), DIRECTORY, NOW, fallback=fallback)
    assert found.people == ("dana",)
    assert [each.reason for each in found.skipped] == ["nobody is on call", "the team has no members"]
    assert policies.resolve(step({"schedule": "payments"}), DIRECTORY, NOW, fallback=fallback).people == ("mara",)


@given(paged=st.dictionaries(st.sampled_from(["jonas", "mara"]), st.datetimes(timezones=st.just(UTC))))
def test_round_robin_pages_whoever_was_paged_longest_ago(paged: dict[str, datetime]) -> None:
    directory = replace(DIRECTORY, last_paged=paged.get)
    (chosen,) = policies.resolve(rule(pick="round_robin"), directory, NOW).people
    assert chosen in {"jonas", "mara"}  # never who is deactivated
    earliest = datetime.min.replace(tzinfo=UTC)
    assert all(paged.get(chosen, earliest) <= paged.get(other, earliest) for other in ("jonas", "mara"))


def test_a_step_for_some_severities_is_passed_over_for_others() -> None:
    urgent = rule(only={"severities": ["critical", "sev1"]})
    assert policies.resolve(urgent, DIRECTORY, NOW, "critical").people == ("jonas", "mara")
    assert policies.resolve(urgent, DIRECTORY, NOW, None).people == ("jonas", "mara"), "better paged than not"
    found = policies.resolve(urgent, DIRECTORY, NOW, "warning")
    assert found.reaches_nobody
    assert [str(each) for each in found.skipped] == ["the step is only for critical, sev1; this is warning"]


def test_a_step_for_business_hours_is_passed_over_at_night() -> None:
    hours = {"begin": "09:00", "end": "17:00", "days": ["mon", "tue", "wed", "thu", "fri"]}
    daily = rule(only={"hours": hours, "time_zone": "Asia/Tokyo"})
    assert policies.resolve(daily, DIRECTORY, datetime(2026, 11, 19, 0, 0, tzinfo=UTC)).people
    found = policies.resolve(daily, DIRECTORY, NOW)
    assert [str(each) for each in found.skipped] == ["the step is only for its hours; it is 23:07 Tokyo"]
    assert policies.resolve(daily, DIRECTORY, datetime(2026, 11, 21, 2, 0, tzinfo=UTC)).reaches_nobody, "a Saturday"


def test_a_webhook_is_told_besides_and_a_step_with_one_alone_holds_its_place() -> None:
    found = policies.resolve(Step.model_validate({"webhooks": ["https://hooks.example/a"]}), DIRECTORY, NOW)
    assert (found.people, found.webhooks, found.reaches_nobody) == ((), ("https://hooks.example/a",), False)


def test_a_step_that_names_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="names nobody"):
        Step.model_validate({"wait": "5m"})
