"""What people arrange between themselves: a swap counts once the other one agrees; leave is a warning, never a gap."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.world import ORGANISATION, World, world_on
from tocsin.identity.actor import SYSTEM
from tocsin.oncall.ahead import away
from tocsin.oncall.queries import who_is_on_call
from tocsin.oncall.schedule import FinalShift
from tocsin.organisation.usecases import ApplyFiles, apply_files

DAY = timedelta(days=1)
TEXT = ORGANISATION.replace(
    "rotations: [{people: [dana], starts: 2026-01-05, time_zone: UTC}]",
    "team: checkout\n    rotations:\n"
    "      - {people: [dana, kofi], every: 1 day, starts: 2026-01-05, handover: '09:00', time_zone: UTC}",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world_on(request.param, request, tmp_path) as made:
        made.database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": TEXT}), now))
        yield made


def on_call(world: World, at: datetime) -> str | None:
    return world.database.read(lambda c: who_is_on_call(c, "checkout", at))


def turn_of(world: World, person: str, after: int = 1) -> datetime:
    """When a whole day of somebody's begins, some days ahead."""
    start = world.clock.now().replace(hour=9, minute=0, second=0, microsecond=0) + after * DAY
    return start if on_call(world, start) == person else start + DAY


def offered(world: World, **more: object) -> str:
    start = turn_of(world, "dana")
    body = {"schedule": "checkout", "to": "kofi", "starts_at": start.isoformat(), "ends_at": (start + DAY).isoformat()}
    return str(world.session("dana").call("POST", "/oncall/swaps", {**body, **more})["id"])


def told(world: World, person: str) -> list[str]:
    """What notifies somebody: titles, the newest first."""
    world.settle()
    items = world.session("mira").call("GET", f"/pages?state=all&person={person}")["items"]
    return [each["title"] for each in items]


def test_nothing_changes_before_the_other_one_agrees_and_then_both_have_theirs(world: World) -> None:
    theirs = turn_of(world, "kofi", 4)
    swap = offered(world, back_starts_at=theirs.isoformat(), back_ends_at=(theirs + DAY).isoformat(), reason="wedding")
    mine = turn_of(world, "dana")
    assert (on_call(world, mine), on_call(world, theirs)) == ("dana", "kofi")
    assert any("Dana Ruiz asks you to take Checkout" in title for title in told(world, "kofi"))
    world.session("kofi").call("POST", f"/oncall/swaps/{swap}/accept")
    assert (on_call(world, mine), on_call(world, theirs)) == ("kofi", "dana")
    assert on_call(world, mine + DAY) == "kofi", "what comes after is as it was"
    assert any("Kofi Mensah takes Checkout" in title for title in told(world, "dana"))
    assert world.session("kofi").api("POST", f"/oncall/swaps/{swap}/accept").status_code == 409
    audited = world.session("mira").call("GET", "/audit")["items"]
    assert {"offer swap", "accepted swap"} <= {each["action"] for each in audited}


def test_a_no_is_told_with_its_reason(world: World) -> None:
    swap = offered(world)
    world.session("kofi").call("POST", f"/oncall/swaps/{swap}/decline", {"reason": "I am away too"})
    assert on_call(world, turn_of(world, "dana")) == "dana"
    assert any("Kofi Mensah does not take Checkout" in title for title in told(world, "dana"))


def test_only_the_one_who_was_asked_answers_and_only_who_asked_takes_it_back(world: World) -> None:
    swap = offered(world)
    assert world.session("dana").api("POST", f"/oncall/swaps/{swap}/accept").status_code == 403
    assert world.session("mira").api("POST", f"/oncall/swaps/{swap}/accept").status_code == 404
    assert world.session("kofi").api("DELETE", f"/oncall/swaps/{swap}").status_code == 403
    assert world.session("vera").api("POST", f"/oncall/swaps/{swap}/accept").status_code == 403
    world.session("dana").call("DELETE", f"/oncall/swaps/{swap}")
    assert world.session("kofi").api("POST", f"/oncall/swaps/{swap}/accept").status_code == 409


def test_hours_that_changed_hands_meanwhile_can_not_be_had(world: World) -> None:
    swap, start = offered(world), turn_of(world, "dana")
    override = {
        "schedule": "checkout",
        "person": "ada",
        "starts_at": start.isoformat(),
        "ends_at": (start + DAY / 4).isoformat(),
    }
    world.session("mira").call("POST", "/overrides", override)
    assert world.session("kofi").api("POST", f"/oncall/swaps/{swap}/accept").status_code == 409
    assert on_call(world, start + DAY / 2) == "dana", "no half of a swap"


