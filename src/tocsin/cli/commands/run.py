"""`tocsin run`: a command run where the responder is, recorded as a decision with what was expected and what happened."""

import json
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta

import click

from tocsin.cli.command import DURATION, command, incident_option, wants_json, warn
from tocsin.cli.handover import say, server_address, try_hand_over
from tocsin.cli.offline.spool import Spool, Told
from tocsin.clock import SystemClock
from tocsin.masking import mask, secret_values

MATCHED = {"yes": "matched", "no": "no_match", "unclear": "unclear"}


@command(
    example="tocsin run --expect 'errors below 1%' --by 10m --incident INC-147 -- kubectl rollout undo deploy/checkout-api",
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
)
@click.option("--expect", required=True, help="What you expect to happen.")
@click.option("--by", type=DURATION, help="By when the result must show, as in 10m.")
@click.option("--actual", help="What happened; asked at the end when a person is there.")
@click.option("--matched", type=click.Choice(list(MATCHED)), help="Whether it did what was expected.")
@click.option(
    "--what",
    type=click.Choice(["command", "rollback", "flag", "scale", "restart", "rate_limit", "config", "other"]),
    default="command",
    show_default=True,
)
@click.option("--title", help="What it is, in words.")
@click.option("--service", help="The service that it touches.")
@click.option("--change", help="The change that it takes back or makes.")
@incident_option
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGS]...")
@click.pass_context
def run(
    context: click.Context,
    expect: str,
    by: str | None,
    actual: str | None,
    matched: str | None,
    what: str,
    title: str | None,
    service: str | None,
    change: str | None,
    incident: str | None,
    arguments: tuple[str, ...],
) -> None:
    """Run COMMAND here and record who, exactly what, where, when, its output and what came of it.

    Secrets in the command and its output are masked before anything is kept. The record works without the server; the
    exit code is the command's own.
    """
    from tocsin.cli.offline import running

    if bool(actual) != bool(matched):
        raise click.UsageError("--actual and --matched go together: a result says what happened and whether it matched")
    clock, spool = SystemClock(), Spool()
    secrets = secret_values(os.environ)
    host = "@".join(running.who_and_where())
    exact = mask(running.exact_command(arguments), secrets)
    opening = _opened(exact, expect, by, what, title, service, change, host, clock.now(), secrets)
    opened = spool.keep(
        Told("/incidents/{incident}/decisions", opening, incident=incident, server=server_address(), title=exact)
    )
    before = try_hand_over(spool)
    if before.token_refused:
        warn("the server refused this token; the command runs all the same, and its record is kept here")
    elif before.why_waiting:
        warn(f"{before.why_waiting}; this is recorded here and handed over later")
    ran = running.run(arguments, clock.now)
    path = "/incidents/{incident}/decisions/{answer}"
    spool.keep(
        Told(
            f"{path}/output",
            {
                "ended_at": _text(ran.ended_at),
                "exit_code": ran.exit_code,
                "output": mask(ran.output, secrets),
                "output_truncated": ran.truncated,
            },
            incident=incident,
            answer_of=opened.command_id,
            answer_field="decision_id",
            server=opened.server,
            title=f"output of {exact}",
        )
    )
    if actual is None and not wants_json():
        actual, matched = _ask(expect, ran.exit_code)
    elif actual and matched == "yes" and ran.exit_code:
        actual, matched = _doubt(actual, ran.exit_code)
    if actual and matched:
        spool.keep(
            Told(
                f"{path}/result",
                {"actual": mask(actual, secrets), "matched": MATCHED[matched], "happened_at": _text(clock.now())},
                incident=incident,
                answer_of=opened.command_id,
                answer_field="decision_id",
                server=opened.server,
                title=f"result of {exact}",
            )
        )
    outcome = try_hand_over(spool)
    say(replace(outcome, sent=()))
    answer = spool.answer_to(opened.command_id)
    if wants_json():  # standard output is the command's own
        record = {
            "decision_id": answer["decision_id"] if answer else None,
            "exit_code": ran.exit_code,
            "kept": not answer,
        }
        sys.stderr.write(json.dumps(record) + "\n")
    if not actual:
        of = f" {answer['decision_id']}" if answer else ""
        warn(f"the decision{of} stays open until someone says what happened: tocsin decide result")
    context.exit(ran.exit_code)


def _opened(
    exact: str,
    expect: str,
    by: str | None,
    what: str,
    title: str | None,
    service: str | None,
    change: str | None,
    host: str,
    now: datetime,
    secrets: tuple[str, ...],
) -> dict[str, object]:
    said = {
        "command": exact,
        "expected": mask(expect, secrets),
        "expected_by": _text(now + _duration(by)) if by else None,
        "what": what,
        "title": title,
        "service": service,
        "change_id": change,
        "host": host,
        "started_at": _text(now),
    }
    return {name: value for name, value in said.items() if value is not None}


def _doubt(actual: str, exit_code: int) -> tuple[str | None, str | None]:
    """`--matched yes` was said before the command ended, and it failed: a person is asked again, a script is told."""
    failed = f"the command ended with exit code {exit_code}"
    matched = "yes"
    if sys.stdin.isatty() and sys.stderr.isatty() and not wants_json():
        question = f"{failed.capitalize()}, and you said that it would match. Did it match all the same?"
        try:
            matched = click.prompt(question, type=click.Choice(list(MATCHED)), err=True)
        except click.Abort:
            return None, None
    else:
        warn(f"{failed}, though --matched yes was said before; recorded as matched, with the exit code in the result")
    return f"{actual} (said before it ran; {failed})", matched


def _ask(expect: str, exit_code: int) -> tuple[str | None, str | None]:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None, None
    failed = f"\nThe command ended with exit code {exit_code}." if exit_code else ""
    try:
        actual: str = click.prompt(
            f"Expected: {expect}{failed}\nWhat happened? (empty: say it later)",
            default="",
            show_default=False,
            err=True,
        )
        if not actual.strip():
            return None, None
        matched: str = click.prompt("Did it match?", type=click.Choice(list(MATCHED)), err=True)
    except click.Abort:
        return None, None
    return actual, matched


def _duration(text: str) -> timedelta:
    from tocsin.runbook.durations import parse_duration

    return parse_duration(text)


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
