"""Rotations, against an oracle that watches the wall clock minute by minute."""

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.oncall.watching import MINUTE, Watched, minutes
from tocsin.oncall import rotation as rotations
from tocsin.organisation.model.schedule import WEEKDAYS, Hours, Rotation

CHANGES = (  # (zone, a day near which the clock changes)
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Africa/Cairo", date(2026, 10, 30)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Kolkata", date(2026, 7, 1)),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekly(*people: str, **more: object) -> Rotation:
    told: dict[str, object] = {
        "people": people,
        "starts": "2026-11-06",
        "handover": "09:00",
        "time_zone": "Europe/Berlin",
    }
    return Rotation.model_validate(told | more)


@st.composite
def changing(draw: st.DrawFn, *, with_hours: bool) -> Rotation:
    zone, change = draw(st.sampled_from(CHANGES))
    clock = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
    hours = Hours(begin=draw(clock), end=draw(clock), days=tuple(draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1))))
    return Rotation(
        people=tuple("abcd"[: draw(st.integers(1, 4))]),
        every=timedelta(days=draw(st.sampled_from([1, 1, 2, 7]))),
        starts=change - timedelta(days=draw(st.integers(0, 3))),
        handover=draw(clock),
        time_zone=zone,
        hours=(hours,) if with_hours else (),
    )


@settings(max_examples=80)
@given(rotation=st.booleans().flatmap(lambda with_hours: changing(with_hours=with_hours)))
@example(  # its first day is the one that Samoa left out
    Rotation(
        people=("a", "b"),
        every=timedelta(days=1),
        starts=date(2011, 12, 30),
        handover=time(),
        time_zone="Pacific/Apia",
    )
)
def test_who_and_shifts_say_what_the_wall_clock_says(rotation: Rotation) -> None:
    middle = datetime.combine(rotation.starts, time(12), UTC)
    start, end = middle - timedelta(days=2), middle + timedelta(days=5)
    watched = Watched(rotation, end.date())
    expected = {minute: watched.who(minute) for minute in minutes(start, end)}
    by_shift: dict[datetime, str] = {}
    for shift in rotations.shifts(rotation, start, end):
        minute = max(shift.start, start)
        while minute < min(shift.end, end):
            assert minute not in by_shift, "two shifts at once"
            by_shift[minute] = shift.person
            minute += MINUTE
    wrong = [minute for minute, person in expected.items() if by_shift.get(minute) != person]
    assert not wrong
    asked = [minute for place, minute in enumerate(expected) if place % 17 == 0]
    assert [rotations.who(rotation, minute) for minute in asked] == [expected[minute] for minute in asked]


@given(rotation=changing(with_hours=False), days=st.integers(0, 20_000))
def test_each_shift_ends_where_the_next_begins_also_in_fifty_years(rotation: Rotation, days: int) -> None:
    start = datetime.combine(rotation.starts, time(), UTC) + timedelta(days=days)
    found = list(rotations.shifts(rotation, start, start + timedelta(days=30)))
    assert found
    for earlier, later in itertools.pairwise(found):
        assert earlier.end == later.start
        assert later.turn > earlier.turn
    assert all(rotations.who(rotation, shift.start) == shift.person for shift in found)
    assert all(rotations.who(rotation, shift.end - MINUTE) == shift.person for shift in found)


def test_a_weekly_shift_keeps_its_wall_time_over_the_change() -> None:
    rotation = weekly("mara", "kofi", starts="2026-10-23")
    first, second = list(rotations.shifts(rotation, at("2026-10-23T08:00"), at("2026-11-01T00:00")))
    assert (first.start, first.end) == (at("2026-10-23T07:00"), at("2026-10-30T08:00"))  # 169 hours
    assert (first.person, second.person) == ("mara", "kofi")


def test_nobody_is_on_call_before_the_first_turn() -> None:
    rotation = weekly("mara", "kofi")
    assert rotations.who(rotation, at("2026-11-06T07:59")) is None
    assert rotations.who(rotation, at("2026-11-06T08:00")) == "mara"
    assert list(rotations.shifts(rotation, at("2026-11-01T00:00"), at("2026-11-06T08:00"))) == []


def test_two_sites_share_the_day() -> None:
    day = weekly("alex", every="1 day", hours={"begin": "08:00", "end": "20:00"}, time_zone="UTC")
    night = weekly("jonas", every="1 day", hours={"begin": "20:00", "end": "08:00"}, time_zone="UTC", handover="08:00")
    assert rotations.who(day, at("2026-11-19T19:59")) == "alex"
    assert rotations.who(day, at("2026-11-19T20:00")) is None
    assert rotations.who(night, at("2026-11-19T20:00")) == "jonas"
    assert rotations.who(night, at("2026-11-20T07:59")) == "jonas"


