"""Every sentence of the runbook works over the API: each stage once, on the real use cases."""

import base64
import hashlib
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from tests.api.conftest import ORGANISATION, token_for
from tocsin.alerts.usecases import fold_received
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import SYSTEM, Right
from tocsin.intake.senders import sender_named
from tocsin.intake.signal import IntegrationRef, Received
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.recovery.usecases import look
from tocsin.store.database import Database
from tocsin.store.tables.intake import set_aside

Headers = dict[str, str]

pytestmark = pytest.mark.usefixtures("organisation")


class Caller:
    """Asks as one person and checks the status."""

    def __init__(self, api: TestClient, headers: Headers) -> None:
        self.api, self.headers = api, headers

    def get(self, path: str, **query: object) -> dict:
        answer = self.api.get(path, params=query, headers=self.headers)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def post(self, path: str, expect: int | tuple[int, ...] = (200, 201), **body: object) -> dict:
        return self.send("POST", path, expect, **body)

    def send(self, method: str, path: str, expect: int | tuple[int, ...] = (200, 201), **body: object) -> dict:
        answer = self.api.request(method, path, json=body, headers=self.headers)
        expected = (expect,) if isinstance(expect, int) else expect
        assert answer.status_code in expected, (path, answer.status_code, answer.text)
        return answer.json()


@pytest.fixture
def dan(api: TestClient, dana: Headers) -> Caller:
    return Caller(api, dana)


@pytest.fixture
def kof(api: TestClient, kofi: Headers) -> Caller:
    return Caller(api, kofi)


@pytest.fixture
def at(dan: Caller) -> str:
    """The path of an open Sev2 on the checkout."""
    made = dan.post("/incidents", title="Checkout answers 500", severity=2, services=["checkout-api"])
    return f"/incidents/{made['incident']['number']}"


def send_alert(database: Database, dan: Caller, **fields: object) -> None:
    """As the hot path does it: a generic message through parser and fold."""
    listed = dan.get("/integrations")["items"]
    if not listed:
        dan.post("/integrations", name="shop", sender="generic")
        listed = dan.get("/integrations")["items"]
    one = listed[0]
    import json

    parsed = sender_named("generic").parse(json.dumps(fields).encode())
    ref = IntegrationRef(one["id"], one["name"], one["sender"], one["service"])
    database.write(lambda c, now: fold_received(c, [Received(ref, signal) for signal in parsed.signals], now))


def test_the_secret_of_a_policys_webhook_is_told_to_managers_alone(
    dan: Caller, kof: Caller, database: Database
) -> None:
    url = "https://hooks.larkfield.example/bridge"
    dan.send("GET", f"/organisation/webhook-secret?url={url}", 404)
    bridge = f"policies:\n  bridge: {{name: Bridge, steps: [{{webhooks: ['{url}']}}]}}\n"
    files = ApplyFiles({"all.yaml": ORGANISATION.replace("policies:\n", bridge)})
    database.write(lambda c, now: apply_files(c, SYSTEM, files, now))
    (secret,) = dan.get("/organisation/webhook-secret", url=url)["secrets"]
    assert secret.startswith("whsec_")
    kof.send("GET", f"/organisation/webhook-secret?url={url}", 403)


def test_an_alert_is_listed_grouped_snoozed_and_declared(dan: Caller, database: Database) -> None:
    send_alert(database, dan, title="Error rate 12%", severity="critical", service="checkout-api", dedup_key="e1")
    (alert,) = dan.get("/alerts", state="firing")["items"]
    assert alert["title"] == "Error rate 12%"
    assert dan.get("/alerts", label="service=ledger")["items"] == []
    (group,) = dan.get("/groups", state="open")["items"]
    assert dan.get(f"/groups/{group['id']}")["alerts"][0]["id"] == alert["id"]
    assert [each["id"] for each in dan.get("/alerts", q="error check")["items"]] == [alert["id"]]
    assert dan.get("/alerts", q="error ledger")["items"] == []
    snoozed = dan.post(f"/groups/{group['id']}/snooze", **{"for": "30m", "reason": "known"})
    assert snoozed["snoozed_until"]
    made = dan.post("/incidents", title="Errors", severity=2, group_ids=[group["id"]])
    assert dan.get("/groups", state="all")["items"][0]["incident"] == made["incident"]["number"]


