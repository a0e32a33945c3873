"""What will go wrong within 30 days: the same person twice, overrides that cover each other."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.oncall import ahead
from tocsin.oncall.schedule import FinalShift, Override
from tocsin.organisation.model.policy import Policy

START = datetime(2026, 11, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAYMENTS = Policy.model_validate(
    {
        "name": "Payments",
        "steps": [
            {"page": [{"schedule": "first"}]},
            {"page": [{"schedule": "first"}, {"schedule": "second"}]},
        ],
    }
)


def shifts(*people: str, each: timedelta = 12 * HOUR) -> list[FinalShift]:
    return [
        FinalShift(START + place * each, START + (place + 1) * each, person, "rotation")
        for place, person in enumerate(people)
    ]


def override(start: int, end: int, person: str, made: int) -> Override:
    return Override(START + start * HOUR, START + end * HOUR, person, START + made * HOUR, f"{person}{made}")


def test_who_stands_behind_themselves_is_told_once_with_how_often() -> None:
    found = ahead.doubles(
        "payments", PAYMENTS, {"first": shifts("mara", "kofi", "mara"), "second": shifts("mara", "dana", "mara")}
    )
    assert [(one.person, one.schedule_id, one.other, one.times) for one in found] == [("mara", "first", "second", 2)]
    assert (found[0].start, found[0].end) == (START, START + 12 * HOUR)


def test_two_people_or_one_step_are_no_double_booking() -> None:
    assert ahead.doubles("payments", PAYMENTS, {"first": shifts("mara"), "second": shifts("kofi")}) == []
    one_step = Policy.model_validate(
        {"name": "Both", "steps": [{"page": [{"schedule": "first"}, {"schedule": "second"}]}]}
    )
    assert ahead.doubles("both", one_step, {"first": shifts("mara"), "second": shifts("mara")}) == []


people = st.lists(st.sampled_from(["mara", "kofi", "dana"]), max_size=20)


@given(first=people, second=people, long=st.integers(1, 30), short=st.integers(1, 30))
def test_every_hour_of_a_double_booking_is_found_and_no_other(
    first: list[str], second: list[str], long: int, short: int
) -> None:
    one, other = shifts(*first, each=long * HOUR), shifts(*second, each=short * HOUR)
    found = ahead.doubles("payments", PAYMENTS, {"first": one, "second": other})
    hours = [START + place * HOUR for place in range(30 * 20)]
    twice = {
        (mine.person, hour)
        for hour in hours
        for mine in one
        for theirs in other
        if mine.covers(hour) and theirs.covers(hour) and mine.person == theirs.person
    }
    assert {each.person for each in found} == {person for person, _ in twice}
    for each in found:
        assert each.start == min(hour for person, hour in twice if person == each.person)


def test_who_made_an_override_first_hears_that_another_covers_it() -> None:
    found = ahead.overlaps("first", [override(4, 8, "kofi", made=2), override(0, 6, "mara", made=1)])
    assert [(one.person, one.other) for one in found] == [("mara", "kofi")]
    assert (found[0].start, found[0].end) == (START + 4 * HOUR, START + 6 * HOUR)
    assert ahead.overlaps("first", [override(0, 6, "mara", made=1), override(6, 8, "kofi", made=2)]) == []
    assert ahead.overlaps("first", [override(0, 6, "mara", made=1), override(2, 8, "mara", made=2)]) == []