def test_what_nobody_answered_lapses_when_the_hours_begin(world: World) -> None:
    swap = offered(world)
    world.pass_time(turn_of(world, "dana") - world.clock.now() + timedelta(minutes=1))
    (item,) = world.session("dana").call("GET", "/oncall/swaps?state=lapsed")["items"]
    assert item["id"] == swap
    assert any("Nobody answered" in title for title in told(world, "dana"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": "nobody"}, "to"),
        ({"to": "dana"}, "to"),
        ({"starts_at": "2020-01-01T00:00:00Z"}, "starts_at"),
        ({"back_starts_at": "2030-01-01T00:00:00Z"}, "back_starts_at"),
        ({"ends_at": "2030-01-01T00:00:00Z"}, "starts_at"),
    ],
)
def test_what_can_not_be_offered_names_its_field(world: World, change: dict[str, str], field: str) -> None:
    start = turn_of(world, "dana")
    body = {"schedule": "checkout", "to": "kofi", "starts_at": start.isoformat(), "ends_at": (start + DAY).isoformat()}
    answer = world.session("dana").api("POST", "/oncall/swaps", {**body, **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_shifts_in_a_leave_are_warned_of_and_stay_whose_they_are(world: World) -> None:
    start = turn_of(world, "dana", 5)
    span = {"starts_at": start.isoformat(), "ends_at": (start + 3 * DAY).isoformat(), "note": "the sea"}
    leave = world.session("dana").call("POST", "/oncall/leaves", span)["id"]
    assert on_call(world, start) == "dana"
    kinds = [each["kind"] for each in world.session("kofi").call("GET", "/oncall/warnings")["items"]]
    assert "away" in kinds
    assert any("Dana Ruiz is away while on call in Checkout" in title for title in told(world, "dana"))
    (seen,) = world.session("kofi").call("GET", "/oncall/leaves")["items"]
    assert (seen["person_id"], seen["note"]) == ("dana", "")
    assert "Dana Ruiz is away while on call" in world.session("kofi").ask("GET", "/oncall").text
    assert world.session("kofi").api("DELETE", f"/oncall/leaves/{leave}").status_code == 403
    world.session("dana").call("DELETE", f"/oncall/leaves/{leave}")
    kinds = [each["kind"] for each in world.session("kofi").call("GET", "/oncall/warnings")["items"]]
    assert "away" not in kinds


def test_the_screen_offers_and_answers(world: World) -> None:
    dana, kofi, start = world.session("dana"), world.session("kofi"), turn_of(world, "dana")
    sent = dana.send(
        "/oncall/swaps/new",
        schedule="checkout",
        person="kofi",
        starts_at=f"{start:%Y-%m-%d %H:%M}",
        ends_at=f"{start + DAY:%Y-%m-%d %H:%M}",
    )
    assert sent.status_code == 303, sent.text
    assert "You asked Kofi Mensah to take Checkout" in dana.ask("GET", "/oncall").text
    page = kofi.ask("GET", "/oncall").text
    assert "Dana Ruiz asks you to take Checkout" in page
    (swap,) = kofi.call("GET", "/oncall/swaps")["items"]
    assert kofi.send(f"/oncall/swaps/{swap['id']}/accept").status_code == 303
    assert on_call(world, start) == "kofi"


MOMENT = datetime(2026, 11, 19, tzinfo=UTC)
spans = st.tuples(st.integers(0, 50), st.integers(1, 20)).map(
    lambda one: (MOMENT + one[0] * timedelta(hours=6), MOMENT + (one[0] + one[1]) * timedelta(hours=6))
)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), spans), max_size=6),
    st.lists(st.tuples(st.sampled_from("ab"), spans), max_size=4),
)
def test_whoever_is_away_in_a_shift_is_named_once(
    shifts: list[tuple[str, tuple[datetime, datetime]]], leaves: list[tuple[str, tuple[datetime, datetime]]]
) -> None:
    made = [FinalShift(start, end, person, "rotation", "") for person, (start, end) in shifts]
    gone = [(person, start, end) for person, (start, end) in leaves]
    meant = {
        person
        for person, (start, end) in shifts
        for other, (begin, finish) in leaves
        if person == other and begin < end and start < finish
    }
    found = away("checkout", made, gone)
    assert {each.person for each in found} == meant
    assert len(found) == len(meant)
    assert all(each.start < each.end for each in found)
