"""A payload is tried over the API: what alerts are in it, and which way each would go."""

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tocsin.alerts.usecases import fold_signals
from tocsin.clock import SimulatedClock
from tocsin.intake.signal import IntegrationRef, Signal
from tocsin.store.database import Database

PAYLOAD = '{"alerts": [{"dedup_key": "pay", "title": "Payments fail", "service": "checkout-api"}, {"title": "no key"}]}'


def test_a_payload_is_read_and_routed_and_nothing_is_kept(api: TestClient, dana: dict[str, str]) -> None:
    api.post("/integrations", json={"name": "shop", "sender": "generic"}, headers=dana)
    tried = api.post("/route/test", json={"payload": PAYLOAD, "integration": "shop"}, headers=dana).json()
    (alert,) = tried["alerts"]
    assert (alert["title"], alert["service"], alert["urgency"]) == ("Payments fail", "checkout-api", "page")
    assert "no routing rule matches" in alert["why"]
    assert tried["problems"] == ["alerts[1].dedup_key: is missing"]
    assert api.get("/alerts", headers=dana).json()["items"] == []
    assert api.get("/set-aside", headers=dana).json()["items"] == []


def test_a_mapping_is_tried_then_kept(api: TestClient, dana: dict[str, str]) -> None:
    made = api.post("/integrations", json={"name": "backups", "sender": "mapped"}, headers=dana).json()
    mapping = "dedup_key: job\ntitle: text"
    payload = '{"job": "nightly", "text": "Backup failed"}'
    body: dict[str, Any] = {"payload": payload, "integration": "backups", "mapping": mapping}
    tried = api.post("/route/test", json=body, headers=dana).json()
    assert [each["title"] for each in tried["alerts"]] == ["Backup failed"]
    refused = api.post("/route/test", json={**body, "mapping": "title: x"}, headers=dana)
    assert refused.status_code == 422
    assert "mapping.dedup_key" in refused.text
    command = {"mapping": mapping, "per_minute": 60}
    changed = api.patch(f"/integrations/{made['id']}", json=command, headers=dana).json()
    assert (changed["mapping"], changed["per_minute"]) == (mapping, 60)


@pytest.mark.usefixtures("organisation")
def test_what_would_be_quiet_then_is_said(api: TestClient, dana: dict[str, str], clock: SimulatedClock) -> None:
    later = (clock.now() + timedelta(hours=3)).isoformat()
    silence = {"match": {"service": "checkout-api"}, "until": later, "reason": "migration"}
    assert api.post("/silences", json=silence, headers=dana).status_code == 201
    body = {"payload": PAYLOAD, "sender": "generic"}
    (now,) = api.post("/route/test", json=body, headers=dana).json()["alerts"]
    assert now["quiet"].startswith("silenced by Dana")
    after = {**body, "at": (clock.now() + timedelta(hours=4)).isoformat()}
    (then,) = api.post("/route/test", json=after, headers=dana).json()["alerts"]
    assert then["quiet"] is None


@pytest.mark.usefixtures("organisation")
def test_an_alert_says_why_it_pages_nobody(api: TestClient, dana: dict[str, str], database: Database) -> None:
    silence = {"match": {"service": "ledger"}, "for": "1h", "reason": "migration"}
    assert api.post("/silences", json=silence, headers=dana).status_code == 201
    made = api.post("/integrations", json={"name": "shop", "sender": "generic"}, headers=dana).json()
    sent = [
        Signal(dedup_key=key, status="firing", severity="error", title=key, service=service)
        for key, service in (("a", "ledger"), ("b", "checkout-api"))
    ]
    by = IntegrationRef(made["id"], "shop", "generic")
    database.write(lambda c, now: fold_signals(c, by, sent, now))
    said = {}
    for each in api.get("/alerts", headers=dana).json()["items"]:
        said[each["dedup_key"]] = api.get(f"/alerts/{each['id']}", headers=dana).json()["why"]
    assert said["a"].startswith("It pages nobody: silenced by Dana")
    assert said["a"].endswith("(migration).")
    assert said["b"] == "Pages by the policy 'checkout': no routing rule matches."
