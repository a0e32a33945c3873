"""Opsgenie's own SDK, and whatever else speaks its Alert API, works with nothing but the host replaced."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import opsgenie_sdk
import pytest
from opsgenie_sdk.exceptions import ApiException, AuthenticationException

from tests.intake.conftest import DANA, Street
from tests.standins.programs import needs_alertmanager
from tocsin.demo.monitoring import Alertmanager
from tocsin.paging.queries.live import page_detail

ALIAS = {"identifier_type": "alias"}


@pytest.fixture
def key(street: Street) -> str:
    return street.integration("opsgenie", service="checkout-api")


@pytest.fixture
def sdk(street: Street, key: str) -> opsgenie_sdk.AlertApi:
    """The official SDK; nothing but its host is ours."""
    return _sdk(street, key)


def _sdk(street: Street, key: str) -> opsgenie_sdk.AlertApi:
    configuration = opsgenie_sdk.configuration.Configuration()
    configuration.host = street.url
    configuration.api_key["Authorization"] = key
    configuration.retry_enabled = False
    configuration.short_polling_max_retries = 0
    return opsgenie_sdk.AlertApi(api_client=opsgenie_sdk.ApiClient(configuration=configuration))


def created(sdk: opsgenie_sdk.AlertApi, alias: str | None = "pay", **more: Any) -> Any:
    told = {"message": "Card payments fail", "alias": alias, "priority": "P1", **more}
    return sdk.create_alert(opsgenie_sdk.CreateAlertPayload(**told))


def asked(street: Street, key: str, method: str, path: str, body: Any = None) -> httpx.Response:
    headers = {"Authorization": f"GenieKey {key}"}
    return httpx.request(method, f"{street.url}/v2/alerts{path}", json=body, headers=headers, timeout=30)


def test_the_sdk_creates_an_alert_and_gets_it_by_id_alias_and_tiny_id(
    street: Street, sdk: opsgenie_sdk.AlertApi
) -> None:
    answer = created(
        sdk,
        description="More than 5 % fail",
        responders=[{"name": "Shop", "type": "team"}],
        tags=["payments", "eu"],
        details={"region": "eu-west-1"},
        entity="checkout-7",
        source="monitoring",
    )
    assert answer.result == "Request will be processed"
    outcome = sdk.get_request_status(request_id=answer.request_id).data
    assert (outcome.is_success, outcome.action, outcome.alias) == (True, "Create", "pay")

    (alert,) = street.alerts()
    assert outcome.alert_id == alert.id
    assert (alert.dedup_key, alert.severity, alert.service) == ("pay", "critical", "checkout-api")
    assert alert.labels["team"] == "Shop"
    got = sdk.get_alert(alert.id).data
    assert (got.message, got.status, got.priority, got.alias) == ("Card payments fail", "open", "P1", "pay")
    assert (got.tags, got.entity, got.source) == (["payments", "eu"], "checkout-7", "monitoring")
    assert got.description == "More than 5 % fail"
    assert got.details["region"] == "eu-west-1"
    assert sdk.get_alert("pay", **ALIAS).data.id == alert.id
    assert sdk.get_alert(got.tiny_id, identifier_type="tiny").data.id == alert.id


def test_the_same_alias_counts_up_and_none_makes_an_alert_of_its_own(
    street: Street, sdk: opsgenie_sdk.AlertApi
) -> None:
    for alias in ("pay", "pay", None, None):
        created(sdk, alias)
    assert sdk.get_alert("pay", **ALIAS).data.count == 2
    assert len(street.alerts()) == 3


def test_the_sdk_acknowledges_takes_it_back_notes_and_closes(street: Street, sdk: opsgenie_sdk.AlertApi) -> None:
    created(sdk)
    payload = opsgenie_sdk.AcknowledgeAlertPayload(user="kofi@larkfield.example", note="Looking at it")
    sdk.acknowledge_alert("pay", acknowledge_alert_payload=payload, **ALIAS)
    street.settle()
    got = sdk.get_alert("pay", **ALIAS).data
    assert (got.acknowledged, got.owner) == (True, "kofi@larkfield.example in opsgenie")
    (page,) = street.pages()
    assert page.state == "acknowledged"

    sdk.un_acknowledge_alert("pay", **ALIAS)
    street.settle()
    assert [page.state for page in street.pages()] == ["open"]

    sdk.add_note("pay", opsgenie_sdk.AddNoteToAlertPayload(note="Rolled back", user="dana"), **ALIAS)
    close = opsgenie_sdk.CloseAlertPayload(note="Over")
    sdk.close_alert("pay", close_alert_payload=close, **ALIAS)
    street.settle()
    assert street.states() == {"pay": "resolved"}
    assert sdk.get_alert("pay", **ALIAS).data.status == "closed"
    log = street.database.read(lambda c: page_detail(c, DANA, page.id)).log
    said = [line.text for line in log if line.event == "noted"]
    assert said == ["Looking at it", "Rolled back", "Over"]


def test_a_snoozed_alert_pages_nobody_until_the_time(street: Street, sdk: opsgenie_sdk.AlertApi) -> None:
    created(sdk)
    until = street.clock.now() + timedelta(hours=2)
    sdk.snooze_alert("pay", opsgenie_sdk.SnoozeAlertPayload(end_time=until), **ALIAS)
    street.settle()
    assert [page.standing for page in street.pages()] == ["snoozed"]
    assert sdk.get_alert("pay", **ALIAS).data.snoozed
    street.pass_time(hours=2, minutes=1)
    assert [page.standing for page in street.pages()] == ["open"]


def test_whoever_is_assigned_is_paged_and_the_alerts_own_page_goes_on(
    street: Street, sdk: opsgenie_sdk.AlertApi
) -> None:
    created(sdk)
    owner = {"owner": {"username": "kofi@larkfield.example"}, "note": "You know this one"}
    sdk.assign_alert("pay", opsgenie_sdk.AssignAlertPayload(**owner), **ALIAS)
    street.settle()
    by_subject = {page.subject_kind: page for page in street.pages()}
    assert by_subject["group"].state == "open"
    assert by_subject["person"].paged[0] == "kofi"


def test_message_description_priority_tags_and_details_can_be_changed(
    street: Street, sdk: opsgenie_sdk.AlertApi
) -> None:
    created(sdk, tags=["eu"], priority="P4")
    sdk.update_alert_message("pay", opsgenie_sdk.UpdateAlertMessagePayload(message="Half of all cards fail"), **ALIAS)
    sdk.update_alert_description("pay", opsgenie_sdk.UpdateAlertDescriptionPayload(description="Since 14:07"), **ALIAS)
    sdk.update_alert_priority("pay", opsgenie_sdk.UpdateAlertPriorityPayload(priority="P1"), **ALIAS)
    sdk.add_tags("pay", opsgenie_sdk.AddTagsToAlertPayload(tags=["cards", "eu"]), **ALIAS)
    sdk.add_details("pay", opsgenie_sdk.AddDetailsToAlertPayload(details={"region": "eu-west-1"}), **ALIAS)
    got = sdk.get_alert("pay", **ALIAS).data
    assert (got.message, got.description, got.priority) == ("Half of all cards fail", "Since 14:07", "P1")
    assert (got.tags, got.details["region"]) == (["eu", "cards"], "eu-west-1")
    assert street.alerts()[0].severity == "critical"


def test_alerts_are_listed_and_counted_by_state_and_alias(street: Street, sdk: opsgenie_sdk.AlertApi) -> None:
    for alias in ("a", "b", "c"):
        created(sdk, alias)
        street.clock.advance(timedelta(seconds=1))
    sdk.close_alert("b", **ALIAS)
    assert [alert.alias for alert in sdk.list_alerts().data] == ["c", "b", "a"]
    assert [alert.alias for alert in sdk.list_alerts(query="status: open", limit=1, offset=1).data] == ["a"]
    assert sdk.count_alerts(query="status: closed AND alias: b").data.count == 1


def test_a_key_sees_its_own_alerts_alone(street: Street, sdk: opsgenie_sdk.AlertApi) -> None:
    created(sdk)
    other = _sdk(street, street.integration("opsgenie", "other"))
    assert other.list_alerts().data == []
    with pytest.raises(ApiException) as caught:
        other.get_alert(street.alerts()[0].id)
    assert caught.value.status == 404


def test_what_is_done_to_an_alert_that_is_not_there_is_told_by_its_request(
    street: Street, sdk: opsgenie_sdk.AlertApi
) -> None:
    answer = sdk.close_alert("nothing", **ALIAS)
    outcome = sdk.get_request_status(request_id=answer.request_id).data
    assert (outcome.is_success, outcome.status) == (False, "Alert does not exist")
    assert street.alerts() == []


def test_a_wrong_key_is_refused(street: Street) -> None:
    with pytest.raises(AuthenticationException):
        created(_sdk(street, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"))
    answer = asked(street, "nobody", "GET", "")
    assert (answer.status_code, answer.json()["message"]) == (401, "Could not authenticate")
    assert answer.json().keys() == {"message", "took", "requestId"}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "", {"alias": "a"}, "message"),
        ("POST", "", {"message": ""}, "message"),
        ("POST", "", {"message": "m", "priority": "P9"}, "priority"),
        ("POST", "", {"message": "m", "alias": "a" * 513}, "alias"),
        ("POST", "", {"message": "m", "details": "x"}, "details"),
        ("POST", "/a/notes?identifierType=alias", {}, "note"),
        ("POST", "/a/snooze?identifierType=alias", {"endTime": "tomorrow"}, "endTime"),
        ("POST", "/a/assign?identifierType=alias", {"owner": {}}, "owner"),
        ("PUT", "/a/priority?identifierType=alias", {"priority": "high"}, "priority"),
        ("GET", "/a?identifierType=name", None, "identifierType"),
        ("GET", "?query=tag%3A+x", None, "query"),
        ("GET", "?limit=many", None, "limit"),
    ],
)
def test_a_wrong_request_names_its_field(
    street: Street, key: str, method: str, path: str, body: Any, field: str
) -> None:
    answer = asked(street, key, method, path, body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert len(street.set_aside()) == (1 if path == "" else 0), "an alert that was not understood is kept"


def test_what_is_no_json_is_refused_and_kept_aside(street: Street, key: str) -> None:
    answer = street.post("/v2/alerts", b'{"message": ', headers={"Authorization": f"GenieKey {key}"})
    assert answer.status_code == 400
    assert len(street.set_aside()) == 1


def test_a_real_alertmanager_sends_by_its_opsgenie_receiver(street: Street, key: str, tmp_path: Path) -> None:
    needs_alertmanager()
    receiver = {"opsgenie_configs": [{"api_key": key, "api_url": f"{street.url}/", "priority": "P2"}]}
    alertmanager = Alertmanager(tmp_path / "alertmanager", receiver)
    try:
        alertmanager.tell("HighErrors", "Payments fail", service="checkout-api")
        street.until(lambda: list(street.states().values()) == ["firing"])
        (alert,) = street.alerts()
        assert "HighErrors" in alert.title
        assert (alert.severity, alert.service) == ("error", "checkout-api")
        alertmanager.tell("HighErrors", "Payments fail", over=True, service="checkout-api")
        street.until(lambda: list(street.states().values()) == ["resolved"])
    finally:
        alertmanager.stop()