def test_an_alert_group_is_linked_later(dan: Caller, at: str, database: Database) -> None:
    send_alert(database, dan, title="Disk full", severity="error", service="ledger", dedup_key="d1")
    group = dan.get("/groups")["items"][0]["id"]
    assert dan.post(f"{at}/groups", group=group)["entries"]


def test_a_snooze_needs_one_time(dan: Caller, database: Database) -> None:
    send_alert(database, dan, title="x", service="checkout-api", dedup_key="e1")
    group = dan.get("/groups")["items"][0]["id"]
    assert dan.post(f"/groups/{group}/snooze", 422)["errors"][0]["field"] == "until"


def test_silences_are_made_and_ended(dan: Caller) -> None:
    made = dan.post("/silences", match={"service": "ledger"}, reason="migration", **{"for": "2h"})
    assert [one["id"] for one in dan.get("/silences")["items"]] == [made["id"]]
    longer = dan.send("PATCH", f"/silences/{made['id']}", **{"for": "4h"})
    assert longer["ends_at"] > made["ends_at"]
    assert dan.send("PATCH", f"/silences/{made['id']}", 422)["errors"][0]["field"] == "until"
    dan.send("DELETE", f"/silences/{made['id']}")
    assert dan.get("/silences")["items"] == []


def test_maintenance_hours_to_come_are_listed(dan: Caller, database: Database) -> None:
    assert dan.get("/maintenance")["items"] == []
    hours = "    maintenance: [{name: nightly close, hours: {begin: '02:00', end: '04:00'}, match: {kind: batch}}]\n"
    text = ORGANISATION.replace("vendors:", "  night:\n    name: Night\n    team: checkout\n" + hours + "vendors:")
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"organisation.yaml": text}), now))
    items = dan.get("/maintenance")["items"]
    assert len(items) >= 7
    assert {(one["service"], one["name"], one["now"]) for one in items} == {("night", "nightly close", False)}
    assert items[0]["starts_at"] == "2026-11-20T02:00:00Z"
    assert items[0]["match"] == {"kind": "batch", "service": "night"}


def test_an_integration_s_secret_url_is_told_once(dan: Caller, kof: Caller) -> None:
    made = dan.post("/integrations", name="prometheus", sender="alertmanager")
    assert made["url"].startswith("http://tocsin.example/in/")
    assert made["url"] not in str(dan.get("/integrations"))
    rotated = dan.post(f"/integrations/{made['id']}/rotate")
    assert rotated["url"] != made["url"]
    kof.post("/integrations", 403, name="mine")


def test_what_was_set_aside_is_seen_and_replayed(dan: Caller, database: Database, clock: SimulatedClock) -> None:
    integration = dan.post("/integrations", name="shop", sender="generic")["id"]
    row = {
        "id": "s1",
        "integration_id": integration,
        "at": clock.now(),
        "place": "title",
        "reason": "is missing",
        "content": '{"title": "late", "dedup_key": "k", "service": "ledger"}',
        "state": "waiting",
    }
    database.write(lambda c, now: c.execute(insert(set_aside).values(**row)))
    assert dan.get("/set-aside")["items"][0]["reason"] == "is missing"
    assert dan.post("/set-aside/s1/replay")["signals"] == 1
    assert dan.get("/set-aside")["items"] == []


def test_a_person_is_paged_by_hand_and_the_second_to_acknowledge_is_told_who_has_it(dan: Caller, kof: Caller) -> None:
    page = dan.post("/pages", to="kofi", text="look at the ledger")
    assert [one["id"] for one in kof.get("/pages", state="open")["items"]] == [page["id"]]
    assert kof.post(f"/pages/{page['id']}/acknowledge")["yours"] is True
    second = dan.post(f"/pages/{page['id']}/acknowledge")
    assert second["yours"] is False
    assert "Kofi" in second["acknowledged_by"]
    log = dan.get(f"/pages/{page['id']}")["log"]
    assert "acknowledged" in {line["kind"] for line in log}


