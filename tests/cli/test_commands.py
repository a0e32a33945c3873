"""What holds for every command: help with an example, --json, exit codes, completion, and that it is quick."""

import json
import os
import resource
import subprocess
import sys

import click
import pytest

from tests.cli.conftest import PROGRAM, Tocsin
from tocsin import __version__
from tocsin.cli.command import Command, Group
from tocsin.cli.main import COMMANDS
from tocsin.cli.main import tocsin as root

ASKED_FOR = [
    "serve",
    "plan",
    "apply",
    "export",
    "schema",
    "migrate",
    "verify",
    "backup",
    "restore",
    "redact",
    "token",
    "login",
    "page",
    "ack",
    "snooze",
    "groups",
    "resolve",
    "declare",
    "link",
    "rename",
    "cancel",
    "merge",
    "impact",
    "role",
    "severity",
    "phase",
    "note",
    "update",
    "escalate",
    "vendor",
    "change",
    "decide",
    "run",
    "check",
    "override",
    "freeze",
    "oncall",
    "incidents",
    "snapshot",
    "scratch",
    "evidence",
    "postmortem",
    "followup",
    "runbook",
]


def every_command() -> list[tuple[str, click.Command]]:
    """Every command and subcommand by its words."""
    found = []
    context = click.Context(root, info_name="tocsin")
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {below}", each) for below, each in command.commands.items()]
    return found


def test_every_command_is_there() -> None:
    assert set(ASKED_FOR) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("words", "command"), every_command(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_help_says_what_it_does_with_an_example_that_can_be_parsed(words: str, command: click.Command) -> None:
    assert isinstance(command, Command | Group)
    assert command.help
    assert words.split(maxsplit=1)[0] in command.example
    said = command.get_help(click.Context(command, info_name=words))
    assert "Example:" in said
    assert command.example.splitlines()[0] in said


@pytest.mark.parametrize(
    ("words", "command"), every_command(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_that_answers_can_answer_in_json(words: str, command: click.Command) -> None:
    if isinstance(command, click.Group) or words in ("completion", "demo"):
        return
    assert any("--json" in parameter.opts for parameter in command.params)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["declare"],
        ["declare", "x", "--severity", "7"],
        ["note", "seven", "text"],
        ["freeze", "check"],
        ["run", "--", "true"],
        ["run", "--expect", "x", "--by", "soon", "--", "true"],
        ["run", "--expect", "x", "--actual", "y", "--", "true"],
        ["snooze", "PAGE"],
        ["plan", "/no/such/directory"],
        ["incidents", "list", "--state", "odd"],
    ],
    ids=" ".join,
)
def test_a_usage_error_exits_64_and_says_what_was_wrong(tocsin: Tocsin, arguments: list[str]) -> None:
    done = tocsin(*arguments)
    assert done.returncode == 64, done.stderr
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["oncall", "now"], ["incidents", "list"], ["declare", "x", "-s", "1"], ["ack"]], ids=" ".join
)
def test_without_a_server_it_exits_3_and_says_how_to_name_one(tocsin: Tocsin, arguments: list[str]) -> None:
    done = tocsin(*arguments)
    assert done.returncode == 3
    assert "tocsin login" in done.stderr


def test_a_server_that_is_away_exits_3_with_its_address(tocsin: Tocsin) -> None:
    done = tocsin("oncall", "now", TOCSIN_URL="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "127.0.0.1:9" in done.stderr


def test_the_version_is_told(tocsin: Tocsin) -> None:
    assert tocsin("--version").stdout == f"tocsin {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(tocsin: Tocsin, shell: str) -> None:
    assert "_TOCSIN_COMPLETE" in tocsin("completion", shell).stdout
    words = {"bash": {"COMP_WORDS": "tocsin sna", "COMP_CWORD": "1"}}.get(shell)
    if words:
        assert "snapshot" in tocsin(_TOCSIN_COMPLETE=f"{shell}_complete", **words).stdout


@pytest.mark.parametrize("arguments", [["--version"], ["oncall", "now"]], ids=" ".join)
def test_a_command_costs_little_more_than_the_interpreter_and_its_parser_of_options(
    environment: dict[str, str], arguments: list[str]
) -> None:
    def cost(*command: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        # A server that is away: everything but the answer itself is paid.
        away = environment | {"TOCSIN_URL": "http://127.0.0.1:9"}
        subprocess.run(command, env=away, capture_output=True, timeout=30, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare = (sys.executable, "-c", "import click, http.client, json")
    found = [(cost(PROGRAM, *arguments), cost(*bare)) for _ in range(7)]  # the first compiles what never was
    assert min(ours for ours, _ in found) < 1.9 * min(theirs for _, theirs in found)


def test_asking_for_the_version_imports_no_command_and_no_server(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [os.sys.executable, "-X", "importtime", PROGRAM, "--version"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"tocsin.cli.client", "http.client", "sqlalchemy", "pydantic", "fastapi", "psutil", "asyncio"}
    assert not {name for name in imported if name.startswith("tocsin.cli.commands.")}


def test_login_keeps_the_token_for_its_owner_alone(home, tocsin: Tocsin) -> None:
    done = tocsin("login", "http://127.0.0.1:9", "--token", "toc_x")
    assert done.returncode == 3  # nobody there to say whether it is good, so nothing is kept
    assert not (home / "config" / "tocsin" / "credentials.json").exists()


def test_the_schema_and_the_runbook_need_no_server(tocsin: Tocsin) -> None:
    assert json.loads(tocsin("schema").stdout)["$schema"].startswith("https://json-schema.org")
    assert tocsin("runbook", "check").returncode == 0
    assert "Sev1" in tocsin("runbook", "simulate", "--severity", "1").stdout
    assert tocsin("runbook", "explain").stdout


def test_a_runbook_whose_sentence_disagrees_fails_with_its_line(tocsin: Tocsin, tmp_path) -> None:
    text = tocsin("runbook", "show").stdout
    assert "every 15 minutes" in text
    (tmp_path / "mine.md").write_text(text.replace("every 15 minutes", "every 20 minutes"))
    done = tocsin("runbook", "check", "mine.md")
    assert done.returncode == 1
    assert "mine.md: line" in done.stdout
