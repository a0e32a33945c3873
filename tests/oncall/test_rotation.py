"""Rotations, against an oracle that watches the wall clock minute by minute."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.oncall import rotation as rotations
from tocsin.organisation.model.schedule import WEEKDAYS, Hours, Rotation

MINUTE = timedelta(minutes=1)
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


def watch(rotation: Rotation, start: datetime, end: datetime) -> Iterator[tuple[datetime, str | None]]:
    """Who has it at each minute, as somebody says who only looks at a clock on the wall and a list of names.

    Starts well before `rotation.starts`. A handover happens at the first minute at which the clock shows its time.
    """
    zone = ZoneInfo(rotation.time_zone)
    turn, hours = -1, rotation.hours
    due = datetime.combine(rotation.starts, rotation.handover)
    windows: list[tuple[datetime, datetime]] = []
    if hours:
        for days in range(-3, 40):
            day = rotation.starts + timedelta(days=days)
            if WEEKDAYS[day.weekday()] in hours.days:
                last = day if hours.end > hours.begin else day + timedelta(days=1)
                windows.append((datetime.combine(day, hours.begin), datetime.combine(last, hours.end)))
    highest = datetime.min  # noqa: DTZ901 - a wall time has no zone
    now = start
    while now < end:
        # the highest time that the clock has shown so far: an hour that repeats brings nothing new
        highest = max(highest, now.astimezone(zone).replace(tzinfo=None))
        while highest >= due:
            turn += 1
            due += rotation.every
        working = not hours or any(begin <= highest < finish for begin, finish in windows)
        yield now, rotation.people[turn % len(rotation.people)] if turn >= 0 and working else None
        now += MINUTE


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
        hours=hours if with_hours else None,
    )


@pytest.mark.parametrize("with_hours", [False, True], ids=["all day", "in hours"])
@given(data=st.data())
def test_who_and_shifts_say_what_the_wall_clock_says(data: st.DataObject, with_hours: bool) -> None:
    rotation = data.draw(changing(with_hours=with_hours))
    middle = datetime.combine(rotation.starts, time(12), UTC)
    start, end = middle - timedelta(days=2), middle + timedelta(days=5)
    expected = dict(watch(rotation, start, end))
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