def test_a_turn_of_two_weeks_is_one_shift() -> None:
    found = list(
        rotations.shifts(weekly("mara", "kofi", every="2 weeks"), at("2026-11-07T00:00"), at("2026-12-05T00:00"))
    )
    assert [shift.person for shift in found] == ["mara", "kofi", "mara"]


def starts_of(rotation: Rotation, start: str, end: str) -> list[str]:
    return [f"{shift.start:%Y-%m-%dT%H:%M}" for shift in rotations.shifts(rotation, at(start), at(end))]


def test_a_monthly_turn_begins_on_the_same_day_of_the_month_or_on_its_last() -> None:
    rotation = weekly("mara", "kofi", every="1 month", starts="2026-01-31", time_zone="UTC")
    assert starts_of(rotation, "2026-02-01T00:00", "2026-05-02T00:00") == [
        "2026-01-31T09:00",
        "2026-02-28T09:00",
        "2026-03-31T09:00",
        "2026-04-30T09:00",
    ]
    assert rotations.who(rotation, at("2026-02-28T08:59")) == "mara"
    assert rotations.who(rotation, at("2026-02-28T09:00")) == "kofi"


def test_a_quarter_is_three_months() -> None:
    rotation = weekly("mara", every="3 months", starts="2026-01-01", time_zone="UTC")
    assert starts_of(rotation, "2026-04-01T10:00", "2026-12-31T00:00") == [
        "2026-04-01T09:00",
        "2026-07-01T09:00",
        "2026-10-01T09:00",
    ]


def test_turns_of_hours_keep_to_the_clock_on_the_wall() -> None:
    rotation = weekly("mara", "kofi", every="12h", starts="2026-03-27", handover="08:00")
    assert starts_of(rotation, "2026-03-28T07:00", "2026-03-29T18:30") == [
        "2026-03-28T07:00",
        "2026-03-28T19:00",
        "2026-03-29T06:00",  # the clock jumped: eleven hours
        "2026-03-29T18:00",
    ]


def test_the_hour_that_comes_twice_is_one_long_turn_and_the_missing_one_is_nobodys() -> None:
    rotation = weekly("a", "b", "c", every="1h", starts="2026-03-29", handover="00:00")
    spring = list(rotations.shifts(rotation, at("2026-03-28T23:00"), at("2026-03-29T02:00")))
    assert [(shift.person, shift.end - shift.start) for shift in spring] == [
        ("a", timedelta(hours=1)),
        ("b", timedelta(hours=1)),
        ("a", timedelta(hours=1)),  # 03:00: 02:00 was c's, and never came
    ]
    autumn = list(rotations.shifts(rotation, at("2026-10-25T00:00"), at("2026-10-25T02:00")))
    assert [shift.end - shift.start for shift in autumn] == [timedelta(hours=2)]


def test_a_rotation_may_have_several_hours_and_overlapping_ones_are_one_time() -> None:
    rotation = weekly(
        "mara",
        every="1 day",
        time_zone="UTC",
        handover="00:00",
        hours=[
            {"begin": "08:00", "end": "12:00"},
            {"begin": "11:00", "end": "13:00"},
            {"begin": "20:00", "end": "22:00", "days": ["sat", "sun"]},
        ],
    )
    friday = list(rotations.shifts(rotation, at("2026-11-20T00:00"), at("2026-11-21T00:00")))
    assert (friday[0].start, friday[-1].end) == (at("2026-11-20T08:00"), at("2026-11-20T13:00"))
    assert all(earlier.end == later.start for earlier, later in itertools.pairwise(friday))
    assert rotations.who(rotation, at("2026-11-20T21:00")) is None
    assert rotations.who(rotation, at("2026-11-21T21:00")) == "mara"


@pytest.mark.parametrize("every", ["30m", "0 months", "13 months", "1h30s", "often", "400 days"])
def test_a_turn_of_no_sensible_length_is_refused(every: str) -> None:
    with pytest.raises(ValueError, match=r"a turn lasts|write (a number|for example)"):
        weekly("mara", every=every)


@pytest.mark.parametrize("every", ["12h", "1 day", "1 week", "1 month", "3 months"])
def test_a_length_is_written_back_as_it_was_read(every: str) -> None:
    written = weekly("mara", every=every).model_dump(mode="json")
    assert Rotation.model_validate(written) == weekly("mara", every=every)