def test_many_pages_are_acknowledged_by_one_request_and_each_is_answered_for(dan: Caller, kof: Caller) -> None:
    first, second = (dan.post("/pages", to="kofi", text=text)["id"] for text in ("the ledger", "the basket"))
    dan.post(f"/pages/{second}/end", reason="it was nothing")
    items = kof.post("/pages/acknowledge", pages=[second, first])["items"]
    assert [(one["page_id"], one["acknowledged"], one["yours"]) for one in items] == [
        (second, False, False),
        (first, True, True),
    ]
    assert items[0]["sentence"] == "this page is over: it was nothing"


@pytest.mark.parametrize("to", ["kofi", "checkout", "checkout-api"])
def test_a_page_goes_to_a_person_a_team_or_a_service(dan: Caller, to: str) -> None:
    assert dan.post("/pages", to=to, text="help")["state"] == "open"


def test_a_page_to_nobody_names_the_nearest(dan: Caller) -> None:
    problem = dan.post("/pages", 422, to="koffi", text="help")
    assert problem["errors"][0]["field"] == "to"
    assert "kofi" in problem["detail"]


def test_a_page_is_snoozed_passed_on_noted_and_ended(dan: Caller, at: str) -> None:
    page = f"/pages/{dan.post('/pages', to='dana', text='help', incident=at.rpartition('/')[2])['id']}"
    dan.post(f"{page}/acknowledge")
    dan.post(f"{page}/notes", text="it is the cache")
    assert dan.post(f"{page}/snooze", **{"for": "20m"})["snoozed_until"]
    assert dan.post(f"{page}/escalate")["state"] == "open"
    assert dan.post(f"{page}/end", reason="called by mistake")["state"] == "ended"


def test_who_is_on_call_is_told_for_any_time(dan: Caller, clock: SimulatedClock) -> None:
    now = dan.get("/oncall")["items"]
    assert {one["schedule"] for one in now} == {"checkout"}
    assert now[0]["person"] in ("dana", "kofi")
    assert now[0]["local_time"]
    later = dan.get("/oncall", at=(clock.now() + timedelta(days=7)).isoformat())["items"]
    assert later[0]["person"] != now[0]["person"]
    assert dan.get("/oncall", team="checkout")["items"]


def test_a_page_is_simulated_for_any_time_and_nothing_is_sent(dan: Caller, clock: SimulatedClock) -> None:
    at = (clock.now() + timedelta(days=7)).isoformat()
    steps = dan.get("/oncall/simulation", to="checkout-api", at=at, severity="critical")["items"]
    assert steps[0]["step"] == 1
    assert steps[0]["people"][0]["person"] == dan.get("/oncall", at=at)["items"][0]["person"]
    assert steps[-1]["step"] is None
    assert dan.get("/pages")["items"] == []
    refused = dan.send("GET", "/oncall/simulation?to=chekout-api", 422)
    assert "did you mean 'checkout-api'" in str(refused).casefold()


def test_what_is_to_be_mended_is_told_before_it_comes(dan: Caller) -> None:
    found = dan.get("/oncall/warnings", schedule="checkout")["items"]
    assert {(one["kind"], one["person"]) for one in found} == {("unreachable", "dana"), ("unreachable", "kofi")}
    assert dan.send("GET", "/oncall/warnings?schedule=nosuch", 404)


def test_the_load_is_told_to_managers_of_all_and_to_others_of_themselves(
    dan: Caller, kof: Caller, clock: SimulatedClock
) -> None:
    clock.advance(timedelta(days=1))
    everybody = dan.get("/oncall/load")["items"]
    assert sum(one["hours"] for one in everybody) == 24
    assert all(one["hours"] >= one["night_hours"] for one in everybody)
    assert {one["person"] for one in kof.get("/oncall/load")["items"]} <= {"kofi"}
    assert dan.send("GET", "/oncall/load?from=2026-11-19T00:00Z&to=2026-11-18T00:00Z", 422)


