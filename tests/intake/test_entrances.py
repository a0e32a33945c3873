"""How a sender proves who it is, how its key is changed without a gap, and how much it may send."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tocsin.alerts.queries import alerts
from tocsin.alerts.usecases import fold_received
from tocsin.clock import SimulatedClock
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.intake import queries
from tocsin.intake.rates import Rates, TooOften
from tocsin.intake.routes import Known, routes
from tocsin.intake.senders import sender_named
from tocsin.intake.signatures import is_signed, signature
from tocsin.intake.usecases import (
    ChangeIntegration,
    CreateIntegration,
    change_integration,
    create_integration,
    rotate_integration,
)
from tocsin.intake.writer import Writer
from tocsin.store.database import Database

BODY = b'{"dedup_key": "disk", "title": "Disk is full"}'


class Gate:
    """A running intake with one integration."""

    def __init__(self, database: Database, client: TestClient, sender: str = "generic", key: str | None = None) -> None:
        self.database = database
        self.client = client
        command = CreateIntegration(f"the {sender}", sender, key=key)
        made, self.secret = database.write(lambda c, now: create_integration(c, SYSTEM, command, now))
        self.id = made.id

    def post(self, path: str = "", body: bytes = BODY, **headers: str) -> httpx.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path or f"/in/{self.secret}", content=body, headers=told)

    def change(self, **command: Any) -> None:
        change = ChangeIntegration(**command)
        self.database.write(lambda c, now: change_integration(c, SYSTEM, self.id, change, now))

    def rotate(self, **span: float) -> str:
        overlap = timedelta(**span)
        return self.database.write(lambda c, now: rotate_integration(c, SYSTEM, self.id, now, overlap=overlap))

    @property
    def view(self) -> queries.IntegrationView:
        return self.database.read(lambda c: queries.integration(c, SYSTEM, self.id))


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes(Known(database), Writer(database, fold_received)))) as client:
        yield client


@pytest.fixture
def gate(database: Database, client: TestClient) -> Gate:
    return Gate(database, client)


@pytest.mark.parametrize(
    "header",
    [
        lambda secret: {"authorization": f"Bearer {secret}"},
        lambda secret: {"authorization": "Basic " + base64.b64encode(f"grafana:{secret}".encode()).decode()},
        lambda secret: {"x-tocsin-key": secret},
    ],
    ids=["bearer", "basic", "header"],
)
def test_the_key_may_come_in_a_header(gate: Gate, header: Callable[[str], dict[str, str]]) -> None:
    assert gate.post("/in/generic", **header(gate.secret)).status_code == 202
    assert gate.post("/in/generic", **header("x" * 43)).status_code == 404


@pytest.mark.parametrize(
    "told", ["", "Basic", "Basic ???", "Basic " + base64.b64encode(b"\xff\xfe").decode(), "Digest x"]
)
def test_a_header_that_holds_no_key_opens_nothing(gate: Gate, told: str) -> None:
    assert gate.post("/in/generic", authorization=told).status_code == 404


def test_an_integration_may_ask_for_signed_bodies(gate: Gate) -> None:
    gate.change(signing_key="a key that both know")
    good = signature(BODY, "a key that both know")
    assert gate.post(x_hub_signature_256=f"sha256={good}").status_code == 202
    assert gate.post(x_tocsin_signature=good.upper()).status_code == 202
    for headers in ({}, {"x_tocsin_signature": "0" * 64}, {"x_tocsin_signature": signature(BODY, "another")}):
        answer = gate.post(**headers)
        assert (answer.status_code, answer.json()["title"]) == (403, "Not believed")
    assert gate.post(body=BODY + b" ", x_tocsin_signature=good).status_code == 403
    gate.change(signing_key="")
    assert gate.post().status_code == 202


def test_sentrys_own_header_carries_its_signature(database: Database, client: TestClient) -> None:
    gate = Gate(database, client, "sentry")
    gate.change(signing_key="the client secret")
    body = sender_named("sentry").example.encode()
    assert gate.post(body=body, sentry_hook_signature=signature(body, "the client secret")).status_code == 202
    assert gate.post(body=body, sentry_hook_signature="no").status_code == 403


@given(st.binary(), st.text(min_size=1), st.text())
def test_only_the_right_key_signs(body: bytes, key: str, other: str) -> None:
    headers = {"x-tocsin-signature": signature(body, key)}
    assert is_signed(body, headers, key)
    assert is_signed(body, headers, other) == (key == other)
    assert not is_signed(body + b"x", headers, key)


def test_after_a_rotation_with_an_overlap_both_keys_are_good_until_its_end(gate: Gate, clock: SimulatedClock) -> None:
    old = gate.secret
    gate.secret = gate.rotate(hours=24)
    assert gate.post(f"/in/{old}").status_code == gate.post().status_code == 202
    assert gate.view.old_key_until == clock.now() + timedelta(hours=24)
    clock.advance(timedelta(hours=24))
    gate.change(per_minute=0)  # so that no process remembers
    assert gate.post(f"/in/{old}").status_code == 404
    assert gate.post().status_code == 202


def test_a_rotation_without_an_overlap_ends_an_overlap_too(gate: Gate) -> None:
    first = gate.secret
    second = gate.rotate(hours=1)
    gate.secret = gate.rotate()
    assert [gate.post(f"/in/{old}").status_code for old in (first, second)] == [404, 404]
    with pytest.raises(Invalid):
        gate.rotate(days=31)


def test_a_key_that_senders_have_already_can_be_taken_over(database: Database, client: TestClient) -> None:
    theirs = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
    assert Gate(database, client, "opsgenie", theirs).secret == theirs
    with pytest.raises(Conflict):
        Gate(database, client, "generic", theirs)
    for bad in ("short", "with a space and more than twenty", "ü" * 30):
        with pytest.raises(Invalid):
            Gate(database, client, "pagerduty", bad)


def test_more_requests_than_it_may_send_are_turned_away_and_its_page_says_so(gate: Gate) -> None:
    gate.change(per_minute=3)
    answers = [gate.post() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
    assert int(answers[-1].headers["retry-after"]) in range(1, 21)
    assert "3 requests a minute" in answers[-1].json()["detail"]
    assert gate.view.limited >= 1
    assert gate.view.limited_at is not None
    gate.change(per_minute=0)
    assert gate.post().status_code == 202


def test_another_integration_is_not_limited_by_its_neighbour(
    gate: Gate, database: Database, client: TestClient
) -> None:
    gate.change(per_minute=1)
    other = Gate(database, client, "cloudevents")
    gate.post()
    assert gate.post().status_code == 429
    assert other.post(body=sender_named("cloudevents").example.encode()).status_code == 202
    assert len(database.read(lambda c: alerts(c, SYSTEM))) == 2


@given(st.integers(1, 600), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_never_more_than_a_minutes_worth_and_what_time_gives(per_minute: int, pauses: list[float]) -> None:
    at = 0.0
    rates = Rates(lambda: at)
    taken = 0
    for pause in pauses:
        at += pause
        try:
            rates.take("a", per_minute)
            taken += 1
        except TooOften as error:
            at += error.retry_after
            rates.take("a", per_minute)  # after the time that was told there is room
            taken += 1
    assert taken <= per_minute + at * per_minute / 60 + 1


def test_only_a_manager_sets_up_integrations(gate: Gate, database: Database) -> None:
    kofi = person("kofi", "Kofi Mensah", Right.RESPONDER)
    with pytest.raises(Forbidden):
        database.write(lambda c, now: change_integration(c, kofi, gate.id, ChangeIntegration(per_minute=1), now))
    with pytest.raises(NotFound):
        database.write(lambda c, now: change_integration(c, SYSTEM, "none", ChangeIntegration(per_minute=1), now))
    for wrong in ({"per_minute": -1}, {"per_minute": 10**7}, {"signing_key": "short"}):
        with pytest.raises(Invalid):
            gate.change(**wrong)
