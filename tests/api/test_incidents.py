"""An incident is declared, led, told and ended over the API."""

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import token_for
from tocsin.identity.actor import Right
from tocsin.store.database import Database

Headers = dict[str, str]

pytestmark = pytest.mark.usefixtures("organisation")


@pytest.fixture
def number(api: TestClient, dana: Headers) -> int:
    answer = api.post(
        "/incidents", json={"title": "Checkout answers 500", "severity": 2, "services": ["checkout-api"]}, headers=dana
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["incident"]["number"]


def sentences(api: TestClient, headers: Headers, number: int) -> list[str]:
    items = api.get(f"/incidents/{number}/timeline?limit=200", headers=headers).json()["items"]
    return [f"{item['actor']['name']} {item['sentence']}" for item in items]


def test_declaring_makes_the_incident_and_says_what_it_made(api: TestClient, dana: Headers, number: int) -> None:
    shown = api.get(f"/incidents/INC-{number}", headers=dana).json()
    assert shown["title"] == "Checkout answers 500"
    assert shown["severity"] == 2
    assert shown["gates"][0]["phase"]
    assert {step["id"] for step in shown["checklist"]}
    assert any("declared INC-" in sentence for sentence in sentences(api, dana, number))


def test_every_wrong_field_of_a_declare_is_named(api: TestClient, dana: Headers) -> None:
    problem = api.post("/incidents", json={"title": " ", "severity": 7}, headers=dana).json()
    assert {mistake["field"] for mistake in problem["errors"]} == {"title", "severity"}


def test_a_misspelt_service_names_the_nearest(api: TestClient, dana: Headers) -> None:
    body = {"title": "x", "severity": 1, "services": ["chekout-api"]}
    assert "checkout-api" in api.post("/incidents", json=body, headers=dana).json()["detail"]


def test_declaring_again_with_one_key_declares_once(api: TestClient, dana: Headers) -> None:
    headers = {**dana, "Idempotency-Key": "declare-1"}
    body = {"title": "x", "severity": 3}
    numbers = {api.post("/incidents", json=body, headers=headers).json()["incident"]["number"] for _ in range(3)}
    assert len(numbers) == 1
    assert len(api.get("/incidents", headers=dana).json()["items"]) == 1


def test_it_is_led_from_the_api(api: TestClient, dana: Headers, kofi: Headers, number: int) -> None:
    at = f"/incidents/{number}"
    steps = [
        (dana, f"{at}/roles", {"role": "commander"}),
        (dana, f"{at}/title", {"title": "Checkout: payments time out"}),
        (dana, f"{at}/severity", {"severity": 1, "reason": "orders are lost"}),
        (kofi, f"{at}/notes", {"text": "only in eu-west", "happened_at": "2026-11-19T13:58:00Z"}),
        (dana, f"{at}/roles/handover", {"role": "commander", "to": "kofi"}),
        (kofi, f"{at}/roles/accept", {"role": "commander"}),
        (kofi, f"{at}/deputy", {"person": "dana"}),
    ]
    for headers, path, body in steps:
        answer = api.post(path, json=body, headers=headers)
        assert answer.status_code in (200, 201), (path, answer.text)
        assert answer.json()["entries"], path
    state = api.get(at, headers=dana).json()
    assert state["roles"]["commander"]["person"] == "kofi"
    assert (state["severity"], state["title"]) == (1, "Checkout: payments time out")
    assert any("only in eu-west" in sentence for sentence in sentences(api, dana, number))


def test_who_comes_second_is_told_who_has_command(api: TestClient, dana: Headers, kofi: Headers, number: int) -> None:
    api.post(f"/incidents/{number}/roles", json={"role": "commander"}, headers=dana)
    answer = api.post(f"/incidents/{number}/roles", json={"role": "commander"}, headers=kofi)
    assert answer.status_code == 409
    assert "Dana" in answer.json()["detail"]


def test_an_unmet_gate_says_what_is_missing_and_is_overridden_with_a_reason(
    api: TestClient, dana: Headers, number: int
) -> None:
    refused = api.post(f"/incidents/{number}/phase", json={"phase": "resolved"}, headers=dana)
    assert refused.status_code == 409
    unreasoned = api.post(f"/incidents/{number}/gates/override", json={"phase": "resolved"}, headers=dana)
    assert unreasoned.json()["errors"][0]["field"] == "reason"
    done = api.post(f"/incidents/{number}/gates/override", json={"phase": "resolved", "reason": "drill"}, headers=dana)
    assert done.status_code == 200
    assert done.json()["incident"]["phase"] == "resolved"


def test_lowering_needs_a_reason(api: TestClient, dana: Headers, number: int) -> None:
    answer = api.post(f"/incidents/{number}/severity", json={"severity": 3}, headers=dana)
    assert answer.json()["errors"][0]["field"] == "reason"


def test_a_restricted_incident_is_not_there_for_others(
    api: TestClient, dana: Headers, kofi: Headers, number: int
) -> None:
    api.post(f"/incidents/{number}/restricted", json={"restricted": True, "reason": "legal"}, headers=dana)
    for path in (f"/incidents/{number}", f"/incidents/{number}/timeline", f"/incidents/{number}/document.md"):
        assert api.get(path, headers=dana).status_code == 200, path
        assert api.get(path, headers=kofi).status_code == 404, path
    assert api.post(f"/incidents/{number}/notes", json={"text": "x"}, headers=kofi).status_code == 404
    assert api.get("/incidents?state=all", headers=kofi).json()["items"] == []


def test_a_correction_names_its_entry_and_a_redaction_removes_the_words(
    api: TestClient, dana: Headers, kofi: Headers, number: int
) -> None:
    made = api.post(f"/incidents/{number}/notes", json={"text": "password is hunter2"}, headers=kofi).json()
    seq = made["entries"][0]["seq"]
    correction = {"corrects": seq, "text": "it was rotated"}
    assert api.post(f"/incidents/{number}/corrections", json=correction, headers=kofi).status_code == 201
    path = f"/incidents/{number}/redactions"
    assert api.post(path, json={"entry": seq}, headers=kofi).status_code == 403
    assert api.post(path, json={"entry": seq, "reason": "secret"}, headers=dana).status_code == 200
    assert "hunter2" not in api.get(f"/incidents/{number}/timeline?limit=200", headers=dana).text
    assert "hunter2" not in api.get(f"/incidents/{number}/document.md", headers=dana).text


def test_merging_and_cancelling_end_an_incident(api: TestClient, dana: Headers, number: int) -> None:
    numbers = [
        api.post("/incidents", json={"title": t, "severity": 3}, headers=dana).json()["incident"]["number"]
        for t in "ab"
    ]
    merged = api.post(f"/incidents/{numbers[0]}/merge", json={"into": number}, headers=dana)
    assert merged.json()["incident"]["phase"] == "merged"
    cancelled = api.post(f"/incidents/{numbers[1]}/cancel", json={"reason": "no incident"}, headers=dana)
    assert cancelled.json()["incident"]["phase"] == "cancelled"
    open_ones = [item["number"] for item in api.get("/incidents", headers=dana).json()["items"]]
    assert open_ones == [number]


def test_the_timeline_is_read_page_by_page(api: TestClient, dana: Headers, number: int) -> None:
    for text in "abcde":
        api.post(f"/incidents/{number}/notes", json={"text": text}, headers=dana)
    seen, cursor = [], None
    while True:
        page = api.get(
            f"/incidents/{number}/timeline", params={"limit": 2, **({"cursor": cursor} if cursor else {})}, headers=dana
        ).json()
        seen += [item["seq"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) >= 6


def test_a_reader_may_look_and_not_touch(api: TestClient, database: Database, dana: Headers, number: int) -> None:
    reader = token_for(database, "ida", Right.RESPONDER, "read")
    assert api.get(f"/incidents/{number}", headers=reader).status_code == 200
    assert api.post(f"/incidents/{number}/notes", json={"text": "x"}, headers=reader).status_code == 403


def test_a_pipeline_s_narrow_token_reads_nothing_else(api: TestClient, database: Database, number: int) -> None:
    pipeline = token_for(database, "ci", Right.RESPONDER, "freeze:read")
    assert api.get("/incidents", headers=pipeline).status_code == 403
    assert api.get(f"/incidents/{number}", headers=pipeline).status_code == 403
