"""A gap in a schedule is told a day before it begins: once, and to people who can do something about it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import SimulatedClock
from tocsin.engine.claims import next_due
from tocsin.engine.loop import Loop
from tocsin.engine.work import Registry
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.oncall import gaps, handlers, usecases
from tocsin.oncall.schedule import Gap
from tocsin.oncall.usecases import AddOverride
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store.database import Database

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
FILES = """
people:
  ada: {name: Ada, email: ada@example.com}
  dana: {name: Dana, email: dana@example.com}
  kofi: {name: Kofi, email: kofi@example.com}
teams:
  shop: {name: Shop, members: [dana]}
schedules:
  weekend:
    name: Weekend
    team: shop
    rotations:
      - people: [kofi]
        starts: 2026-01-05
        time_zone: UTC
        hours: {days: [mon, tue, wed, thu, fri, sat], begin: "00:00", end: "00:00"}
  whole:
    name: Whole
    rotations: [{people: [kofi], starts: 2026-01-05, time_zone: UTC}]
organisation: {last_resort: [ada]}
"""


class Week:
    """Schedules as time passes; what was asked of paging is kept."""

    def __init__(self, database: Database, clock: SimulatedClock, files: str) -> None:
        self.database, self.clock = database, clock
        self.opened: list[tuple[datetime, dict[str, Any]]] = []
        self.withdrawn: list[dict[str, Any]] = []
        registry = Registry()
        handlers.register(registry)
        self.long_before: list[tuple[datetime, dict[str, Any]]] = []
        registry.task("open_page", lambda c, job, now: self._asked(now, dict(job.payload)))
        registry.task("withdraw_page", lambda c, job, now: self.withdrawn.append(dict(job.payload)))
        registry.task("look_at_reachability", lambda *_: None)  # another stage
        self.loop = Loop(database, registry, clock, "node", lambda *_: None)
        clock.set(MONDAY)
        self.apply(files)

    def _asked(self, now: datetime, payload: dict[str, Any]) -> None:
        is_near = payload["subject_id"].startswith("gap:")
        (self.opened if is_near else self.long_before).append((now, payload))

    def apply(self, files: str) -> None:
        self.database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": files}), now))
        asyncio.run(self.loop.run_due())

    def until(self, moment: datetime) -> None:
        asyncio.run(self.loop.run_due())
        while (due := self.database.read(next_due)) is not None and due <= moment:
            self.clock.set(max(due, self.clock.now() + timedelta(microseconds=1)))
            asyncio.run(self.loop.run_due())
        self.clock.set(moment)


@pytest.fixture
def week(database: Database, clock: SimulatedClock) -> Week:
    return Week(database, clock, FILES)


SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_schedule_s_team_hears_a_day_before(week: Week) -> None:
    week.until(SUNDAY - timedelta(hours=25))
    assert week.opened == []
    week.until(SUNDAY - timedelta(hours=23))
    ((at, asked),) = week.opened
    assert SUNDAY - at == timedelta(hours=24)
    assert asked["title"] == "Nobody is on call in Weekend from Sun 22 Nov 00:00 to Mon 23 Nov 00:00 UTC"
    assert (asked["urgency"], asked["to"]) == ("notify", [{"team": "shop"}])


def test_a_gap_that_returns_each_week_is_told_once(week: Week) -> None:
    week.until(SUNDAY + timedelta(weeks=5))
    assert len(week.opened) == 1


def test_the_last_resort_hears_of_a_schedule_without_a_team(database: Database, clock: SimulatedClock) -> None:
    week = Week(database, clock, FILES.replace("    team: shop\n", ""))
    week.until(SUNDAY)
    assert [asked["to"] for _, asked in week.opened] == [[{"person": "ada"}]]


def test_a_gap_that_somebody_fills_in_time_is_not_told(week: Week) -> None:
    fill = AddOverride("weekend", "dana", SUNDAY, SUNDAY + timedelta(days=1), "I am here")
    week.database.write(lambda c, now: usecases.add_override(c, person("dana", "Dana", Right.MANAGER), fill, now))
    week.until(SUNDAY + timedelta(days=1))
    assert week.opened == []


def test_what_was_told_is_withdrawn_once_somebody_fills_it(week: Week) -> None:
    week.until(SUNDAY - timedelta(hours=20))
    (_, asked) = week.opened[0]
    fill = AddOverride("weekend", "dana", SUNDAY, SUNDAY + timedelta(days=1), "I am here")
    week.database.write(lambda c, now: usecases.add_override(c, person("dana", "Dana", Right.MANAGER), fill, now))
    week.until(SUNDAY - timedelta(hours=19))
    ended = {one["subject_id"]: one["why"] for one in week.withdrawn}
    assert ended[asked["subject_id"]] == "somebody is on call then"


def test_a_change_that_makes_a_gap_tomorrow_is_told_at_once(week: Week) -> None:
    week.until(MONDAY + timedelta(hours=1))
    week.apply(FILES.replace("mon, tue, wed", "mon, wed"))
    assert [asked["title"] for _, asked in week.opened] == [
        "Nobody is on call in Weekend from Tue 17 Nov 00:00 to Wed 18 Nov 00:00 UTC"
    ]


@given(
    starts=st.lists(st.integers(-100, 100), max_size=6, unique=True),
    hour=st.integers(0, 23),
)
def test_no_warning_comes_after_its_gap_began_and_each_gap_has_one(starts: list[int], hour: int) -> None:
    now = MONDAY.replace(hour=hour)
    found = [Gap(now + timedelta(hours=start), now + timedelta(hours=start, minutes=30)) for start in sorted(starts)]
    warned = [one for one in gaps.wanted(found, now) if one.kind == gaps.GAP]
    assert {one.key for one in warned} == {gaps.key_of(gap.start) for gap in found if gap.start > now}
    assert all(now <= one.due_at < datetime.fromisoformat(one.key) for one in warned)


def test_a_gap_is_told_as_soon_as_it_is_within_thirty_days_and_again_a_day_before(week: Week) -> None:
    ((at, asked),) = week.long_before
    assert at == MONDAY
    assert asked["title"] == "Nobody is on call in Weekend from Sun 22 Nov 00:00 to Mon 23 Nov 00:00 UTC"
    assert (asked["urgency"], asked["to"]) == ("notify", [{"team": "shop"}])
    week.until(SUNDAY - timedelta(hours=23))
    assert [one["subject_id"] for one in week.withdrawn] == [asked["subject_id"]]
    assert len(week.opened) == 1


def test_a_gap_that_was_told_long_before_is_withdrawn_once_somebody_fills_it(week: Week) -> None:
    fill = AddOverride("weekend", "dana", SUNDAY, SUNDAY + timedelta(days=1), "I am here")
    week.database.write(lambda c, now: usecases.add_override(c, person("dana", "Dana", Right.MANAGER), fill, now))
    week.until(MONDAY + timedelta(hours=1))
    assert [one["why"] for one in week.withdrawn] == ["somebody is on call then"]


def test_a_gap_that_returns_is_told_long_before_once(week: Week) -> None:
    week.until(MONDAY + timedelta(days=60))
    assert len(week.long_before) == 1
