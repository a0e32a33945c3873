"""A token that the server refuses is never taken for a server that is away."""

import json
from pathlib import Path

from tests.cli.conftest import Tocsin, as_json, ok, timeline
from tests.cli.test_run import kept

GONE = {"TOCSIN_TOKEN": "toc_nothing"}


def test_a_note_by_an_unknown_token_is_refused_and_not_kept(dana: Tocsin, incident: str, home: Path) -> None:
    done = dana("note", incident, "lost?", **GONE)
    assert done.returncode == 1
    assert "refused this token" in done.stderr
    assert "Nothing was recorded" in done.stderr
    assert "tocsin login" in done.stderr
    assert "away" not in done.stdout + done.stderr
    assert kept(home) == []
    ok(dana("spool", "send"))
    assert "lost?" not in timeline(dana, incident)


def test_a_note_by_a_token_of_too_small_a_scope_names_the_scope(dana: Tocsin, incident: str, home: Path) -> None:
    reader = ok(dana("token", "create", "--scope", "read")).strip()
    done = dana("note", incident, "lost?", TOCSIN_TOKEN=reader)
    assert done.returncode == 1
    assert "--scope respond" in done.stderr
    assert kept(home) == []
    assert as_json(dana("note", incident, "lost?", "--json", TOCSIN_TOKEN=reader), 1)["status"] == 403


def test_a_run_by_a_refused_token_is_kept_and_says_how_to_hand_it_over(dana: Tocsin, incident: str, home: Path) -> None:
    done = dana("run", "--expect", "x", "-i", incident, "--", "sh", "-c", "exit 5", **GONE)
    assert done.returncode == 5
    assert "refused this token" in done.stderr
    assert "2 records kept here, for `tocsin spool send`" in done.stderr
    assert "away" not in done.stderr
    assert [one["held_up"] for one in kept(home)] == ["token", "token"]
    again = dana("spool", "send", **GONE)
    assert again.returncode == 1
    assert "refused this token" in again.stderr
    sent = dana("spool", "send")
    assert "2 handed over" in ok(sent)
    assert "away" not in sent.stderr
    assert as_json(dana("decide", "list", incident, "--json"))["items"][0]["exit_code"] == 5


def test_a_run_with_no_incident_named_by_a_refused_token_runs_and_is_kept(
    dana: Tocsin, incident: str, home: Path
) -> None:
    done = dana("run", "--expect", "x", "--", "sh", "-c", "echo ran; exit 5", **GONE)
    assert (done.returncode, done.stdout) == (5, "ran\n")
    assert "refused this token" in done.stderr
    ok(dana("spool", "send"))
    assert len(as_json(dana("decide", "list", incident, "--json"))["items"]) == 1


def test_what_one_token_may_not_tell_holds_nothing_else_up(dana: Tocsin, incident: str, home: Path) -> None:
    pipeline = ok(dana("token", "create", "--scope", "changes:write", "--name", "ci")).strip()
    dana("run", "--expect", "x", "-i", incident, "--", "true", TOCSIN_TOKEN=pipeline)
    recorded = dana("change", "record", "--service", "ledger", "--id", "c1", "deploy", TOCSIN_TOKEN=pipeline)
    assert "Recorded c1" in ok(recorded)
    assert len(kept(home)) == 2
    assert "handed over 2 records that waited here" in dana("incidents", "list").stderr


def test_standard_input_can_not_be_told_again_and_is_kept(dana: Tocsin, incident: str, home: Path) -> None:
    done = dana("evidence", "add", incident, "-", text="thread dump", **GONE)
    assert done.returncode == 1
    assert "It is kept here" in done.stderr
    assert len(kept(home)) == 1
    ok(dana("spool", "send"))
    assert len(as_json(dana("evidence", "list", incident, "--json"))["items"]) == 1


def test_may_i_deploy_asked_by_a_refused_token_is_no_go_and_says_why(dana: Tocsin) -> None:
    done = dana("freeze", "check", "--service", "ledger", **GONE)
    assert done.returncode == 3
    assert "refused this token" in done.stdout
    assert "freeze:read" in done.stdout
    writer = ok(dana("token", "create", "--scope", "changes:write")).strip()
    done = dana("freeze", "check", "--service", "ledger", "--json", TOCSIN_TOKEN=writer)
    assert done.returncode == 3
    assert "freeze:read" in json.loads(done.stdout)["could_not_ask"]


def test_may_i_deploy_a_service_that_does_not_exist_is_a_mistake_in_the_pipeline(dana: Tocsin) -> None:
    done = dana("freeze", "check", "--service", "checkout-apy")
    assert done.returncode == 64
    assert "there is no service 'checkout-apy'. Did you mean 'checkout-api'?" in done.stderr
    assert as_json(dana("freeze", "check", "--service", "checkout-apy", "--json"), 64)["status"] == 422
