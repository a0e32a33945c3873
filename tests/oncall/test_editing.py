"""A schedule that is made or changed: told before it is saved, true from then on, and the past stays as it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oncall.test_schedule import layered, rotations
from tests.security.world import World, world_on
from tocsin.oncall import rotation as rules
from tocsin.oncall import schedule as schedules
from tocsin.oncall.editing import anchored, differences
from tocsin.oncall.queries import who_is_on_call
from tocsin.organisation.model.schedule import Rotation, Schedule

EPOCH = datetime(2026, 10, 19, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW: dict[str, Any] = {
    "name": "Ledger",
    "rotations": [{"people": ["kofi", "ada"], "every": "1 week", "starts": "2026-01-05", "time_zone": "UTC"}],
}


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world_on(request.param, request, tmp_path) as made:
        yield made


def who(world: World, schedule: str, at: datetime) -> str | None:
    return world.database.read(lambda c: who_is_on_call(c, schedule, at))


@given(one=layered, other=layered, length=st.integers(1, 400))
def test_differences_are_the_hours_that_change_hands_and_no_others(one: Schedule, other: Schedule, length: int) -> None:
    end = EPOCH + length * HOUR
    before, after = (schedules.final_shifts(each, (), EPOCH, end) for each in (one, other))
    found = differences(before, after, EPOCH, end)
    assert all(each.before != each.after and each.start < each.end for each in found)
    for step in range(length * 2):
        at = EPOCH + step * HOUR / 2
        told = [(each.before, each.after) for each in found if each.start <= at < each.end]
        had, has = schedules.who(one, (), at), schedules.who(other, (), at)
        assert told == ([(had, has)] if had != has else [])


@given(
    rotation=rotations, every=st.sampled_from(["12h", "1 day", "36h", "1 week", "1 month"]), asked=st.integers(0, 900)
)
def test_a_rotation_begins_at_its_present_turn_and_stays_the_same(rotation: Rotation, every: str, asked: int) -> None:
    rotation = Rotation.model_validate({**rotation.model_dump(mode="json"), "every": every})
    at = EPOCH + asked * HOUR
    moved = anchored(rotation, at)
    assert rules.turn_at(moved, at) is None or every in ("12h", "36h") or rules.turn_at(moved, at) == 0
    assert [rules.who(moved, at + step * 5 * HOUR) for step in range(150)] == [
        rules.who(rotation, at + step * 5 * HOUR) for step in range(150)
    ]


def test_a_month_that_lacks_the_day_is_left_as_it_is() -> None:
    on_the_31st = Rotation.model_validate(
        {"people": ["a", "b"], "every": "1 month", "starts": "2026-01-31", "time_zone": "UTC"}
    )
    assert anchored(on_the_31st, datetime(2026, 3, 5, tzinfo=UTC)) == on_the_31st


def test_a_schedule_is_made_changed_and_removed_and_the_past_stays(world: World) -> None:
    mira, began = world.session("mira"), world.clock.now()
    made = mira.call("PUT", "/schedules/ledger-nights", NEW)
    assert made["source"]["origin"] == "screen"
    first = who(world, "ledger-nights", began + DAY)
    world.clock.advance(3 * DAY)
    changed = {**NEW, "rotations": [{**NEW["rotations"][0], "people": ["mira"]}]}
    mira.call("PUT", "/schedules/ledger-nights", changed)
    assert who(world, "ledger-nights", world.clock.now()) == "mira"
    assert who(world, "ledger-nights", began + DAY) == first, "the past never changes"
    mira.call("DELETE", "/schedules/ledger-nights")
    assert mira.api("GET", "/schedules/ledger-nights").status_code == 404
    assert mira.api("DELETE", "/schedules/ledger-nights").status_code == 404


def test_a_preview_says_what_saving_then_does_and_saves_nothing(world: World) -> None:
    mira, now = world.session("mira"), world.clock.now()
    mira.call("PUT", "/schedules/ledger-nights", NEW)
    changed = {**NEW, "rotations": [{**NEW["rotations"][0], "people": ["ada", "mira"]}]}
    told = mira.call("POST", "/schedules/ledger-nights/preview", changed)
    assert mira.call("GET", "/schedules/ledger-nights")["rotations"][0]["people"] == ["kofi", "ada"]
    assert told["gaps"] == [] and told["changes"]
    moments = [now + (step * 7 + 1) * HOUR for step in range(120)]
    before = [who(world, "ledger-nights", at) for at in moments]
    mira.call("PUT", "/schedules/ledger-nights", changed)
    for at, had in zip(moments, before, strict=True):
        spans = [
            (each["before"], each["after"])
            for each in told["changes"]
            if datetime.fromisoformat(each["starts_at"]) <= at < datetime.fromisoformat(each["ends_at"])
        ]
        has = who(world, "ledger-nights", at)
        assert spans == ([(had, has)] if had != has else [])


def test_what_files_own_is_changed_there_and_the_answer_names_the_line(world: World) -> None:
    refused = world.session("mira").api("PUT", "/schedules/checkout", {**NEW, "name": "Mine"})
    assert refused.status_code == 409
    assert "comes from" in refused.text and ".yaml:" in refused.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"people": ["nobody"]}, "people"),
        ({"people": []}, "people"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"every": "5m"}, "every"),
        ({"starts": "soon"}, "starts"),
    ],
)
def test_a_mistake_names_its_field(world: World, change: dict[str, Any], field: str) -> None:
    answer = world.session("mira").api(
        "PUT", "/schedules/ledger-nights", {**NEW, "rotations": [{**NEW["rotations"][0], **change}]}
    )
    assert answer.status_code == 422
    assert field in answer.text


def test_only_managers_make_schedules(world: World) -> None:
    assert world.session("dana").api("PUT", "/schedules/ledger-nights", NEW).status_code == 403
    assert world.session("vera").api("POST", "/schedules/ledger-nights/preview", NEW).status_code == 200
    assert world.session("mira").api("PUT", "/schedules/No%20id", NEW).status_code == 422


def override(world: World, start: datetime, hours: int = 8, **more: str) -> dict[str, Any]:
    body = {"starts_at": start.isoformat(), "ends_at": (start + hours * HOUR).isoformat()}
    return world.session("kofi").call("POST", "/overrides", {"schedule": "checkout", "person": "kofi", **body, **more})


def test_an_override_that_runs_ends_early_and_what_it_was_stays(world: World) -> None:
    began = world.clock.now()
    made = override(world, began)
    world.clock.advance(2 * HOUR)
    end = began + 3 * HOUR
    changed = world.session("kofi").call("PATCH", f"/overrides/{made['id']}", {"ends_at": end.isoformat()})
    assert changed["reason"] == made["reason"]
    assert [who(world, "checkout", began + hours * HOUR) for hours in (1, 2.5, 4)] == ["kofi", "kofi", "dana"]
    assert len(world.session("kofi").call("GET", "/overrides")["items"]) == 1


def test_an_override_to_come_is_moved_whole(world: World) -> None:
    start = world.clock.now() + DAY
    made = override(world, start, reason="dentist")
    moved = {"starts_at": (start + 2 * HOUR).isoformat(), "ends_at": (start + 12 * HOUR).isoformat()}
    changed = world.session("kofi").call("PATCH", f"/overrides/{made['id']}", moved)
    assert changed["reason"] == "dentist"
    assert [who(world, "checkout", start + hours * HOUR) for hours in (1, 3, 10, 13)] == [
        "dana",
        "kofi",
        "kofi",
        "dana",
    ]
    assert world.session("kofi").api("PATCH", f"/overrides/{made['id']}", {}).status_code == 409


def test_nobody_changes_the_override_of_another_into_their_own_wish(world: World) -> None:
    made = override(world, world.clock.now() + DAY)
    assert world.session("vera").api("PATCH", f"/overrides/{made['id']}", {"reason": "x"}).status_code == 403
    assert world.session("kofi").api("PATCH", f"/overrides/{made['id']}", {"person": "ada"}).status_code == 403
    wrong = {"ends_at": (world.clock.now() - HOUR).isoformat()}
    assert world.session("kofi").api("PATCH", f"/overrides/{made['id']}", wrong).status_code == 422
    assert who(world, "checkout", world.clock.now() + DAY + HOUR) == "kofi", "a refusal changes nothing"
