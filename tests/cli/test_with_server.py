"""The command line against the real API over HTTP: each stage of the response from a shell."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from tests.api.conftest import token_for
from tests.cli.conftest import PROGRAM, Served, Tocsin, as_json, ok, timeline
from tests.cli.test_run import kept
from tocsin.alerts.usecases import fold_received
from tocsin.identity.actor import Right
from tocsin.intake.signal import IntegrationRef, Received, Signal
from tocsin.store.database import Database
from tocsin.store.tables.intake import set_aside


def test_an_incident_is_declared_led_and_told_from_a_shell(dana: Tocsin, kofi: Tocsin, incident: str) -> None:
    assert "took command" in ok(dana("role", "take", incident, "commander"))
    assert ok(kofi("role", "take", incident, "commander"), 1) == ""
    assert "Dana" in kofi("role", "take", incident, "commander").stderr
    ok(dana("rename", incident, "Checkout: payments time out"))
    ok(dana("severity", incident, "1", "--reason", "orders are lost"))
    assert "Kofi: only in eu-west-1" in ok(kofi("note", incident, "only in eu-west-1", "--at", "13:58"))
    ok(kofi("impact", incident, "--service", "checkout-api", "--customers", "a third fails", "--symptom", "500s"))
    ok(kofi("link", incident, "https://grafana.example/d/x", "--title", "Errors"))
    ok(dana("role", "handover", incident, "commander", "--to", "kofi"))
    ok(kofi("role", "accept", incident, "commander"))
    ok(kofi("role", "deputy", incident, "dana"))
    said = timeline(dana, incident)
    for words in ("declared INC-", "took command", "renamed", "raised severity", "only in eu-west-1", "a third fails"):
        assert words in said
    assert "Checkout: payments time out" in ok(dana("incidents", "list"))
    assert ok(dana("incidents", "document", incident)).startswith("# INC-")
    assert "commander kofi" in ok(dana("incidents", "show", incident))


def test_a_refusal_exits_1_with_the_sentence_and_the_field(dana: Tocsin, incident: str) -> None:
    done = dana("severity", incident, "3")
    assert done.returncode == 1
    assert "reason" in done.stderr
    problem = as_json(dana("severity", incident, "3", "--json"), 1)
    assert problem["errors"][0]["field"] == "reason"
    assert dana("incidents", "show", "999").returncode == 1


def test_a_command_run_here_is_a_decision_with_its_output_and_result(dana: Tocsin, incident: str) -> None:
    done = dana(
        "run", "--expect", "ok", "--by", "10m", "--actual", "it said ok", "--matched", "yes", "-i", incident,
        "--", "sh", "-c", "echo ok; echo token=abcdef123456; exit 5",
    )  # fmt: skip
    assert done.returncode == 5
    (decision,) = as_json(dana("decide", "list", incident, "--json"))["items"]
    assert decision["exit_code"] == 5
    assert decision["output"] == "ok\ntoken=[masked]\n"
    assert decision["matched"] == "matched"
    assert decision["expected_by"] > decision["started_at"]
    assert "@" in decision["host"]


def test_the_only_open_incident_is_taken_when_none_is_named(dana: Tocsin, incident: str) -> None:
    ok(dana("run", "--expect", "x", "--", "true"))
    assert len(as_json(dana("decide", "list", incident, "--json"))["items"]) == 1


def test_what_was_told_while_the_server_was_away_arrives_once_in_order_with_its_own_time(
    dana: Tocsin, served: Served, incident: str, home: Path
) -> None:
    served.stop()
    before = datetime.now(UTC)
    ok(dana("note", incident, "first"))
    ok(
        dana("run", "--expect", "x", "-i", incident, "--actual", "did", "--matched", "no", "--", "sh", "-c", "exit 2"),
        2,
    )
    ok(dana("decide", "open", incident, "scaled to 12", "--expect", "queue drains"))
    ok(dana("snapshot", "-i", incident))
    ok(dana("note", incident, "last"))
    assert len(kept(home)) == 8
    after = datetime.now(UTC)
    served.start()
    done = dana("incidents", "list")
    assert "handed over 8 records" in done.stderr
    assert kept(home) == []
    items = as_json(dana("incidents", "timeline", incident, "--json"))["items"]
    kinds = [item["kind"] for item in items]
    told = ["noted", "decision_opened", "decision_ran", "decision_closed", "decision_opened", "evidence_added"]
    assert [kind for kind in kinds if kind in (*told,)][: len(told)] == told
    first = next(item for item in items if item["data"].get("text") == "first")
    assert before - timedelta(seconds=1) <= datetime.fromisoformat(first["happened_at"]) <= after
    assert datetime.fromisoformat(first["recorded_at"]) > after - timedelta(seconds=1)
    ok(dana("spool", "send"))
    assert len(as_json(dana("incidents", "timeline", incident, "--json"))["items"]) == len(items)


def test_a_lost_answer_does_not_record_it_twice(dana: Tocsin, served: Served, incident: str, home: Path) -> None:
    served.stop()
    ok(dana("note", incident, "once only"))
    (path,) = (home / "state/tocsin/spool").glob("*.json")
    content = path.read_bytes()
    served.start()
    ok(dana("spool", "send"))
    path.write_bytes(content)  # as if we had died between the server's answer and the removal
    ok(dana("spool", "send"))
    assert timeline(dana, incident).count("once only") == 1


def test_what_knows_no_incident_waits_and_is_attached(dana: Tocsin, served: Served, incident: str) -> None:
    as_json(dana("declare", "Another", "-s", "3", "--json"))
    done = dana("snapshot")
    assert "spool attach" in done.stderr
    ok(dana("spool", "attach", incident))
    ok(dana("spool", "send"))
    assert len(as_json(dana("evidence", "list", incident, "--json"))["items"]) == 2


def test_scratch_and_evidence_are_kept_by_their_hash(dana: Tocsin, incident: str, tmp_path: Path) -> None:
    ok(dana("scratch"))
    ok(dana("scratch", "--note", "db-1 restarted"))
    ok(dana("scratch", "--attach", incident))
    (tmp_path / "dump.bin").write_bytes(bytes(range(256)))
    ok(dana("evidence", "add", incident, "dump.bin", "--volatile"))
    items = as_json(dana("evidence", "list", incident, "--json"))["items"]
    assert [item["what"] for item in items] == ["scratch", "file"]
    ok(dana("evidence", "get", incident, items[1]["evidence_id"], "-o", "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == bytes(range(256))
    assert items[1]["sha256"] == hashlib.sha256(bytes(range(256))).hexdigest()


def test_a_large_file_is_sent_as_it_is_read_and_a_larger_one_refused_before(
    dana: Tocsin, incident: str, tmp_path: Path, home: Path
) -> None:
    content = bytes(range(256)) * (24 * 4096)
    (tmp_path / "core.bin").write_bytes(content)
    ok(dana("evidence", "add", incident, "core.bin", "--title", 'a "core" of müller'))
    (item,) = as_json(dana("evidence", "list", incident, "--json"))["items"]
    assert (item["sha256"], item["title"]) == (hashlib.sha256(content).hexdigest(), 'a "core" of müller')
    with (tmp_path / "core.bin").open("ab") as more:
        more.write(b"x" * (2 << 20))
    done = dana("evidence", "add", incident, "core.bin")
    assert done.returncode == 1
    assert "at most 25 MiB are kept" in done.stderr
    assert kept(home) == []


def test_the_freeze_question_exits_0_go_1_held_3_could_not_ask(dana: Tocsin, served: Served, incident: str) -> None:
    assert "Go" in ok(dana("freeze", "check", "--service", "ledger"))
    ok(dana("freeze", "hold", incident, "--service", "ledger", "--reason", "suspected"))
    held = ok(dana("freeze", "check", "--service", "ledger"), 1)
    assert incident in held
    ok(dana("freeze", "allow", incident, "--service", "ledger", "--change", "4f2a9c1", "--reason", "the fix"))
    ok(dana("freeze", "check", "--service", "ledger", "--change", "4f2a9c1"))
    assert "ledger" in ok(dana("freeze", "list"))
    served.stop()
    unknown = ok(dana("freeze", "check", "--service", "ledger"), 3)
    assert "last known answer" in unknown
    assert incident in unknown
    served.start()
    ok(dana("freeze", "release", incident))
    ok(dana("freeze", "check", "--service", "ledger"))


def test_a_deploy_is_recorded_and_listed(dana: Tocsin) -> None:
    for _ in range(2):
        ok(dana("change", "record", "--service", "checkout-api", "--id", "4f2a9c1", "--version", "42", "deploy 42"))
    assert ok(dana("change", "list")).count("4f2a9c1") == 1


def test_a_page_is_sent_acknowledged_and_the_second_is_told(dana: Tocsin, kofi: Tocsin) -> None:
    page = as_json(dana("page", "send", "kofi", "look at the ledger", "--json"))["id"]
    assert page in ok(kofi("page", "list"))
    ok(kofi("ack"))
    assert "Kofi" in ok(dana("ack", page))
    assert "acknowledged" in ok(dana("page", "show", page))
    ok(kofi("snooze", page, "--for", "20m"))
    ok(dana("page", "end", page, "--reason", "it was nothing"))
    assert "no page is open" in kofi("ack").stderr


def test_several_pages_are_acknowledged_at_once_and_what_could_not_be_is_told(dana: Tocsin, kofi: Tocsin) -> None:
    pages = [as_json(dana("page", "send", "kofi", text, "--json"))["id"] for text in ("the ledger", "the basket")]
    assert ok(kofi("ack", *pages)).count("You have it.") == 2
    ok(dana("page", "end", pages[0], "--reason", "it was nothing"))
    again = kofi("ack", *pages)
    assert again.returncode != 0
    assert "this page is over" in again.stdout and "You have it." in again.stdout
    assert "1 of 2 could not be acknowledged" in again.stderr
    ok(dana("page", "end", pages[1], "--reason", "it was nothing"))


def test_a_second_person_is_invited_and_can_be_on_call(dana: Tocsin) -> None:
    said = ok(dana("invite", "sam", "--name", "Sam Whitlock", "--email", "sam@larkfield.example"))
    assert "Sam Whitlock" in said
    assert "/sign-in/" in said
    start, end = (f"{datetime.now(UTC) + timedelta(hours=ahead):%Y-%m-%dT%H:%M:%SZ}" for ahead in (1, 3))
    ok(dana("override", "shift", "checkout", "sam", "--from", start, "--to", end))
    assert "Sam Whitlock" in ok(dana("oncall", "shifts", "checkout"))


def test_who_is_on_call_and_an_override(dana: Tocsin) -> None:
    assert "checkout" in ok(dana("oncall", "now"))
    assert "has no verified method" in ok(dana("oncall", "warnings"))
    assert "last resort" in ok(dana("page", "simulate", "checkout", "--at", "sat 03:00", "--severity", "critical"))
    start = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    end = (datetime.now(UTC) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "AT WEEKENDS" in ok(dana("oncall", "load", "--from", start, "--to", end))
    made = as_json(dana("override", "shift", "checkout", "amara", "--from", start, "--to", end, "--json"))
    during = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "Amara Obi" in ok(dana("oncall", "at", during))
    assert "Amara Obi" in ok(dana("oncall", "shifts", "checkout"))
    ok(dana("override", "cancel", made["id"]))
    assert "Amara" not in ok(dana("oncall", "at", during))


def test_updates_escalation_vendors_checks_and_review(dana: Tocsin, kofi: Tocsin, incident: str) -> None:
    boxes = ["--known", "a bad deploy", "--doing", "rolling back", "--next", "watch"]
    ok(dana("role", "take", incident, "commander"))
    ok(kofi("update", "internal", incident, *boxes))
    sent = as_json(kofi("update", "external", incident, *boxes, "--in", "30m", "--status", "identified", "--json"))
    if sent["waits_for_approval"]:
        ok(dana("update", "approve", incident, sent["update_id"]))
    ok(dana("escalate", "answer", incident, "data_or_auth", "no"))
    ok(dana("escalate", "team", incident, "security", "--why", "to be sure"))
    engaged = as_json(dana("vendor", "engage", incident, "payments-gateway", "--json"))["engagement_id"]
    ok(dana("vendor", "note", incident, engaged, "their edge was down"))
    ok(dana("decide", "flag", incident, "--none"))
    opened = as_json(kofi("decide", "open", incident, "undo v42", "--expect", "errors fall", "--json"))["decision_id"]
    ok(kofi("decide", "more-time", incident, opened, "--by", "10m"))
    ok(kofi("decide", "result", incident, opened, "--actual", "errors at 0.2%", "--matched", "yes"))
    ok(dana("check", "add", incident, "Support is quiet", "--ask", "Are there new tickets?"))
    ok(dana("check", "word", incident, "support-is-quiet", "pass"))
    assert "pass" in ok(dana("check", "list", incident))
    assert dana("phase", incident, "resolved").returncode == 1
    ok(dana("override", "gate", incident, "resolved", "--reason", "drill"))
    ok(
        dana(
            "followup",
            "add",
            incident,
            "Alert on it",
            "--kind",
            "defense-in-depth",
            "--owner",
            "kofi",
            "--due",
            "2027-01-01",
        )
    )
    (followup,) = as_json(kofi("followup", "list", "--owner", "kofi", "--json"))["items"]
    ok(kofi("followup", "change", followup["id"], "--state", "done"))
    ok(dana("postmortem", "write", incident, "summary", "--text", "A bad deploy."))
    ok(dana("postmortem", "artifact", incident, "logs", "--not-available"))
    assert "Checkout answers 500" in ok(dana("postmortem", "show", incident))


def test_incidents_are_merged_and_cancelled(dana: Tocsin, incident: str) -> None:
    others = [f"INC-{as_json(dana('declare', t, '-s', '3', '--json'))['incident']['number']}" for t in "ab"]
    ok(dana("merge", others[0], incident))
    ok(dana("cancel", others[1], "--reason", "none"))
    assert others[0] not in ok(dana("incidents", "list"))


def test_an_entry_is_corrected_and_redacted(dana: Tocsin, kofi: Tocsin, incident: str) -> None:
    made = as_json(kofi("note", incident, "the word is swordfish", "--json"))
    entry = str(made["entries"][0]["seq"])
    ok(kofi("note", incident, "it was rotated", "--correct", entry))
    assert kofi("redact", incident, entry).returncode == 1
    ok(dana("redact", incident, entry, "--reason", "secret"))
    assert "swordfish" not in timeline(dana, incident)


def test_the_organisation_is_planned_applied_and_exported(dana: Tocsin, tmp_path: Path) -> None:
    ok(dana("export", "org"))
    ok(dana("plan", "org"))
    (tmp_path / "org" / "extra.yaml").write_text("vendors:\n  cdn: {name: The CDN}\n")
    assert "cdn" in ok(dana("plan", "org"), 2)
    assert as_json(dana("plan", "org", "--json"), 2)["changes"][0]["id"] == "cdn"
    ok(dana("apply", "org"))
    ok(dana("plan", "org"))
    (tmp_path / "org" / "extra.yaml").write_text("teams:\n  ops: {name: Ops, members: [danna]}\n")
    wrong = ok(dana("plan", "org"), 1)
    assert "extra.yaml:2" in wrong
    assert "dana" in wrong
    refused = dana("apply", "org")
    assert refused.returncode == 1
    assert "extra.yaml:2" in refused.stderr


def test_login_keeps_a_good_token_for_its_owner_alone(
    tocsin: Tocsin, served: Served, real_database: Database, home: Path
) -> None:
    token = token_for(real_database, "ida", Right.RESPONDER, "respond")["Authorization"].removeprefix("Bearer ")
    assert tocsin("login", served.url, "--token", "toc_wrong").returncode == 1
    assert "Ida" in ok(tocsin("login", served.url, "--token", token))
    path = home / "config/tocsin/credentials.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "checkout" in ok(tocsin("oncall", "now"))
    ok(tocsin("login", "--forget"))
    assert tocsin("oncall", "now").returncode == 3


def test_methods_are_added_and_tested_only_once_proved(dana: Tocsin, kofi: Tocsin) -> None:
    made = as_json(kofi("method", "add", "ntfy", "http://127.0.0.1:9/kofi", "--json"))["id"]
    assert "not proved" in ok(kofi("method", "list"))
    assert kofi("method", "verify", made, "0000-0000").returncode == 1
    assert kofi("method", "test", made).returncode == 1
    assert made in ok(dana("method", "list", "--person", "kofi"))
    ok(kofi("method", "remove", made))


def test_a_replay_that_takes_nothing_in_says_why_and_exits_1(dana: Tocsin, real_database: Database) -> None:
    integration = as_json(dana("intake", "add", "scripts", "--sender", "generic", "--json"))["id"]

    def keep(connection: Connection, now: datetime) -> None:
        row = {
            "id": "s1",
            "integration_id": integration,
            "at": now,
            "place": "$",
            "reason": "no key",
            "state": "waiting",
        }
        connection.execute(insert(set_aside).values(**row, content='{"title": "has no key"}'))

    real_database.write(keep)
    assert "0 taken in." in ok(dana("intake", "replay", "s1"), 1)


def test_integrations_and_silences(dana: Tocsin) -> None:
    assert "/in/" in ok(dana("intake", "add", "prometheus", "--sender", "alertmanager"))
    assert "prometheus" in ok(dana("intake", "list"))
    assert "Nothing is set aside" in ok(dana("intake", "set-aside"))
    made = as_json(dana("silence", "add", "service=ledger", "--for", "2h", "--reason", "migration", "--json"))["id"]
    assert "service=ledger" in ok(dana("silence", "list"))
    assert "Silenced until" in ok(dana("silence", "change", made, "--for", "4h"))
    ok(dana("silence", "end", made))
    later = as_json(
        dana("silence", "add", "service=ledger", "--from", "sat 22:00", "--for", "2h", "--reason", "x", "--json")
    )
    assert later["starts_at"].endswith("T22:00:00Z")
    ok(dana("silence", "end", later["id"]))
    assert "No maintenance." in ok(dana("maintenance"))


def test_alerts_are_found_by_word_and_label(dana: Tocsin, real_database: Database) -> None:
    by = IntegrationRef("i", "shop", "generic")
    one = Signal("k", "firing", "critical", "Card payments fail", labels={"region": "eu-3"}, service="ledger")
    real_database.write(lambda c, now: fold_received(c, [Received(by, one)], now))
    assert "Card payments fail" in ok(dana("alerts", "pay", "region=eu-3"))
    assert "No alert." in ok(dana("alerts", "pay", "region=eu-4"))
    assert "No alert." in ok(dana("alerts", "--service", "checkout-api"))
    (alert,) = as_json(dana("alerts", "--state", "firing", "--json"))["items"]
    assert "region=eu-3" in ok(dana("alerts", alert["id"]))


def test_a_group_is_listed_and_called_over(dana: Tocsin, real_database: Database) -> None:
    def come(connection: Connection, now: datetime) -> None:
        one = Signal("disk", "firing", "error", "The disk is full", labels={"host": "db-1"})
        fold_received(connection, [Received(IntegrationRef("x", "x", "generic"), one)], now)

    real_database.write(come)
    (group,) = (each for each in as_json(dana("groups", "--json"))["items"] if each["title"] == "The disk is full")
    assert "1 of 1" in ok(dana("groups"))
    said = ok(dana("resolve", "--group", group["id"], "--reason", "cleaned by hand"))
    assert said.startswith("Over: The disk is full")
    (known,) = (each for each in as_json(dana("groups", "--json"))["items"] if each["id"] == group["id"])
    assert (known["state"], known["firing"], known["resolved_by"]) == ("closing", 0, "dana")
    again = dana("resolve", "--group", group["id"])
    assert (again.returncode, "resolved already" in again.stderr) == (1, True)
    page = as_json(dana("page", "send", "kofi", "look at the ledger", "--json"))["id"]
    assert "is about no alerts" in dana("resolve", page).stderr
    ok(dana("page", "end", page, "--reason", "it was nothing"))
    assert dana("resolve").returncode == 64


def test_tokens_are_made_listed_and_revoked(dana: Tocsin) -> None:
    made = ok(dana("token", "create", "--scope", "freeze:read", "--name", "ci", "--expires-in", "30d")).strip()
    ok(dana("freeze", "check", "--service", "ledger", TOCSIN_TOKEN=made))
    assert dana("incidents", "list", TOCSIN_TOKEN=made).returncode == 1
    (row,) = [one for one in as_json(dana("token", "list", "--json"))["items"] if one["name"] == "ci"]
    ok(dana("token", "revoke", row["id"]))
    ok(dana("freeze", "check", "--service", "ledger", TOCSIN_TOKEN=made), 3)


def test_asking_who_is_on_call_costs_little_more_than_the_interpreter_and_its_parser_of_options(
    environment: dict[str, str], served: Served, real_database: Database
) -> None:
    import resource

    token = token_for(real_database, "ida", Right.RESPONDER, "read")["Authorization"].removeprefix("Bearer ")

    asked = environment | {"TOCSIN_URL": served.url, "TOCSIN_TOKEN": token}

    def cost(*command: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, env=asked, capture_output=True, timeout=30, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare, ours = (sys.executable, "-c", "import click, http.client, json"), (PROGRAM, "oncall", "now")
    found = [(cost(*ours), cost(*bare)) for _ in range(9)]
    assert min(each for each, _ in found) < 1.9 * min(each for _, each in found)
    traced = subprocess.run(
        ours, env=asked | {"PYTHONPROFILEIMPORTTIME": "1"}, capture_output=True, text=True, timeout=30, check=True
    )
    loaded = {line.rsplit("|", 1)[1].strip().partition(".")[0] for line in traced.stderr.splitlines() if "|" in line}
    assert "click" in loaded
    assert not loaded & {"asyncio", "fastapi", "httpx", "jinja2", "pydantic", "sqlalchemy", "starlette", "uvicorn"}


def test_a_payload_is_tried_with_a_mapping_that_is_then_kept(dana: Tocsin, tmp_path: Path) -> None:
    ok(dana("intake", "add", "backups", "--sender", "mapped"))
    payload, mapping = tmp_path / "payload.json", tmp_path / "mapping.yaml"
    payload.write_text('[{"job": "nightly", "text": "Backup failed"}, {"job": "weekly"}]')
    mapping.write_text("alerts: '@'\ndedup_key: job\ntitle: text\n")
    tried = dana("route", "test", str(payload), "--integration", "backups", "--mapping", str(mapping))
    said = ok(tried, 1)
    assert "Backup failed (firing, error; key nightly)" in said
    assert "no rule matches; the default decides" in said
    assert "not understood: alert 2: title is missing" in said
    ok(dana("intake", "map", "backups", str(mapping)))
    payload.write_text('[{"job": "nightly", "text": "Backup failed"}]')
    assert "key nightly" in ok(dana("route", "test", str(payload), "--integration", "backups"))


def test_a_heartbeat_is_added_listed_and_removed(dana: Tocsin) -> None:
    assert "/heartbeat/" in ok(dana("heartbeat", "add", "nightly-backup", "--every", "24h", "--grace", "1h"))
    assert "nightly-backup" in ok(dana("heartbeat", "list"))
    ok(dana("heartbeat", "pause", "nightly-backup"))
    assert "paused" in ok(dana("heartbeat", "list"))
    ok(dana("heartbeat", "resume", "nightly-backup"))
    ok(dana("heartbeat", "remove", "nightly-backup"))
    assert "No heartbeat." in ok(dana("heartbeat", "list"))
