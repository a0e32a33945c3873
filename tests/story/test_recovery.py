"""Restored is what the numbers say: the hold, the watch, the way back after a regression; on a simulated clock."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.standins.health import Health
from tests.standins.house import House, Json, opened
from tests.standins.smtp import SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.demo.organisation import Pace

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
PACE = Pace(hold=60, watch=300, sample=10)


@pytest.fixture
def shop() -> Iterator[Health]:
    """The shop as its recovery check sees it."""
    server = Health().start()
    yield server
    server.stop()


@pytest.fixture
def house(tmp_path: Path, database_url: str, clock: SimulatedClock, smtp: SmtpStandin, shop: Health) -> Iterator[House]:
    """The shop's Tocsin; everybody reads e-mail."""
    with opened(tmp_path, database_url, clock, smtp) as made:
        made.apply_organisation(shop=shop.url, prometheus=shop.url, pace=PACE)
        for person in ("ada", "dana", "kofi", "mira"):
            made.verified_email(smtp, person, f"{person}@shop.example")
        yield made


def respond(house: House) -> int:
    """An incident with a commander and one finished decision; returns its number."""
    body = {"title": "Card payments fail", "severity": 2, "services": ["checkout"]}
    number = int(house.call("POST", "/incidents", body)["incident"]["number"])
    house.settle()
    for page in house.call("GET", "/pages?state=open")["items"]:
        house.call("POST", f"/pages/{page['id']}/acknowledge")
    if "commander" not in state(house, number)["roles"]:
        house.call("POST", f"/incidents/{number}/roles", {"role": "commander", "person": "ada"})
    house.call("POST", f"/incidents/{number}/phase", {"phase": "triage"})
    made = house.call("POST", f"/incidents/{number}/decisions", {"command": "shopctl rollback", "expected": "it works"})
    result = {"actual": "it does", "matched": "matched"}
    house.call("POST", f"/incidents/{number}/decisions/{made['decision_id']}/result", result)
    house.settle()
    return number


def state(house: House, number: int) -> Json:
    return house.call("GET", f"/incidents/{number}")


def kinds(house: House, number: int) -> list[str]:
    items = house.call("GET", f"/incidents/{number}/timeline?limit=200&order=asc")["items"]
    return [str(item["kind"]) for item in items]


def test_nothing_is_restored_while_a_check_fails(house: House, shop: Health) -> None:
    shop.fall_ill()
    number = respond(house)
    house.pass_time(10 * MINUTE)
    assert state(house, number)["phase"] in ("triage", "mitigating")
    assert shop.asked > 10
    answer = house.request("POST", f"/api/v1/incidents/{number}/phase", {"phase": "watching"})
    assert answer.status_code in (409, 422)


def test_hold_and_watch_then_the_commander_ends_it(house: House) -> None:
    number = respond(house)
    house.pass_time(90 * SECOND)
    assert state(house, number)["phase"] == "watching"
    answer = house.request("POST", f"/api/v1/incidents/{number}/phase", {"phase": "resolved"})
    assert answer.status_code in (409, 422), "the watch is not over"
    house.pass_time(6 * MINUTE)
    assert "watch_passed" in kinds(house, number)
    house.call("POST", f"/incidents/{number}/phase", {"phase": "resolved"})
    house.settle()
    assert {"deploys_held", "deploys_released", "review_scheduled"} <= set(kinds(house, number))


def test_a_regression_goes_back_to_mitigating_and_pages(house: House, shop: Health, smtp: SmtpStandin) -> None:
    number = respond(house)
    house.pass_time(90 * SECOND)
    assert state(house, number)["phase"] == "watching"
    before = len(smtp.to("ada@shop.example"))
    shop.fall_ill()
    house.pass_time(15 * SECOND)
    assert state(house, number)["phase"] == "watching", "one failing measure is no regression"
    house.pass_time(30 * SECOND)
    assert state(house, number)["phase"] == "mitigating"
    assert "regression_found" in kinds(house, number)
    assert len(smtp.to("ada@shop.example")) > before, "the commander is paged"
    shop.get_well()
    house.pass_time(2 * MINUTE)
    assert state(house, number)["phase"] == "watching", "and the way begins again"


def test_no_data_opens_no_gate_and_is_no_regression(house: House, shop: Health) -> None:
    number = respond(house)
    house.pass_time(90 * SECOND)
    assert state(house, number)["phase"] == "watching"
    shop.say_nothing()
    house.pass_time(10 * MINUTE)
    assert state(house, number)["phase"] == "watching"
    found = kinds(house, number)
    assert "watch_passed" not in found
    assert "regression_found" not in found
    assert "no_data_told" in found, "and the commander is told"


def test_tocsin_away_during_the_hold_opens_no_gate(house: House) -> None:
    number = respond(house)
    house.pass_time(30 * SECOND)
    assert "hold_passed" not in kinds(house, number)
    house.sleep(timedelta(hours=1))
    house.settle()
    assert "hold_passed" not in kinds(house, number), "samples count, not the clock"
    house.pass_time(90 * SECOND)
    assert "hold_passed" in kinds(house, number)
