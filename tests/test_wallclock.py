"""The wall-clock rule: the first instant at which the zone's clock shows that time or a later one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin import wallclock
from tocsin.errors import Invalid

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Africa/Cairo",  # jumps at midnight
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Kolkata",
    "Pacific/Apia",  # lost 30 December 2011
    "Asia/Pyongyang",
    "UTC",
)
walls = st.datetimes(
    min_value=datetime.fromisoformat("2005-01-01"), max_value=datetime.fromisoformat("2035-01-01")
).map(lambda wall: wall.replace(second=0, microsecond=0))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00"),  # missing: the instant of the jump
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),  # twice: the first
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),
        ("Africa/Cairo", "2026-04-24T00:20", "2026-04-23T22:00"),  # a day that does not begin at 00:00
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00"),  # a whole day missing
    ],
)
def test_a_wall_time_stands_for_one_instant(zone: str, wall: str, instant: str) -> None:
    assert wallclock.first_instant(datetime.fromisoformat(wall), wallclock.zone(zone)) == at(instant)


@given(wall=walls, zone=st.sampled_from(ZONES))
def test_no_earlier_instant_shows_that_time_or_a_later_one(wall: datetime, zone: str) -> None:
    tz = wallclock.zone(zone)
    instant = wallclock.first_instant(wall, tz)
    assert wallclock.to_wall(instant, tz) >= wall
    for minutes in (1, 15, 30, 60, 90, 120, 26 * 60):
        earlier = instant - timedelta(minutes=minutes)
        assert wallclock.to_wall(earlier, tz) < wall


@given(one=walls, other=walls, zone=st.sampled_from(ZONES))
def test_a_later_wall_time_is_never_an_earlier_instant(one: datetime, other: datetime, zone: str) -> None:
    tz = wallclock.zone(zone)
    low, high = sorted((one, other))
    assert wallclock.first_instant(low, tz) <= wallclock.first_instant(high, tz)


def test_days_on_which_the_clock_changes_are_longer_or_shorter() -> None:
    berlin = wallclock.zone("Europe/Berlin")
    assert wallclock.length_of_day(date(2026, 3, 29), berlin) == timedelta(hours=23)
    assert wallclock.length_of_day(date(2026, 10, 25), berlin) == timedelta(hours=25)
    assert wallclock.length_of_day(date(2026, 11, 19), berlin) == timedelta(hours=24)


def test_a_persons_time_is_told_with_their_place() -> None:
    now = at("2026-11-19T14:27")
    assert wallclock.local_time_text(now, "Africa/Lagos") == "15:27 Lagos"
    assert wallclock.local_time_text(now, "Asia/Kolkata") == "19:57 Kolkata"
    assert wallclock.local_time_text(now, "America/New_York") == "09:27 New York"


def test_a_moment_is_told_as_short_as_it_stays_clear() -> None:
    utc, now = wallclock.zone("UTC"), at("2026-11-19T14:27")
    assert wallclock.moment_text(at("2026-11-19T20:00"), now, utc) == "20:00"
    assert wallclock.moment_text(at("2026-11-20T09:00"), now, utc) == "Fri 09:00"
    assert wallclock.moment_text(at("2026-11-26T09:00"), now, utc) == "Thu 26 Nov 09:00"
    assert wallclock.moment_text(at("2026-11-18T09:00"), now, utc) == "Wed 18 Nov 09:00"


@pytest.mark.parametrize(
    ("wrong", "near"), [("Europe/Berln", "Europe/Berlin"), ("lagos", "Africa/Lagos"), ("new york", "America/New_York")]
)
def test_a_zone_that_does_not_exist_names_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(Invalid, match=f"did you mean '{near}'"):
        wallclock.zone(wrong)


def test_night_is_the_persons_own() -> None:
    assert wallclock.is_night(at("2026-11-19T22:30"), wallclock.zone("UTC"))
    assert not wallclock.is_night(at("2026-11-19T22:30"), wallclock.zone("America/New_York"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sat 03:00", "2026-11-21T03:00"),
        ("Saturday 3:00", "2026-11-21T03:00"),
        ("thu 15:00", "2026-11-19T15:00"),  # today, still to come
        ("Thu 14:07", "2026-11-26T14:07"),  # now is not to come
        ("thu 09:00", "2026-11-26T09:00"),
    ],
)
def test_a_weekday_and_a_time_are_the_next_such_instant(text: str, expected: str) -> None:
    now = datetime(2026, 11, 19, 14, 7, tzinfo=UTC)
    assert wallclock.next_weekday(text, now) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["03:00", "sat", "satur 03:00", "sat 24:00", "sat 03:60", "next sat 03:00"])
def test_anything_else_is_no_weekday_and_time(text: str) -> None:
    assert wallclock.next_weekday(text, datetime(2026, 11, 19, 14, 7, tzinfo=UTC)) is None
