"""PagerDuty's own client, and whatever else speaks its Events API, works with nothing but the host replaced."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pagerduty
import pytest

from tests.intake.conftest import Street
from tests.standins.programs import needs_alertmanager
from tests.standins.tls import Certificate
from tocsin.alerts.queries import alerts
from tocsin.demo.monitoring import Alertmanager
from tocsin.identity.actor import SYSTEM
from tocsin.triage.queries import list_changes


def event(key: str, **more: Any) -> dict[str, Any]:
    payload = {"summary": "Card payments fail", "source": "checkout-7", "severity": "critical"}
    return {"routing_key": key, "event_action": "trigger", "dedup_key": "pay", "payload": payload, **more}


@pytest.fixture
def key(street: Street) -> str:
    return street.integration("pagerduty", service="checkout-api")


@pytest.fixture
def client(https_url: str, certificate: Certificate, key: str) -> Iterator[pagerduty.EventsApiV2Client]:
    """The official client; nothing but its address is ours."""
    made = pagerduty.EventsApiV2Client(key, base_url=https_url, verify=certificate.trusted())
    yield made
    made.close()


def test_the_integrations_key_is_as_long_as_pagerdutys_own(key: str) -> None:
    assert len(key) == 32


def test_the_official_client_triggers_acknowledges_and_resolves(
    street: Street, client: pagerduty.EventsApiV2Client
) -> None:
    dedup_key = client.trigger(
        "Card payments fail",
        "checkout-7",
        severity="critical",
        custom_details={"environment": "production", "body": "line 1\nline 2"},
        links=[{"href": "https://grafana.example/d/1", "text": "Dashboard"}],
    )
    street.settle()
    (alert,) = street.alerts()
    assert alert.dedup_key == dedup_key
    assert (alert.title, alert.severity, alert.service) == ("Card payments fail", "critical", "checkout-api")
    assert alert.labels == {"environment": "production", "source": "checkout-7"}
    assert alert.annotations == {"body": "line 1\nline 2"}
    assert alert.links == (("Dashboard", "https://grafana.example/d/1"),)
    assert [page.state for page in street.pages()] == ["open"]

    client.acknowledge(dedup_key)
    street.settle()
    (page,) = street.pages()
    assert (page.state, page.acknowledged_by) == ("acknowledged", "sender:pagerduty")

    client.resolve(dedup_key)
    street.settle()
    assert street.states() == {dedup_key: "resolved"}
    street.pass_time(minutes=6)
    assert [page.state for page in street.pages()] == ["ended"]


def test_the_official_client_reports_a_change(street: Street, client: pagerduty.EventsApiV2Client) -> None:
    told = {"service": "checkout-api", "version": "2026.11.19", "author": "Kofi Mensah"}
    links = [{"href": "https://ci.example/run/7", "text": "Run"}]
    for _ in range(2):  # sent again, it is the same change
        client.submit("Deploy 2026.11.19", "ci", told, links, timestamp="2026-01-05T08:00:00+00:00Z")
        street.settle()
    (change,) = street.database.read(lambda c: list_changes(c, SYSTEM))
    assert (change.service, change.summary, change.version) == ("checkout-api", "Deploy 2026.11.19", "2026.11.19")
    assert (change.kind, change.author, change.link) == ("deploy", "Kofi Mensah", "https://ci.example/run/7")


def test_a_trigger_without_a_key_is_given_one_and_a_second_is_another_alert(street: Street, key: str) -> None:
    answers = [street.post("/v2/enqueue", event(key, dedup_key=None)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json().keys() == {"status", "message", "dedup_key"}
    assert answers[0].json()["status"] == "success"
    assert len({answer.json()["dedup_key"] for answer in answers}) == len(street.alerts()) == 2


def test_an_acknowledgement_that_overtakes_the_raising_of_the_page_counts(street: Street, key: str) -> None:
    street.post("/v2/enqueue", event(key))
    street.post("/v2/enqueue", event(key, event_action="acknowledge"))
    street.settle()
    assert [page.state for page in street.pages()] == ["acknowledged"]


def test_acknowledging_or_resolving_what_is_not_open_changes_nothing(street: Street, key: str) -> None:
    for action in ("acknowledge", "resolve"):
        assert street.post("/v2/enqueue", event(key, event_action=action)).status_code == 202
    street.settle()
    assert street.alerts() == []


def test_a_trigger_after_resolve_is_a_new_alert_whatever_its_timestamp(street: Street, key: str) -> None:
    street.post("/v2/enqueue", event(key))
    street.post("/v2/enqueue", event(key, event_action="resolve"))
    street.pass_time(minutes=30)
    again = event(key)
    again["payload"]["timestamp"] = "2020-01-01T00:00:00Z"
    street.post("/v2/enqueue", again)
    assert [alert.state for alert in street.alerts()] == ["firing", "resolved"]


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        (
            {"event_action": "fix"},
            ["'event_action' is invalid (must be one of: 'trigger', 'acknowledge' or 'resolve')"],
        ),
        ({"event_action": None}, ["'event_action' is missing or blank"]),
        ({"event_action": "resolve", "dedup_key": None}, ["'dedup_key' is missing or blank"]),
        ({"dedup_key": "k" * 256}, ["'dedup_key' is too long (maximum is 255 characters)"]),
        (
            {"payload": {"summary": "x"}},
            ["'payload.source' is missing or blank", "'payload.severity' is missing or blank"],
        ),
        (
            {"payload": {"summary": "x", "source": "y", "severity": "bad"}},
            ["'payload.severity' is invalid (must be one of: 'critical', 'warning', 'error' or 'info')"],
        ),
        ({"payload": "x"}, ["'payload' expected an object, got text"]),
        ({"links": ["x"]}, ["'links[0]' expected an object, got text"]),
    ],
)
def test_a_wrong_event_is_refused_in_pagerdutys_words_and_kept_aside_without_the_key(
    street: Street, key: str, change: dict[str, Any], errors: list[str]
) -> None:
    answer = street.post("/v2/enqueue", event(key, **change))
    assert answer.status_code == 400
    assert answer.json() == {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    (aside,) = street.set_aside()
    assert errors[0].startswith(f"'{aside.place}' ")
    assert key not in aside.content


def test_an_unknown_key_another_senders_key_and_none_are_refused(street: Street) -> None:
    others = street.integration("generic")
    for body in (event("0" * 32), event(others)):
        answer = street.post("/v2/enqueue", body)
        assert (answer.status_code, answer.json()["errors"]) == (400, ["Invalid routing key"])
    answer = street.post("/v2/enqueue", event(""))
    assert answer.json()["errors"] == ["'routing_key' is missing or blank"]


def test_what_is_no_json_or_too_large_is_refused(street: Street, key: str) -> None:
    assert street.post("/v2/enqueue", b"{").status_code == 400
    assert street.post("/v2/enqueue", b"[]").status_code == 400
    large = event(key, client="x" * 600_000)
    assert street.post("/v2/enqueue", large).status_code == 413
    assert street.alerts() == []


def test_a_compressed_event_is_read(street: Street, key: str) -> None:
    packed = gzip.compress(json.dumps(event(key)).encode())
    assert street.post("/v2/enqueue", packed, headers={"Content-Encoding": "gzip"}).status_code == 202
    assert street.states() == {"pay": "firing"}


def test_version_1_of_the_api_is_understood_at_both_addresses(street: Street, key: str) -> None:
    old = {"service_key": key, "event_type": "trigger", "incident_key": "pay", "description": "Card payments fail"}
    answer = street.post("/generic/2010-04-15/create_event.json", {**old, "details": {"host": "checkout-7"}})
    assert (answer.status_code, answer.json()["incident_key"]) == (200, "pay")
    assert street.alerts()[0].labels == {"host": "checkout-7"}
    answer = street.post("/v2/enqueue", {**old, "event_type": "resolve"})
    assert answer.status_code == 202
    assert street.states() == {"pay": "resolved"}


def test_a_real_alertmanager_sends_by_its_pagerduty_receiver(street: Street, key: str, tmp_path: Path) -> None:
    needs_alertmanager()
    receiver = {"pagerduty_configs": [{"routing_key": key, "url": f"{street.url}/v2/enqueue", "severity": "warning"}]}
    alertmanager = Alertmanager(tmp_path / "alertmanager", receiver)
    try:
        alertmanager.tell("HighErrors", "Payments fail", service="checkout-api")
        street.until(lambda: list(street.states().values()) == ["firing"])
        (alert,) = street.database.read(lambda c: alerts(c, SYSTEM))
        assert "HighErrors" in alert.title
        assert (alert.severity, alert.service) == ("warning", "checkout-api")
        alertmanager.tell("HighErrors", "Payments fail", over=True, service="checkout-api")
        street.until(lambda: list(street.states().values()) == ["resolved"])
    finally:
        alertmanager.stop()
