"""Rotations that rest on public holidays, or are there for them: as somebody with that country's calendar would say."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tocsin.oncall.rotation import shifts, turn_at, who
from tocsin.oncall.schedule import gaps
from tocsin.organisation.hours import window
from tocsin.organisation.model.schedule import WEEKDAYS, Holidays, Hours, Rotation, Schedule

PLACES = st.sampled_from([("DE", "BE"), ("DE", "BY"), ("GB", "SCT"), ("US", None), ("JP", None), ("EG", None)])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Africa/Cairo", "Pacific/Apia"])
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
HOURS = st.just(()) | st.builds(
    lambda begin, end, days: (Hours(begin=begin, end=end, days=tuple(days)),),
    TIMES,
    TIMES,
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
)
MOMENTS = st.integers(0, 10 * 365 * 24 * 4).map(lambda n: datetime(2020, 1, 1, tzinfo=UTC) + n * timedelta(minutes=15))


@st.composite
def rotations(draw: st.DrawFn) -> Rotation:
    country, part = draw(PLACES)
    return Rotation(
        people=("a", "b", "c"),
        every=draw(st.sampled_from([timedelta(days=1), timedelta(weeks=1), timedelta(hours=12)])),
        starts=date(2019, 12, 2),
        handover=draw(TIMES),
        time_zone=draw(ZONES),
        hours=draw(HOURS),
        holidays=Holidays(country=country, subdivision=part, only=draw(st.booleans())),
    )


def rests(rotation: Rotation, day: date) -> bool:
    """Whether a calendar day is none of the rotation's, by a calendar of that country."""
    assert rotation.holidays is not None
    off = rotation.holidays
    return (day in holidays.country_holidays(off.country, subdiv=off.subdivision, years=day.year)) != off.only


def on_by_the_calendar(rotation: Rotation, at: datetime) -> bool:
    today = at.astimezone(ZoneInfo(rotation.time_zone)).date()
    if not rotation.hours:
        return not rests(rotation, today)
    days = [today + timedelta(days=off) for off in (-1, 0, 1)]
    found = [(day, window(each, rotation.time_zone, day)) for day in days for each in rotation.hours]
    return any(span is not None and span[0] <= at < span[1] and not rests(rotation, day) for day, span in found)


@given(rotations(), MOMENTS)
def test_who_is_on_call_is_as_the_calendar_says(rotation: Rotation, at: datetime) -> None:
    on = who(rotation, at)
    turn = turn_at(rotation, at)
    assert turn is not None
    assert on == (rotation.people[turn % 3] if on_by_the_calendar(rotation, at) else None)


@given(rotations(), MOMENTS, st.lists(st.integers(0, 20 * 24 * 60), min_size=5, max_size=20))
def test_shifts_and_the_question_at_an_instant_agree(rotation: Rotation, start: datetime, minutes: list[int]) -> None:
    end = start + timedelta(days=20)
    found = list(shifts(rotation, start, end))
    assert all(one.end <= other.start for one, other in pairwise(found)), "no double"
    for each in minutes:
        at = start + timedelta(minutes=each)
        if at < end:
            assert next((shift.person for shift in found if shift.covers(at)), None) == who(rotation, at)


def test_on_a_holiday_the_rotation_for_holidays_has_it_and_without_one_it_is_a_gap() -> None:
    office = {"people": ("dana",), "starts": date(2026, 1, 5), "time_zone": "Europe/Berlin"}
    berlin = {"country": "DE", "subdivision": "BE"}
    weekly = Rotation(**office, holidays=Holidays(**berlin))
    standby = Rotation(**{**office, "people": ("kofi",)}, holidays=Holidays(**berlin, only=True))
    christmas = datetime(2026, 12, 25, 12, tzinfo=UTC)
    assert (who(weekly, christmas), who(standby, christmas)) == (None, "kofi")
    assert who(standby, christmas + timedelta(days=3)) is None
    span = (christmas - timedelta(days=3), christmas + timedelta(days=4))
    assert gaps(Schedule(name="Shop", rotations=(weekly, standby)), [], *span) == ()
    (gap,) = gaps(Schedule(name="Shop", rotations=(weekly,)), [], *span)
    assert gap.end - gap.start == timedelta(days=2), "both days of Christmas"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"country": "XX"}, "are not known"),
        ({"country": "GER"}, "are not known"),
        ({"country": "DE", "subdivision": "QQ"}, "has no part 'QQ'"),
    ],
)
def test_a_country_nobody_knows_is_refused_by_name(told: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Holidays(**told)
