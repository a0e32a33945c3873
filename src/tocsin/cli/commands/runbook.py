"""`tocsin runbook`: check, explain and simulate a runbook; nothing here needs a server."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tocsin.cli.command import command, group, tell
from tocsin.cli.errors import REFUSED


@group(example="tocsin runbook check runbooks/checkout.md --service\ntocsin runbook simulate --severity 1")
def runbook() -> None:
    """Check, explain and simulate a runbook."""


def _file(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument(
        "file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
    )(function)


@command(parent=runbook, example="tocsin runbook check incident-response.md")
@_file
@click.option("--service", is_flag=True, help="FILE is a service's runbook, which adds to the base and tightens it.")
@click.option(
    "--base", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The base; default: Tocsin's own."
)
@click.pass_context
def check(context: click.Context, file: Path | None, service: bool, base: Path | None) -> None:
    """Report every mistake, and every sentence that disagrees with its block, with line and fix. Exits 1 if there is one."""
    from tocsin.runbook.bundle import default_text
    from tocsin.runbook.check import check_text, checked_runbook

    text = _text(file)
    over = checked_runbook(base.read_text(encoding="utf-8") if base else default_text()) if service or base else None
    findings = check_text(text, over)
    name = str(file) if file else "Tocsin's own runbook"
    answer = {
        "file": name,
        "findings": [{"line": one.line, "section": one.section, "what": one.what, "fix": one.fix} for one in findings],
    }
    tell(answer, [f"{name}: {one}" for one in findings] or [f"{name}: no mistake."])
    context.exit(REFUSED if findings else 0)


@command(parent=runbook, example="tocsin runbook explain incident-response.md")
@_file
def explain(file: Path | None) -> None:
    """Tell in plain sentences what happens when."""
    from tocsin.runbook.explain import explain_text

    said = explain_text(_text(file))
    tell({"explained": said}, said.rstrip("\n"))


@command(parent=runbook, example="tocsin runbook simulate --severity 1")
@_file
@click.option("--severity", type=click.IntRange(1, 3), default=1, show_default=True)
def simulate(file: Path | None, severity: int) -> None:
    """Play a night on a simulated clock and print the timeline that it would make."""
    from tocsin.runbook.simulate import simulate as play

    said = play(_text(file), severity)
    tell({"timeline": said.splitlines()}, said.rstrip("\n"))


@command(parent=runbook, example="tocsin runbook show > incident-response.md")
def show() -> None:
    """Print Tocsin's own runbook, to begin yours with."""
    from tocsin.runbook.bundle import default_text

    tell({"text": default_text()}, default_text().rstrip("\n"))


def _text(file: Path | None) -> str:
    from tocsin.runbook.bundle import default_text

    if file is None:
        return default_text()
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} can't be read: {error}") from error