def test_an_override_takes_a_shift_and_is_taken_back(dan: Caller, clock: SimulatedClock) -> None:
    start = clock.now() + timedelta(hours=1)
    body = {"schedule": "checkout", "person": "amara", "starts_at": start.isoformat()}
    made = dan.post("/overrides", ends_at=(start + timedelta(hours=2)).isoformat(), reason="ill", **body)
    during = (start + timedelta(minutes=5)).isoformat()
    assert dan.get("/oncall", at=during)["items"][0]["person"] == "amara"
    assert dan.get("/overrides")["items"][0]["id"] == made["id"]
    assert any(one["person"] == "amara" for one in dan.get("/schedules/checkout/shifts")["items"])
    dan.send("DELETE", f"/overrides/{made['id']}")
    assert dan.get("/oncall", at=during)["items"][0]["person"] != "amara"


def test_a_contact_method_reaches_nobody_before_its_code(dan: Caller) -> None:
    method = dan.post("/people/dana/methods", kind="ntfy", target="https://ntfy.sh/dana-pages")["id"]
    assert dan.post(f"/methods/{method}/verify", 422, code="0000-0000")["errors"][0]["field"] == "code"
    dan.post(f"/methods/{method}/test", 409)
    dan.post(f"/methods/{method}/vouch")
    assert dan.get("/people/dana/methods")["items"][0]["verified_at"]
    dan.send("DELETE", f"/methods/{method}")
    assert dan.get("/people/dana/methods")["items"] == []


def test_deploys_are_held_one_change_is_let_through_and_they_go_again(
    dan: Caller, at: str, api: TestClient, database: Database
) -> None:
    pipeline = Caller(api, token_for(database, "ci", Right.RESPONDER, "freeze:read", "changes:write"))
    dan.post(f"{at}/freeze", services=["checkout-api"], reason="bad deploy suspected")
    held = pipeline.get("/freeze", service="checkout-api")
    assert held["held"] is True
    assert "INC-" in held["reason"]
    assert pipeline.get("/freeze", service="ledger")["held"] is False
    dan.post(f"{at}/freeze/allow", service="checkout-api", change_id="4f2a9c1", reason="the fix")
    assert pipeline.get("/freeze", service="checkout-api", change="4f2a9c1")["held"] is False
    assert dan.get("/freezes")["items"][0]["service"] == "checkout-api"
    dan.post(f"{at}/freeze/release", reason="it was the database")
    assert pipeline.get("/freeze", service="checkout-api")["held"] is False


def test_a_restricted_incident_holds_without_being_named(dan: Caller, at: str, kof: Caller) -> None:
    dan.post(f"{at}/restricted", restricted=True, reason="legal")
    dan.post(f"{at}/freeze", services=["checkout-api"])
    held = kof.get("/freeze", service="checkout-api")
    assert held["held"] is True
    assert held["incident"] is None
    assert "Checkout answers" not in held["reason"]
    assert kof.get("/freezes")["items"] == []


def test_changes_are_reported_once_and_listed_newest_first(
    dan: Caller, at: str, api: TestClient, database: Database, clock: SimulatedClock
) -> None:
    pipeline = Caller(api, token_for(database, "ci", Right.RESPONDER, "changes:write"))
    for number in range(3):
        happened = (clock.now() - timedelta(minutes=10 - number)).isoformat()
        body = {"id": f"v{number}", "service": "checkout-api", "summary": f"deploy v{number}", "happened_at": happened}
        first = pipeline.post("/changes", **body)
        assert pipeline.post("/changes", **body)["id"] == first["id"]
    listed = dan.get("/changes", service="checkout-api", limit=2)
    assert [one["external_id"] for one in listed["items"]] == ["v2", "v1"]
    rest = dan.get("/changes", service="checkout-api", limit=2, cursor=listed["next_cursor"])
    assert [one["external_id"] for one in rest["items"]] == ["v0"]
    suspects = dan.get(f"{at}/changes")["items"]
    assert [one["external_id"] for one in suspects] == ["v2", "v1", "v0"]
    assert suspects[0]["reason"]
    dan.post(f"{at}/suspects", change_id=suspects[0]["id"], suspect=True)


