"""A shift changes: who goes and who comes are told what is open, what rang and what was noted; reading is on record."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.security.world import ORGANISATION, World, world_on
from tocsin.identity.actor import SYSTEM
from tocsin.organisation.usecases import ApplyFiles, apply_files

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXT = ORGANISATION.replace(
    "rotations: [{people: [dana], starts: 2026-01-05, time_zone: UTC}]",
    "team: checkout\n    rotations:\n"
    "      - {people: [dana, kofi], every: 1 day, starts: 2026-01-05, handover: '09:00', time_zone: UTC}\n"
    "  office:\n    name: Office\n    rotations:\n"
    "      - {people: [ada], starts: 2026-01-05, time_zone: UTC, hours: {begin: '09:00', end: '17:00'}}",
).replace(
    "checkout: {name: Checkout, steps: [{page: [{person: dana}]}]}",
    "checkout: {name: Checkout, steps: [{page: [{schedule: checkout}]}]}",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world_on(request.param, request, tmp_path) as made:
        made.database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": TEXT}), now))
        morning = made.clock.now().replace(hour=15, minute=0) + DAY
        made.clock.set(morning)
        made.settle()
        made.pass_time(DAY if on_call(made) == "kofi" else timedelta())
        assert on_call(made) == "dana"
        yield made


def on_call(world: World) -> str:
    items = world.session("mira").call("GET", "/oncall?schedule=checkout")["items"]
    return str(items[0]["person"])


def told(world: World, person: str, about: str = "Checkout") -> list[dict[str, Any]]:
    """What tells somebody of a handover of the schedule, the newest first."""
    world.settle()
    items = world.session("mira").call("GET", f"/pages?state=live&person={person}")["items"]
    return [each for each in items if f"has {about} now" in each["title"] or f"You have {about} now" in each["title"]]


def change_shift(world: World) -> None:
    world.pass_time(world.clock.now().replace(hour=9, minute=1) + DAY - world.clock.now())


def test_both_are_told_of_the_change_with_what_is_open_even_without_a_note(world: World) -> None:
    kofi, dana = world.session("kofi"), world.session("dana")
    page = dana.call("POST", "/pages", {"to": "checkout", "text": "Card payments fail"})
    world.settle()
    dana.call("POST", f"/pages/{page['id']}/acknowledge")
    dana.call("POST", "/incidents", {"title": "Card payments fail", "severity": 2, "services": ["checkout-api"]})
    change_shift(world)
    (to_kofi, *_), (to_dana, *_) = told(world, "kofi"), told(world, "dana")
    assert to_kofi["title"] == "You have Checkout now, from Dana Ruiz"
    assert "1 open incident; no open groups of alerts; 1 page in the shift" in to_kofi["detail"]
    assert "INC-1, Sev2: Card payments fail" in to_kofi["detail"] and "No note yet" in to_kofi["detail"]
    assert to_dana["title"] == "Kofi Mensah has Checkout now"
    assert to_kofi["urgency"] == to_dana["urgency"] == "notify", "nobody is woken"
    shown = kofi.call("GET", "/schedules/checkout/handover")
    assert [each["title"] for each in shown["incidents"]] == ["Card payments fail"]
    assert "acknowledged by Dana" in shown["last"]["pages"][0]["became"]


def test_a_note_is_written_before_and_shortly_after_and_read_by_who_comes(world: World) -> None:
    dana, kofi = world.session("dana"), world.session("kofi")
    note = "/schedules/checkout/handover/notes"
    assert kofi.api("POST", note, {"text": "mine"}).status_code == 403, "it is not Kofi's shift"
    dana.call("POST", note, {"text": "The queue drains slowly."})
    change_shift(world)
    (to_kofi, *_) = told(world, "kofi")
    assert "Dana Ruiz: The queue drains slowly." in to_kofi["detail"]
    dana.call("POST", note, {"text": "One more thing: the certificate."})
    last = kofi.call("GET", "/schedules/checkout/handover")["last"]
    assert [each["text"] for each in last["notes"]] == ["The queue drains slowly.", "One more thing: the certificate."]
    assert last["read_at"] is None
    assert dana.api("POST", f"/handovers/{last['id']}/read").status_code == 403
    kofi.call("POST", f"/handovers/{last['id']}/read")
    kofi.call("POST", f"/handovers/{last['id']}/read")
    assert kofi.call("GET", "/schedules/checkout/handover")["last"]["read_by"] == "kofi"
    assert told(world, "kofi") == told(world, "dana") == [], "what was read rings on no screen"
    world.pass_time(5 * HOUR)
    assert dana.api("POST", note, {"text": "too late"}).status_code == 403
    assert "read handover" in {each["action"] for each in world.session("mira").call("GET", "/audit")["items"]}


def test_a_handover_that_nobody_read_ends_with_the_next(world: World) -> None:
    change_shift(world)
    change_shift(world)
    assert [each["title"] for each in told(world, "kofi")] == ["Dana Ruiz has Checkout now"]
    items = world.session("vera").call("GET", "/schedules/checkout/handovers")["items"]
    assert [(each["from_person"], each["to_person"]) for each in items[:2]] == [("kofi", "dana"), ("dana", "kofi")]


def test_a_restricted_incident_is_told_to_those_alone_who_may_see_it(world: World) -> None:
    dana = world.session("dana")
    dana.call(
        "POST", "/incidents", {"title": "SECRET leak", "severity": 1, "services": ["checkout-api"], "restricted": True}
    )
    change_shift(world)
    (to_kofi, *_), (to_dana, *_) = told(world, "kofi"), told(world, "dana")
    assert "SECRET" in to_dana["detail"] and "1 open incident" in to_dana["detail"]
    assert "SECRET" not in to_kofi["detail"] and "no open incidents" in to_kofi["detail"]
    kofi = world.session("kofi")
    assert "SECRET" not in kofi.api("GET", "/schedules/checkout/handover").text
    assert "SECRET" not in kofi.ask("GET", "/oncall/handover?schedule=checkout").text
    assert "SECRET" in dana.ask("GET", "/oncall/handover?schedule=checkout").text


def test_taking_over_at_once_is_a_handover_too(world: World) -> None:
    now = world.clock.now()
    body = {
        "schedule": "checkout",
        "person": "kofi",
        "starts_at": now.isoformat(),
        "ends_at": (now + 2 * HOUR).isoformat(),
    }
    world.session("kofi").call("POST", "/overrides", body)
    world.clock.advance(timedelta(minutes=1))
    assert [each["title"] for each in told(world, "kofi")] == ["You have Checkout now, from Dana Ruiz"]
    world.pass_time(2 * HOUR)
    assert [each["title"] for each in told(world, "dana")] == ["You have Checkout now, from Kofi Mensah"]


def test_who_comes_back_to_their_own_schedule_after_a_gap_is_told_nothing(world: World) -> None:
    world.pass_time(2 * DAY)
    assert told(world, "ada", "Office") == []
    assert world.session("vera").call("GET", "/schedules/office/handovers")["items"] == []


def test_tocsin_was_away_at_the_change_and_tells_of_it_once_when_it_is_back(world: World) -> None:
    away: datetime = world.clock.now() + 3 * DAY
    world.clock.set(away)
    world.settle()
    assert len(told(world, on_call(world))) == 1


def test_the_screen_shows_it_and_takes_the_note(world: World) -> None:
    dana, kofi = world.session("dana"), world.session("kofi")
    assert dana.send("/oncall/handover/note", schedule="checkout", text="<b>The queue</b> drains").status_code == 303
    page = dana.ask("GET", "/oncall/handover").text
    assert "&lt;b&gt;The queue&lt;/b&gt; drains" in page and "Dana Ruiz until" in page
    change_shift(world)
    page = kofi.ask("GET", "/oncall/handover").text
    assert "Dana Ruiz to Kofi Mensah" in page and "I have read it" in page
    (handover,) = kofi.call("GET", "/schedules/checkout/handovers?limit=1")["items"]
    assert kofi.send(f"/oncall/handovers/{handover['id']}/read", schedule="checkout").status_code == 303
    assert "Read by Kofi Mensah" in world.session("vera").ask("GET", "/oncall/handover?schedule=checkout").text
