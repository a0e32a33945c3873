"""The list of incidents is asked for by service, team, severity, state and time."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import ORGANISATION, token_for
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import SYSTEM, Right
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store.database import Database

MORE = ORGANISATION.replace(
    "  ledger: {name: Ledger, team: checkout,",
    "  door: {name: Door, team: security}\n  ledger: {name: Ledger, team: checkout,",
)


@pytest.fixture
def ask(api: TestClient, database: Database, clock: SimulatedClock):
    """Four incidents, an hour apart; a question to the list gives their titles' first words."""
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": MORE}), now))
    headers = token_for(database, "dana", Right.ADMIN)
    for title, severity, services in (
        ("first mentions door", 1, ["checkout-api"]),
        ("second", 2, ["ledger", "checkout-api"]),
        ("third", 3, ["door"]),
        ("fourth", 2, []),
    ):
        body = {"title": title, "severity": severity, "services": services, "reason": '"door"'}
        assert api.post("/incidents", json=body, headers=headers).status_code == 201
        clock.advance(timedelta(hours=1))
    assert api.post("/incidents/2/cancel", json={"reason": "none"}, headers=headers).status_code == 200

    def asked(**query: str) -> list[str]:
        answer = api.get("/incidents", params={"state": "all", **query}, headers=headers)
        if answer.status_code != 200:
            return [answer.json()["detail"]]
        return [item["title"].split()[0] for item in answer.json()["items"]]

    return asked


def test_each_filter_alone_and_together(ask, clock: SimulatedClock) -> None:
    ago = {hours: (clock.now() - timedelta(hours=hours)).isoformat() for hours in (1, 2, 3, 4)}
    assert ask() == ["fourth", "third", "second", "first"]
    assert ask(service="checkout-api") == ["second", "first"]
    assert ask(service="door") == ["third"]
    assert ask(service="nosuch") == []
    assert ask(team="checkout") == ["second", "first"]
    assert ask(team="security") == ["third"]
    assert ask(team="checkout", service="door") == []
    assert ask(team="nosuch") == ["there is no team 'nosuch'"]
    assert ask(severity="2") == ["fourth", "second"]
    assert ask(state="open", service="checkout-api") == ["first"]
    assert ask(state="closed") == ["second"]
    assert ask(since=ago[3]) == ["fourth", "third", "second"]
    assert ask(until=ago[3]) == ["first"]
    assert ask(since=ago[3], until=ago[1]) == ["third", "second"]
    assert ask(service="checkout-api", limit="1") == ["second"]


def test_a_filtered_list_goes_on_where_its_page_ended(api: TestClient, ask, database: Database) -> None:
    headers = token_for(database, "kofi", Right.VIEWER)
    first = api.get("/incidents?state=all&service=checkout-api&limit=1", headers=headers).json()
    cursor = first["next_cursor"]
    second = api.get(
        "/incidents", params={"state": "all", "service": "checkout-api", "limit": 1, "cursor": cursor}, headers=headers
    ).json()
    assert [item["title"] for item in second["items"]] == ["first mentions door"]
