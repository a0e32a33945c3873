"""The room in the browser: declare, act, see it; all by plain forms."""

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import Browser


@pytest.fixture
def room(dana: Browser) -> Browser:
    """A Sev2 is open."""
    dana.send("/incidents/new", title="Card payments fail", severity="2", services="checkout-api")
    return dana


def test_without_a_session_the_browser_is_sent_to_sign_in_and_back(web: TestClient) -> None:
    answer = web.get("/incidents/1", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/incidents/1"


def test_declaring_opens_the_room_with_its_clocks_and_empty_roles(room: Browser) -> None:
    page = room.get("/incidents/1")
    assert "Card payments fail" in page
    assert "INC-1" in page
    assert "First five minutes" in page
    assert "Incident commander" in page
    assert "Internal update due" in page


def test_a_form_without_a_title_says_so_beside_the_field_and_keeps_what_was_written(dana: Browser) -> None:
    page = dana.send("/incidents/new", status=422, title="", severity="2", services="checkout-api")
    assert 'id="err-title"' in page
    assert 'value="checkout-api"' in page


def test_a_form_from_elsewhere_is_refused(room: Browser) -> None:
    answer = room.client.post("/incidents/1/do/note", data={"csrf": "guessed", "text": "hello"})
    assert answer.status_code == 403


def test_taking_command_fills_the_role_and_ticks_the_checklist(room: Browser) -> None:
    page = room.send("/incidents/1/do/role", role="commander", person="dana")
    assert "took command." in page
    assert "Incident commander, since" in page


def test_a_note_may_tell_when_it_happened(room: Browser) -> None:
    page = room.send("/incidents/1/do/note", text="/at 13:40 the pool was already full")
    assert "the pool was already full" in page
    assert ">13:40:00<" in page


def test_the_same_queued_note_sent_twice_stands_once(room: Browser) -> None:
    page = ""
    for _ in range(2):
        page = room.send(
            "/incidents/1/do/note", text="seen from the train", command="device-1", at="2026-11-19T13:59:00Z"
        )
    assert page.count("seen from the train") == 1


def test_raising_the_severity_shows_at_once(room: Browser) -> None:
    page = room.send("/incidents/1/do/severity", severity="1", reason="72% fail")
    assert "raised severity from Sev2 to" in page


def test_an_internal_update_becomes_where_we_are(room: Browser) -> None:
    page = room.send(
        "/incidents/1/do/update",
        audience="internal",
        know="Cards fail.",
        doing="We roll back.",
        next="News in 15 min.",
        next_in="15m",
    )
    assert "Where we are" in page
    assert "We roll back." in page


def test_text_that_people_write_is_shown_as_text(room: Browser) -> None:
    page = room.send("/incidents/1/do/note", text="<script>alert(1)</script>")
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_every_form_of_the_room_opens_as_a_page_of_its_own(room: Browser) -> None:
    for what in (
        "severity",
        "rename",
        "phase",
        "override",
        "role",
        "handover",
        "deputy",
        "restrict",
        "members",
        "runbook",
        "merge",
        "cancel",
        "link",
        "page",
        "escalate",
        "vendor",
        "symptom",
        "impact",
        "add-link",
        "evidence",
        "decide",
        "hold",
        "release",
        "allow",
        "flag",
        "followup",
    ):
        assert "<form" in room.get(f"/incidents/1/do/{what}"), what


def test_pages_carry_their_security_headers(room: Browser) -> None:
    answer = room.client.get("/incidents/1")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers


def test_assets_have_names_of_their_content_and_may_be_kept_for_ever(room: Browser) -> None:
    page = room.get("/")
    name = page.split('href="/static/app.')[1].split('"')[0]
    answer = room.client.get(f"/static/app.{name}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


def test_the_overview_tells_what_is_open_and_who_is_on_call(room: Browser) -> None:
    page = room.get("/")
    assert "One Sev2 is open." in page
    assert "Card payments fail" in page
    assert "Who is on call" in page


def test_a_decision_asks_for_its_result_and_shows_whether_it_matched(room: Browser) -> None:
    page = room.send(
        "/incidents/1/do/decide", title="Roll back", command="kubectl rollout undo", expected="below 1%", by="10m"
    )
    assert "Measuring" in page
    decision = page.split('id="d-')[1].split('"')[0]
    page = room.send("/incidents/1/do/result", decision=decision, actual="0.3%", matched="matched")
    assert "Matched" in page


def test_naming_the_services_draws_the_blast_radius(room: Browser) -> None:
    page = room.send("/incidents/1/do/impact", services="checkout-api", customers="about 300", started_at="-5m")
    assert "Ledger" in page
    assert "about 300" in page
    assert "Customer impact" in page


def test_evidence_is_kept_by_its_hash(room: Browser) -> None:
    page = room.send("/incidents/1/do/evidence", title="Pool log", kind="log", text="pool exhausted")
    assert "Pool log" in page
    assert "sha256" in page


def test_no_flag_helps_answers_the_last_step(room: Browser) -> None:
    assert "found that no flag helps." in room.send("/incidents/1/do/flag", none_helps="yes")


def test_a_refused_button_leads_back_with_the_reason(room: Browser) -> None:
    page = room.send("/incidents/1/do/accept", role="commander")
    assert "offered" in page
