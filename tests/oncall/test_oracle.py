"""Ten years of any schedule, in zones with odd rules, against somebody who watches the clock on the wall."""

import itertools
import os
import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oncall.watching import DAY, HOUR, WatchedSchedule, clock_changes, minutes
from tocsin.oncall import schedule as schedules
from tocsin.oncall.schedule import Gap, Override
from tocsin.organisation.model.schedule import WEEKDAYS, Hours, Months, Rotation, Schedule

ZONES = (
    "Africa/Cairo",  # at midnight; not at all from 2015 to 2022
    "Africa/Casablanca",  # back for the month of Ramadan
    "America/Havana",  # the day begins at 01:00
    "America/New_York",
    "America/Nuuk",  # two hours before midnight, and another standard time since 2023
    "Antarctica/Troll",  # by two hours
    "Asia/Kathmandu",  # never; 45 minutes off the hour
    "Asia/Tehran",  # by its own calendar, given up in 2022
    "Australia/Lord_Howe",  # by half an hour
    "Europe/Dublin",  # winter is the exception
    "Pacific/Apia",  # left a whole day out
    "Pacific/Chatham",  # 45 minutes off the hour, at 02:45
)
LONG = bool(os.environ.get("TOCSIN_TEST_LONG"))
YEARS = tuple((datetime(year, 1, 1, tzinfo=UTC), datetime(year + 10, 1, 1, tzinfo=UTC)) for year in (2009, 2018, 2026))
SAMPLES = 3000 if LONG else 150
AROUND = DAY + 2 * HOUR if LONG else 1.25 * HOUR

wall_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 29, 30, 45, 59])) | st.builds(
    time, st.integers(0, 3), st.sampled_from([0, 15, 30, 45])
)
lengths = st.sampled_from(
    [
        *(timedelta(hours=hours) for hours in (1, 5, 8, 12, 36)),
        *(timedelta(days=days) for days in (1, 1, 2, 3, 7, 7, 14)),
        timedelta(hours=11, minutes=30),
        Months(1),
        Months(3),
    ]
)


def wall_times_in(zone: str, start: datetime) -> st.SearchStrategy[time]:
    """Times of day; most lie where the zone's clock jumps or repeats itself, since mistakes live there."""
    odd = set()
    for change in clock_changes(zone, start, start.replace(year=start.year + 10)):
        for minutes_off in (-30, 0, 30, 60, 75, 90):
            wall = (change + timedelta(minutes=minutes_off)).astimezone(ZoneInfo(zone))
            odd.add(time(wall.hour, wall.minute))
            missing = wall.replace(tzinfo=None) + HOUR / 2
            odd.add(time(missing.hour, missing.minute))
    return st.sampled_from(sorted(odd)) | wall_times if odd else wall_times


def restrictions(times: st.SearchStrategy[time]) -> st.SearchStrategy[Hours]:
    return st.builds(
        lambda begin, end, days: Hours(begin=begin, end=end, days=tuple(sorted(days))),
        times,
        times,
        st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    )


@st.composite
def rotating(draw: st.DrawFn, zone: str, start: datetime) -> Rotation:
    times = wall_times_in(zone, start)
    return Rotation(
        people=tuple(draw(st.permutations("abcde"))[: draw(st.integers(1, 5))]),
        every=draw(lengths),
        starts=(start + timedelta(days=draw(st.integers(-400, 800)))).date(),
        handover=draw(times),
        time_zone=zone,
        hours=tuple(draw(st.lists(restrictions(times), max_size=3))),
    )


@st.composite
def overriding(draw: st.DrawFn, start: datetime, end: datetime) -> Override:
    begins = start + timedelta(minutes=draw(st.integers(0, int((end - start) / timedelta(minutes=1)))))
    length = timedelta(minutes=draw(st.integers(1, 60 * 24 * 40)))
    made = start + draw(st.integers(0, 3)) * HOUR
    return Override(begins, begins + length, draw(st.sampled_from("xyz")), made, draw(st.uuids()).hex)