def test_what_is_seen_is_told(dan: Caller, at: str) -> None:
    dan.post(f"{at}/symptoms", text="customers see “payment failed”")
    dan.post(f"{at}/impact", services=["checkout-api", "ledger"], customers="a third of checkouts")
    dan.post(f"{at}/links", url="https://grafana.example/d/x", title="Errors")
    state = dan.get(at)
    assert state["triage"]["services"] == ["checkout-api", "ledger"]
    assert dan.post(f"{at}/links", 422, url="javascript:alert(1)")["errors"][0]["field"] == "url"
    assert dan.get(f"{at}/blast-radius")


def test_evidence_is_kept_by_its_hash_and_given_back_byte_for_byte(dan: Caller, at: str, kof: Caller) -> None:
    content = bytes(range(256))
    digest = hashlib.sha256(content).hexdigest()
    body = {"title": "dump", "what": "file", "content_base64": base64.b64encode(content).decode(), "sha256": digest}
    made = dan.post(f"{at}/evidence", **body)
    answer = dan.api.get(f"{at}/evidence/{made['evidence_id']}", headers=dan.headers)
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment")
    dan.post(f"{at}/evidence", (409, 422), **{**body, "title": "other", "sha256": "0" * 64})
    for text in ("not base64!", "👩‍🚒"):
        refused = dan.post(f"{at}/evidence", 422, title="dump", content_base64=text)
        assert refused["errors"][0]["field"] == "content_base64"
    assert dan.get(f"{at}/evidence")["items"][0]["sha256"] == digest
    dan.post(f"{at}/restricted", restricted=True, reason="legal")
    assert kof.api.get(f"{at}/evidence/{made['evidence_id']}", headers=kof.headers).status_code == 404


def test_a_file_is_uploaded_as_it_is(dan: Caller, at: str, kof: Caller) -> None:
    content = bytes(range(256)) * 400
    digest = hashlib.sha256(content).hexdigest()
    here, file = f"{at}/evidence/file", {"file": ("dump.bin", content, "application/x-dump")}
    fields = {"what": "log", "sha256": digest, "volatile": "true", "captured_at": "2026-11-19T14:00:00Z"}
    made = dan.api.post(here, headers=dan.headers, files=file, data=fields)
    assert made.status_code == 201, made.text
    answer = dan.api.get(f"{at}/evidence/{made.json()['evidence_id']}", headers=dan.headers)
    assert (answer.content, answer.headers["content-type"]) == (content, "application/x-dump")
    (kept,) = dan.get(f"{at}/evidence")["items"]
    assert (kept["title"], kept["what"], kept["volatile"]) == ("dump.bin", "log", True)
    assert dan.api.post(here, headers=dan.headers, files=file, data={"captured_at": "x"}).status_code == 422
    assert dan.api.post(here, headers=dan.headers, files=file, data={"title": "a\0b"}).status_code == 422
    assert dan.api.post(here, headers=dan.headers, data={"title": "x"}).json()["errors"][0]["field"] == "file"
    assert dan.api.post(here, headers=dan.headers, json={"title": "x"}).json()["errors"][0]["field"] == "file"


def test_a_file_that_is_too_large_is_refused_with_the_limit(dan: Caller, at: str) -> None:
    said = {**dan.headers, "Content-Length": str(40 << 20), "Content-Type": "multipart/form-data; boundary=x"}
    refused = dan.api.post(f"{at}/evidence/file", headers=said, content=b"--x--")
    assert refused.status_code == 413
    assert "at most 26214400 bytes are kept" in refused.json()["detail"]
    large = {"file": ("dump.bin", b"x" * ((25 << 20) + 1))}
    assert dan.api.post(f"{at}/evidence/file", headers=dan.headers, files=large).status_code == 413


