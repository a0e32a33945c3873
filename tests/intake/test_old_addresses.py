"""What was set up for Grafana OnCall or GoAlert goes on sending, with the host replaced and our key."""

import httpx

from tests.intake.conftest import Street


def test_oncalls_formatted_webhook_fires_and_ends_an_alert(street: Street) -> None:
    path = f"/integrations/v1/formatted_webhook/{street.integration('oncall')}/"
    answer = street.post(path, {"alert_uid": "pay", "title": "Card payments fail", "state": "alerting"})
    assert (answer.status_code, answer.text) == (200, "Ok.")
    assert street.states() == {"pay": "firing"}
    street.post(path, {"alert_uid": "pay", "title": "Card payments fail", "state": "ok"})
    assert street.states() == {"pay": "resolved"}


def test_oncalls_alertmanager_address_takes_alertmanagers_body(street: Street) -> None:
    path = f"/integrations/v1/alertmanager/{street.integration('alertmanager')}/"
    alert = {"status": "firing", "labels": {"alertname": "HighErrors"}, "fingerprint": "5ef7"}
    assert street.post(path, {"version": "4", "alerts": [alert]}).status_code == 200
    assert street.states() == {"5ef7": "firing"}


def test_goalerts_api_takes_a_form_json_and_a_query(street: Street) -> None:
    url = f"{street.url}/api/v2/generic/incoming"
    token = {"token": street.integration("goalert")}
    told = {"summary": "Card payments fail", "dedup": "pay"}
    assert httpx.post(url, params=token, data=told).status_code == 204
    assert httpx.post(url, params=token, json={**told, "dedup": "disk"}).status_code == 204
    assert httpx.post(url, params={**token, **told, "action": "close"}).status_code == 204
    assert street.states() == {"pay": "resolved", "disk": "firing"}


def test_what_is_not_understood_is_refused_and_kept_aside(street: Street) -> None:
    key = street.integration("oncall")
    answer = street.post(f"/integrations/v1/formatted_webhook/{key}/", {"message": "what?"})
    assert (answer.status_code, answer.text) == (400, "alert_uid: is missing, and so is title")
    assert [aside.place for aside in street.set_aside()] == ["alert_uid"]


def test_an_unknown_key_or_kind_is_nothing_here(street: Street) -> None:
    key = street.integration("oncall")
    for path in (f"/integrations/v1/webhook/{key}/", "/integrations/v1/formatted_webhook/nobody/"):
        assert street.post(path, {"title": "x"}).status_code == 404
    assert street.post("/api/v2/generic/incoming?token=", {"summary": "x"}).status_code == 404