@st.composite
def scheduled(draw: st.DrawFn, zone: str) -> tuple[Schedule, list[Override], datetime, datetime]:
    start, end = draw(st.sampled_from(YEARS))
    zones = [zone, *draw(st.lists(st.sampled_from(ZONES), max_size=2))]
    layers = [draw(rotating(each, start)) for each in draw(st.permutations(zones))]
    overrides = draw(st.lists(overriding(start, end), max_size=12))
    return Schedule(name="Any", rotations=tuple(layers)), overrides, start, end


def looked_at(schedule: Schedule, overrides: list[Override], start: datetime, end: datetime) -> Iterator[datetime]:
    """Each minute around every clock change and the edge of each override, and many others."""
    edges = {change for layer in schedule.rotations for change in clock_changes(layer.time_zone, start, end)}
    for edge in sorted(edges):
        yield from minutes(max(edge - AROUND, start), min(edge + AROUND, end))
    for override in overrides:
        for edge in (override.start, override.end):
            yield from (each for each in minutes(edge - HOUR / 12, edge + HOUR / 12) if start <= each < end)
    chance = random.Random(schedule.model_dump_json())
    span = int((end - start) / timedelta(minutes=1))
    yield from (start + timedelta(minutes=chance.randrange(span)) for _ in range(SAMPLES))


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=60 if LONG else 4, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_ten_years_are_as_the_clock_on_the_wall_says(zone: str, data: st.DataObject) -> None:
    schedule, overrides, start, end = data.draw(scheduled(zone))
    shifts = schedules.final_shifts(schedule, overrides, start, end)
    gaps = schedules.gaps(schedule, overrides, start, end)

    assert all(shift.start < shift.end for shift in shifts)
    doubles = [pair for pair in itertools.pairwise(shifts) if pair[0].end > pair[1].start]
    assert not doubles, "two people at once"
    free = [Gap(start, start), *(Gap(shift.start, shift.end) for shift in shifts), Gap(end, end)]
    between = [Gap(one.end, other.start) for one, other in itertools.pairwise(free) if one.end < other.start]
    assert list(gaps) == between, "each gap is reported, and nothing else"

    watched = WatchedSchedule(schedule, overrides, end.date())
    begins = [shift.start for shift in shifts]
    wrong = []
    for place, minute in enumerate(looked_at(schedule, overrides, start, end)):
        expected = watched.who(minute)
        shift = shifts[bisect_right(begins, minute) - 1] if begins and minute >= begins[0] else None
        drawn = shift.person if shift and shift.covers(minute) else None
        asked = schedules.who(schedule, overrides, minute) if place % 5 == 0 else expected
        if not expected == drawn == asked:
            wrong.append((minute, expected, drawn, asked))
    assert not wrong[:5], "minute, as watched, as drawn, as asked"


@settings(max_examples=300 if LONG else 30, deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES))
def test_what_is_drawn_does_not_depend_on_where_the_window_begins(data: st.DataObject, zone: str) -> None:
    schedule, overrides, start, _ = data.draw(scheduled(zone))
    middle = start + timedelta(hours=data.draw(st.integers(1, 1000)))
    end = start + timedelta(hours=1001)
    whole = schedules.final_shifts(schedule, overrides, start, end)
    halves = (
        *schedules.final_shifts(schedule, overrides, start, middle),
        *schedules.final_shifts(schedule, overrides, middle, end),
    )
    assert schedules.joined(halves) == whole


def test_the_oracle_sees_each_change_of_a_clock() -> None:
    start, end = YEARS[0]
    assert len(clock_changes("Pacific/Apia", start, end)) > 10
    assert len(clock_changes("Africa/Casablanca", start, end)) >= 30
    assert not clock_changes("Asia/Kathmandu", start, end)