def test_a_decision_can_not_be_closed_without_actual_and_match(dan: Caller, at: str) -> None:
    opened = dan.post(f"{at}/decisions", command="kubectl rollout undo", expected="errors fall", by="10m")
    path = f"{at}/decisions/{opened['decision_id']}"
    assert {e["field"] for e in dan.post(f"{path}/result", 422)["errors"]} == {"actual", "matched"}
    dan.post(f"{path}/result", 422, actual="", matched="matched")
    dan.post(f"{path}/output", exit_code=0, output="rolled back")
    dan.post(f"{path}/more-time", by="20m")
    dan.post(f"{path}/result", actual="errors at 0.2%", matched="matched")
    (decision,) = dan.get(f"{at}/decisions")["items"]
    assert (decision["exit_code"], decision["matched"]) == (0, "matched")


def test_a_flag_question_can_be_answered_that_none_helps(dan: Caller, at: str) -> None:
    assert "no flag helps" in dan.post(f"{at}/flags", note="every payment")["entries"][0]["sentence"]


def test_an_external_update_appears_on_the_status_page_once_approved_and_nothing_internal_does(
    dan: Caller, kof: Caller, at: str
) -> None:
    dan.post(f"{at}/roles", role="commander")
    dan.post(f"{at}/updates", audience="internal", known="db-1 is slow", doing="looking", next="more", next_in="15m")
    words = {"known": "Some payments fail.", "doing": "We undo a change.", "next": "We say more soon."}
    sent = kof.post(f"{at}/updates", audience="external", status="identified", next_in="30m", **words)
    if sent["waits_for_approval"]:
        assert dan.api.get("/status").json()["incidents"] == []
        dan.post(f"{at}/updates/{sent['update_id']}/approve")
    page = dan.api.get("/status")
    assert page.json()["incidents"][0]["updates"][0]["known"] == "Some payments fail."
    assert "db-1" not in page.text
    assert "INC-" not in page.text


def test_escalation_questions_vendors_and_teams(dan: Caller, at: str) -> None:
    dan.post(f"{at}/questions/data_or_auth", answer=True, note="tokens in a log")
    assert dan.get(at)["comms"]["answers"]["data_or_auth"]["answer"] is True
    dan.post(f"{at}/escalations", team="security", why="tokens in a log")
    dan.post(f"{at}/escalations", 409, team="security", why="again")
    engaged = dan.post(f"{at}/vendors", vendor="payments-gateway", reference="CASE-1")
    dan.post(f"{at}/vendors/{engaged['engagement_id']}", state="answered", text="their edge was down")
    dan.post(f"{at}/vendors", 422, vendor="payment-gateway")


def test_recovery_checks_are_added_and_a_person_gives_their_word(dan: Caller, at: str) -> None:
    made = dan.post(f"{at}/checks", name="Support is quiet", kind="person", query="Are there new tickets?")
    assert made["check_id"] == "support-is-quiet"
    dan.post(f"{at}/checks/support-is-quiet/word", verdict="pass", note="none for 20 min")
    items = {one["id"]: one for one in dan.get(f"{at}/checks")["items"]}
    assert items["support-is-quiet"]["verdict"] == "pass"
    dan.post(f"{at}/checks", name="Errors", kind="promql", query="up", threshold=1, comparator=">=", interval="15s")
    dan.send("DELETE", f"{at}/checks/errors", reason="measures the wrong thing")
    assert "errors" not in {one["id"] for one in dan.get(f"{at}/checks")["items"]}


def test_a_check_of_the_catalog_takes_a_persons_word_by_its_whole_id_or_its_name(
    dan: Caller, database: Database
) -> None:
    ask = "{kind: person, question: Does it look normal?}"
    more = f"""services:
  till: {{name: Till, team: checkout, checks: {{looks: {ask}, same: {ask}}}}}
  desk: {{name: Desk, team: checkout, checks: {{same: {ask}}}}}
"""
    files = {"all.yaml": ORGANISATION, "more.yaml": more}
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles(files), now))
    made = dan.post("/incidents", title="The till is dark", severity=3, services=["till", "desk"])
    checks = f"/incidents/{made['incident']['number']}/checks"
    database.write(lambda c, now: look(c, made["incident"]["id"], now))

    dan.post(f"{checks}/till%2Flooks/word", verdict="fail")
    assert {one["id"]: one["verdict"] for one in dan.get(checks)["items"]}["till/looks"] == "fail"
    dan.post(f"{checks}/looks/word", verdict="pass")
    assert {one["id"]: one["verdict"] for one in dan.get(checks)["items"]}["till/looks"] == "pass"
    unclear = dan.post(f"{checks}/same/word", 409, verdict="pass")
    assert "till/same" in unclear["detail"] and "desk/same" in unclear["detail"]
    dan.send("DELETE", f"{checks}/desk/same", reason="nobody sits there at night")
    assert {one["id"] for one in dan.get(checks)["items"]} == {"till/looks", "till/same"}


