"""`tocsin run` changes nothing about the command that it runs, and records it also with the server away."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import PROGRAM, Tocsin

PYTHON = sys.executable


def kept(home: Path) -> list[dict[str, object]]:
    """What waits in the spool, in order."""
    return [json.loads(path.read_text()) for path in sorted((home / "state/tocsin/spool").glob("*.json"))]


def test_output_error_and_exit_code_pass_through(tocsin: Tocsin) -> None:
    done = tocsin("run", "--expect", "x", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert done.returncode == 7
    assert done.stdout == "out\n"
    assert done.stderr.startswith("err\n") or "\nerr\n" in done.stderr


def test_standard_input_passes_through(tocsin: Tocsin) -> None:
    assert tocsin("run", "--expect", "x", "--", "cat", text="hello").stdout == "hello"


def test_options_of_the_command_are_the_command_s_own(tocsin: Tocsin) -> None:
    assert tocsin("run", "--expect", "x", "--", "echo", "--expect", "--json", "-i").stdout == "--expect --json -i\n"
    assert tocsin("run", "--expect", "x", "echo", "--by").stdout == "--by\n"


def test_it_is_recorded_with_the_server_away(tocsin: Tocsin, home: Path) -> None:
    tocsin(
        "run", "--expect", "errors fall", "--by", "10m", "-i", "INC-147", "--", "sh", "-c", "echo 'it works'; exit 3"
    )
    opening, output = kept(home)
    assert opening["path"] == "/incidents/{incident}/decisions"
    assert opening["incident"] == "147"
    body = opening["body"]
    assert body["command"] == "sh -c 'echo '\"'\"'it works'\"'\"'; exit 3'"
    assert body["expected"] == "errors fall"
    assert body["host"].count("@") == 1
    assert body["started_at"] < body["expected_by"]
    assert output["answer_of"] == opening["command_id"]
    assert output["body"]["exit_code"] == 3
    assert output["body"]["output"] == "it works\n"


def test_a_result_that_was_told_is_kept_too(tocsin: Tocsin, home: Path) -> None:
    tocsin("run", "--expect", "x", "--actual", "it did", "--matched", "yes", "--", "true")
    result = kept(home)[2]
    assert result["path"].endswith("/result")
    assert result["body"]["matched"] == "matched"


def test_a_match_that_was_said_before_the_command_failed_is_doubted(tocsin: Tocsin, home: Path) -> None:
    done = tocsin("run", "--expect", "x", "--actual", "it did", "--matched", "yes", "--", "sh", "-c", "exit 3")
    assert done.returncode == 3
    assert "ended with exit code 3, though --matched yes" in done.stderr
    assert kept(home)[2]["body"]["actual"] == "it did (said before it ran; the command ended with exit code 3)"
    tocsin("run", "--expect", "x", "--actual", "it did not", "--matched", "no", "--", "sh", "-c", "exit 3")
    assert kept(home)[5]["body"]["actual"] == "it did not"


def test_on_a_terminal_a_match_that_was_said_before_is_asked_again(environment: dict[str, str], home: Path) -> None:
    said = ["--actual", "it did", "--matched", "yes"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [PROGRAM, "run", "--expect", "x", *said, "--", "sh", "-c", "exit 3"], environment)
    _talk(terminal, [(b"exit code 3, and you said that it would match. Did it match all the same?", b"no\n")])
    os.waitpid(pid, 0)
    assert kept(home)[2]["body"]["matched"] == "no_match"


def test_with_no_incident_named_and_the_server_away_the_command_runs_all_the_same(tocsin: Tocsin, home: Path) -> None:
    away = {"TOCSIN_URL": "http://127.0.0.1:9", "TOCSIN_TOKEN": "toc_x"}
    done = tocsin("run", "--expect", "x", "--", "sh", "-c", "echo ran; exit 3", **away)
    assert (done.returncode, done.stdout) == (3, "ran\n")
    assert len(kept(home)) == 2


def test_without_an_actual_it_stays_open_and_says_so(tocsin: Tocsin, home: Path) -> None:
    done = tocsin("run", "--expect", "x", "--", "true")
    assert "stays open" in done.stderr
    assert len(kept(home)) == 2


def test_secrets_are_masked_in_what_is_kept_but_not_on_the_screen(tocsin: Tocsin, home: Path) -> None:
    script = "import os; print(os.environ['DEPLOY_TOKEN'], 'AKIAIOSFODNN7EXAMPLE')"
    done = tocsin(
        "run", "--expect", "x", "--", PYTHON, "-c", script, "--password", "hunter2hunter2", DEPLOY_TOKEN="s3cr3t-s3cr3t"
    )
    assert "s3cr3t-s3cr3t AKIAIOSFODNN7EXAMPLE" in done.stdout
    stored = json.dumps(kept(home))
    for secret in ("s3cr3t-s3cr3t", "AKIAIOSFODNN7EXAMPLE", "hunter2hunter2"):
        assert secret not in stored


def test_endless_output_is_bounded(tocsin: Tocsin, home: Path) -> None:
    tocsin("run", "--expect", "x", "--", PYTHON, "-c", "print('line\\n' * 200_000)")
    output = kept(home)[1]["body"]
    assert output["output_truncated"] is True
    assert len(output["output"]) < 70_000


def test_a_command_that_is_not_there_is_127_and_recorded(tocsin: Tocsin, home: Path) -> None:
    assert tocsin("run", "--expect", "x", "--", "no-such-command").returncode == 127
    assert kept(home)[1]["body"]["exit_code"] == 127


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_command(environment: dict[str, str], home: Path, number: signal.Signals) -> None:
    script = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(42))\n"
        "print('ready', flush=True)\ntime.sleep(30)\n"
    )
    process = subprocess.Popen(
        [PROGRAM, "run", "--expect", "x", "--", PYTHON, "-c", script],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert process.wait(20) == 42
    assert kept(home)[1]["body"]["exit_code"] == 42


def test_a_reader_that_has_had_enough_ends_the_command(environment: dict[str, str]) -> None:
    done = subprocess.run(
        f"{PROGRAM} run --expect x -- yes 2>/dev/null | head -n 1",
        shell=True,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == "y\n"


def test_on_a_terminal_the_command_has_one_and_the_result_is_asked(environment: dict[str, str], home: Path) -> None:
    script = "import sys; print('tty', sys.stdin.isatty(), sys.stdout.isatty()); print('got', input('name? '))"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [PROGRAM, "run", "--expect", "x", "--", PYTHON, "-c", script], environment)
    said = _talk(terminal, [(b"name? ", b"dana\n"), (b"What happened?", b"it did\n"), (b"Did it match?", b"yes\n")])
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert b"tty True True" in said
    assert b"got dana" in said
    assert [one["path"].rpartition("/")[2] for one in kept(home)] == ["decisions", "output", "result"]


def test_a_terminal_is_as_it_was_after_the_command_was_interrupted(environment: dict[str, str], home: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [PROGRAM, "run", "--expect", "x", "--", "sh", "-c", "echo on; exec sleep 30"], environment)
    _talk(terminal, [(b"on\r\n", b"\x03"), (b"What happened?", b"\n")])
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert kept(home)[1]["body"]["exit_code"] == 130


def _talk(terminal: int, turns: list[tuple[bytes, bytes]]) -> bytes:
    """Wait for each text and answer it; returns everything that was said."""
    said, searched = b"", 0
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if turns and (place := said.find(turns[0][0], searched)) >= 0:
            searched = place + len(turns[0][0])
            os.write(terminal, turns.pop(0)[1])
            continue
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                chunk = os.read(terminal, 4096)
            except OSError:
                break
            if not chunk:
                break
            said += chunk
    os.close(terminal)
    assert not turns, (turns, said)
    return said
