"""How much duty a person takes, and who rests after a page at night."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.oncall.limits import AWAKE_FOR, broken, rests_until
from tocsin.oncall.policy import Directory, resolve
from tocsin.organisation.model.person import Limits
from tocsin.organisation.model.policy import Step
from tocsin.wallclock import is_night

MADRID = ZoneInfo("Europe/Madrid")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)  # 09:00 in Madrid


def spans(*hours: tuple[float, float]) -> list[tuple[datetime, datetime]]:
    return [(MONDAY + start * HOUR, MONDAY + end * HOUR) for start, end in hours]


@pytest.mark.parametrize(
    ("limits", "duty", "said"),
    [
        ({"hours_a_week": 168}, [(0, 24 * 30)], []),
        ({"hours_a_week": 100}, [(0, 24 * 30)], ["168 hours on call in a week, 100 at most"]),
        ({"hours_a_week": 16}, [(0, 8), (24, 32)], []),
        ({"hours_a_week": 16}, [(0, 8), (24, 32), (160, 168)], ["24 hours on call in a week, 16 at most"]),
        ({"hours_a_week": 16}, [(0, 8), (24, 32), (168, 176)], []),
        ({"nights_a_week": 2}, [(13, 14), (37, 38), (61, 62)], ["3 nights in a week, 2 at most"]),
        ({"nights_a_week": 0}, [(0, 9)], []),
        ({"nights_a_week": 0}, [(21, 21.9)], ["1 nights in a week, 0 at most"]),  # 06:00 belongs to the night before
        ({"weekends_a_month": 1}, [(115, 140)], []),
        ({"weekends_a_month": 1}, [(115, 116), (115 + 168, 116 + 168)], ["2 weekends in four weeks, 1 at most"]),
        ({"weekends_a_month": 1}, [(115, 116), (115 + 672, 116 + 672)], []),
        ({}, [(0, 24 * 30)], []),
    ],
)
def test_what_goes_beyond_a_limit_is_told_once(
    limits: dict[str, int], duty: list[tuple[float, float]], said: list[str]
) -> None:
    assert [each.said for each in broken(spans(*duty), Limits.model_validate(limits), MADRID, MONDAY)] == said


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(1, 80)), max_size=6), st.integers(1, 168))
def test_hours_in_a_week_are_those_of_the_busiest_week(duty: list[tuple[int, int]], most: int) -> None:
    theirs = sorted(spans(*((start, start + length) for start, length in duty)))
    on = {n for start, length in duty for n in range(start, start + length)}
    busiest = max((sum(first <= n < first + 168 for n in on) for first in range(800)), default=0)
    assert bool(broken(theirs, Limits(hours_a_week=most), MADRID, MONDAY)) is (busiest > most)


@pytest.mark.parametrize(
    ("now", "weeks", "said"),
    [
        (24 * 3, 1, ["3 nights in a week, 2 at most"]),  # two had, the third to come
        (24 * 5, 1, []),  # had, and nothing can be mended
        (24 * 5, 2, ["3 nights in a week, 2 at most"]),  # the next ones
    ],
)
def test_what_was_had_counts_with_what_comes_and_what_has_passed_is_not_told(
    now: int, weeks: int, said: list[str]
) -> None:
    nights = spans((13, 14), (37, 38), (85, 86), (13 + 240, 14 + 240), (37 + 240, 38 + 240), (85 + 240, 86 + 240))
    limits, nights = Limits(nights_a_week=2), nights[: 3 * weeks]
    assert [each.said for each in broken(nights, limits, MADRID, MONDAY + now * HOUR)] == said


@pytest.mark.parametrize(("utc", "night"), [("20:59", False), ("21:00", True), ("05:59", True), ("06:00", False)])
def test_night_is_that_of_the_persons_own_clock(utc: str, night: bool) -> None:
    hour, minute = map(int, utc.split(":"))
    assert is_night(MONDAY.replace(hour=hour, minute=minute), MADRID) is night


@given(st.lists(st.integers(-40, 40), max_size=5), st.integers(0, 24), st.integers(-40, 60))
def test_who_was_paged_at_night_rests_from_an_hour_later_and_nobody_else(
    paged: list[int], rest: int, hour: int
) -> None:
    instants, now, length = [MONDAY + n * HOUR for n in paged], MONDAY + hour * HOUR, rest * HOUR
    until = rests_until(instants, length, MADRID, now)
    nights = [at for at in instants if at <= now and is_night(at, MADRID)]
    if until is None:
        assert not nights or not max(nights) + AWAKE_FOR <= now < max(nights) + length
    else:
        assert until == max(nights) + length
        assert until > now


def who(severity: str | None, resting: set[str], page: list[dict[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    directory = Directory(
        active={"dana", "kofi", "ines"},
        teams={"all": ("dana", "kofi", "ines")},
        schedules={"primary"},
        who=lambda *_: "dana",
        after=lambda *_: "kofi",
        rests_until=lambda person, at: at + HOUR if person in resting else None,
    )
    found = resolve(Step.model_validate({"page": page, "wait": "5m"}), directory, MONDAY, severity)
    return found.people, found.rests


SCHEDULE, TEAM, DANA = [{"schedule": "primary"}], [{"team": "all"}], [{"person": "dana"}]


@pytest.mark.parametrize(
    ("severity", "resting", "page", "people", "told"),
    [
        ("error", set(), SCHEDULE, ("dana",), ""),
        ("error", {"dana"}, SCHEDULE, ("kofi",), "dana rests until 09:00 UTC after a page at night: kofi instead"),
        ("critical", {"dana"}, SCHEDULE, ("dana",), ""),
        ("sev1", {"dana"}, SCHEDULE, ("dana",), ""),
        (None, {"dana", "kofi"}, SCHEDULE, ("dana",), "nobody else is free, so they are paged nevertheless"),
        ("error", {"dana"}, TEAM, ("kofi", "ines"), "kofi, ines instead"),
        ("error", {"dana", "kofi", "ines"}, TEAM, ("dana", "kofi", "ines"), "nobody else is free"),
        ("error", {"dana"}, DANA, ("dana",), ""),
    ],
)
def test_who_rests_is_paged_when_nobody_else_can_be_or_it_is_critical(
    severity: str | None, resting: set[str], page: list[dict[str, str]], people: tuple[str, ...], told: str
) -> None:
    paged, said = who(severity, resting, page)
    assert paged == people
    assert (told in " ".join(said)) if told else said == ()


@pytest.mark.parametrize("wrong", [{"hours_a_week": 0}, {"nights_a_week": 8}, {"weekends_a_month": -1}, {"days": 1}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits.model_validate(wrong)