def test_the_review_is_scheduled_written_and_published(dan: Caller, at: str) -> None:
    dan.post(f"{at}/roles", role="commander")
    dan.post(f"{at}/gates/override", phase="resolved", reason="drill")
    dan.post(f"{at}/postmortem/schedule")
    assert dan.get(f"{at}/postmortem")["due_at"]
    calendar = dan.api.get(f"{at}/postmortem.ics", headers=dan.headers)
    assert calendar.text.startswith("BEGIN:VCALENDAR")
    dan.send("PUT", f"{at}/postmortem", section="summary", text="A bad deploy.")
    text = dan.api.get(f"{at}/postmortem.md", headers=dan.headers).text
    assert "Checkout answers 500" in text
    refused = dan.post(f"{at}/postmortem/publish", 409)
    assert refused["detail"]
    made = dan.post(f"{at}/followups", title="Alert on pool exhaustion", what="detection")
    dan.send("PATCH", f"/followups/{made['followup_id']}", owner="kofi", due_at="2026-12-01T00:00:00Z")
    assert dan.get("/followups", owner="kofi")["items"][0]["incident"] == int(at.rpartition("/")[2])
    for kind in ("logs", "prs", "commits", "dashboards", "chats"):
        dan.post(f"{at}/artifacts", what=kind, available=False)


def test_the_organisation_is_planned_applied_and_exported(dan: Caller, kof: Caller) -> None:
    files = dan.get("/organisation/export")["files"]
    assert dan.post("/organisation/plan", files=files)["mistakes"] == []
    wrong = [{"path": "teams.yaml", "text": "teams:\n  checkout: {name: Checkout, members: [danna]}\n"}]
    mistakes = dan.post("/organisation/plan", files=wrong)["mistakes"]
    assert any((one["file"], one["line"]) == ("teams.yaml", 2) and "danna" in one["sentence"] for one in mistakes)
    dan.post("/organisation/apply", 422, files=wrong)
    kof.post("/organisation/apply", 403, files=files)
    dan.post("/organisation/apply", files=files)
    assert {one["id"] for one in dan.get("/services")["items"]} == {"checkout-api", "ledger"}
    assert dan.get("/services/ledger")["depends_on"] == ["checkout-api"]
    assert dan.api.get("/organisation/schema").json()["$schema"]


def test_the_runbook_is_read_checked_explained_and_played(dan: Caller) -> None:
    text = dan.get("/runbook")["text"]
    assert dan.post("/runbook/check")["findings"] == []
    changed = text.replace("every 15 minutes", "every 20 minutes")
    findings = dan.post("/runbook/check", text=changed)["findings"]
    assert findings[0]["line"] > 0
    assert "Severities" in dan.post("/runbook/explain")["explained"]
    assert any("declared" in line for line in dan.post("/runbook/simulate", severity=1)["timeline"])


def test_every_read_needs_a_token_and_every_instant_ends_in_z(dan: Caller, at: str, api: TestClient) -> None:
    described = api.get("/openapi.json").json()
    free = {"/status", "/organisation/schema"}
    for path, methods in described["paths"].items():
        for method in methods:
            known = path.replace("{number}", at.rpartition("/")[2])
            status = api.request(method, known, json={}).status_code
            assert (status == 200) if path in free else status in (401, 422), (method, path, status)
    declared = dan.get(at)["declared_at"]
    assert declared.endswith("Z")
    assert datetime.fromisoformat(declared).tzinfo is not None
