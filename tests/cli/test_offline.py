"""Snapshot, scratch, notes and the freeze question with no server to be found."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.cli.test_run import kept
from tocsin.cli.offline.freeze_memory import KnownAnswer, in_words, recall, remember

AWAY = {"TOCSIN_URL": "http://127.0.0.1:9", "TOCSIN_TOKEN": "toc_x"}


def test_a_snapshot_tells_uptime_memory_disks_and_processes_with_its_hash(tocsin: Tocsin, home: Path) -> None:
    done = tocsin("snapshot", "--incident", "147", "--json", **AWAY)
    answer = json.loads(done.stdout)
    content = Path(answer["files"][0]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == answer["sha256"]
    facts = json.loads(content)
    assert {"uptime_seconds", "memory", "disks", "processes", "load"} <= set(facts)
    assert facts["processes"][0]["pid"] > 0
    text = Path(answer["files"][1]).read_text()
    assert re.search(r"up \d+ d", text)
    assert answer["handed_over"] is False
    assert [one["body"]["what"] for one in kept(home)] == ["snapshot", "snapshot"]
    assert kept(home)[0]["body"]["sha256"] == answer["sha256"]


def test_a_snapshot_masks_secrets_in_command_lines(tocsin: Tocsin, home: Path) -> None:
    import subprocess
    import sys

    busy = subprocess.Popen([sys.executable, "-c", "while True: pass", "--password=hunter2hunter2"])
    try:
        tocsin("snapshot", "--local", **AWAY)
    finally:
        busy.kill()
        busy.wait()
    stored = "".join(path.read_text() for path in (home / "state/tocsin/evidence").iterdir())
    assert "--password=[masked]" in stored
    assert "hunter2hunter2" not in stored


def test_a_scratch_document_is_named_by_its_utc_minute_and_needs_no_server(tocsin: Tocsin) -> None:
    path = Path(tocsin("scratch").stdout.strip())
    assert re.fullmatch(r"incident-\d{4}-\d\d-\d\dT\d\d:\d\dZ\.md", path.name)
    assert datetime.now(UTC) - datetime.strptime(path.name[9:26], "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC) < timedelta(
        minutes=2
    )
    assert path.read_text().startswith("# Incident ")
    again = Path(tocsin("scratch").stdout.strip())
    assert again != path
    assert path.exists()


def test_a_scratch_document_takes_notes_and_is_attached_later(tocsin: Tocsin, home: Path) -> None:
    path = Path(tocsin("scratch").stdout.strip())
    tocsin("scratch", "--note", "db-1 restarted by hand; password=hunter2")
    assert "db-1 restarted by hand" in path.read_text()
    done = tocsin("scratch", "--attach", "INC-147", **AWAY)
    assert done.returncode == 0
    assert "Kept here" in done.stderr
    (told,) = kept(home)
    assert told["incident"] == "147"
    assert "db-1 restarted" in told["body"]["text"]
    assert "hunter2" not in told["body"]["text"]
    assert "hunter2" in path.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["note", "147", "errors only in eu-west-1"],
        ["decide", "open", "147", "scaled to 12", "--expect", "queue drains", "--by", "10m"],
        ["impact", "147", "--service", "checkout-api", "--customers", "a third fails"],
        ["link", "147", "https://grafana.example/d/x"],
        ["change", "record", "--service", "checkout-api", "--id", "4f2a9c1", "deploy 4.2"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_is_told_while_the_server_is_away_is_kept(tocsin: Tocsin, home: Path, arguments: list[str]) -> None:
    done = tocsin(*arguments, **AWAY)
    assert done.returncode == 0, done.stderr
    assert "Kept here" in done.stdout
    assert len(kept(home)) == 1
    assert "1" in tocsin("spool", "list").stdout


def test_what_has_no_meaning_later_is_not_kept(tocsin: Tocsin, home: Path) -> None:
    assert tocsin("ack", "PAGE", **AWAY).returncode == 3
    assert tocsin("severity", "147", "1", **AWAY).returncode == 3
    assert kept(home) == []


def test_evidence_is_kept_byte_for_byte(tocsin: Tocsin, home: Path, tmp_path: Path) -> None:
    (tmp_path / "dump.bin").write_bytes(bytes(range(256)))
    tocsin("evidence", "add", "147", "dump.bin", "--volatile", **AWAY)
    (told,) = kept(home)
    assert told["body"]["sha256"] == hashlib.sha256(bytes(range(256))).hexdigest()


def test_the_freeze_question_exits_3_and_says_that_nothing_is_known(tocsin: Tocsin) -> None:
    done = tocsin("freeze", "check", "--service", "checkout-api", **AWAY)
    assert done.returncode == 3
    assert "Could not ask" in done.stdout
    assert "No earlier answer" in done.stdout


def test_the_freeze_question_tells_the_last_known_answer_and_its_age(
    tocsin: Tocsin, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    asked_at = datetime.now(UTC) - timedelta(minutes=7)
    remember(AWAY["TOCSIN_URL"], "checkout-api", None, KnownAnswer(True, "Held: INC-147 is open", asked_at))
    done = tocsin("freeze", "check", "--service", "checkout-api", **AWAY)
    assert done.returncode == 3
    assert "7 min old" in done.stdout
    assert done.stdout.rstrip().endswith("UTC): Held: INC-147 is open")
    known = json.loads(tocsin("freeze", "check", "--service", "checkout-api", "--json", **AWAY).stdout)["last_known"]
    assert known["held"] is True
    assert recall(AWAY["TOCSIN_URL"], "ledger", None) is None


def test_an_age_is_told_as_people_say_it() -> None:
    assert [in_words(timedelta(seconds=seconds)) for seconds in (-5, 42, 420, 7500, 400_000)] == [
        "0 s", "42 s", "7 min", "2 h 5 min", "4 days",
    ]  # fmt: skip
