"""`tocsin freeze`: may I deploy? And holding, releasing, letting one change through."""

from datetime import UTC, datetime
from typing import Any

import click

from tocsin.cli.client import connect
from tocsin.cli.command import command, group, incident_argument, table, tell, wants_json, warn
from tocsin.cli.commands.telling import ahead, told
from tocsin.cli.errors import COULD_NOT_ASK, REFUSED, USAGE, Away, NoServerKnown, Refused
from tocsin.cli.handover import server, server_address, token_refused
from tocsin.cli.offline.freeze_memory import KnownAnswer, in_words, recall, remember
from tocsin.cli.offline.spool import UNKNOWN_TOKEN
from tocsin.clock import SystemClock

_PATIENCE = 5.0


@group(example='tocsin freeze check --service checkout-api --change "$GIT_SHA" && ./deploy')
def freeze() -> None:
    """Deploys held while an incident is on."""


@command(parent=freeze, example='tocsin freeze check --service checkout-api --change "$GIT_SHA" && ./deploy')
@click.option("--service", required=True, help="The service to deploy.")
@click.option("--change", help="The change's id, as it may have been allowed.")
@click.pass_context
def check(context: click.Context, service: str, change: str | None) -> None:
    """Exit 0: go. Exit 1: held, with the reason. Exit 3: could not ask; then the last known answer and its age are told.

    Exit 64: the catalog knows no such service, so that a misspelt name never reads as go.
    """
    now = SystemClock().now()
    try:
        answer = connect(timeout=_PATIENCE).get("/freeze", service=service, change=change)
    except Refused as error:
        if any(mistake.get("field") == "service" for mistake in error.problem.get("errors", [])):
            tell(error.problem, str(error)) if wants_json() else warn(str(error))
            context.exit(USAGE)
        _could_not_ask(_why_refused(error), service, change, now)
        context.exit(COULD_NOT_ASK)
    except (Away, NoServerKnown) as error:
        _could_not_ask(str(error), service, change, now)
        context.exit(COULD_NOT_ASK)
    held, reason = bool(answer["held"]), str(answer.get("reason") or "")
    remember(server_address() or "", service, change, KnownAnswer(held, reason, now))
    tell(answer, reason or f"{'Held' if held else 'Go'}: {service}.")
    context.exit(REFUSED if held else 0)


def _why_refused(error: Refused) -> str:
    """Why the server would not say; a token that may not ask is told what it needs."""
    if error.status not in (UNKNOWN_TOKEN, 403):
        return str(error)
    return f"{token_refused(error, server_address() or 'the server')} (asking needs the scope freeze:read)"


def _could_not_ask(why: str, service: str, change: str | None, now: datetime) -> None:
    known = recall(server_address() or "", service, change)
    answer: dict[str, Any] = {"held": None, "could_not_ask": why, "last_known": None}
    lines = [f"Could not ask: {why}"]
    if known:
        age = now.astimezone(UTC) - known.asked_at
        word = known.reason or ("held" if known.held else "go")
        lines.append(f"The last known answer is {in_words(age)} old ({known.asked_at:%Y-%m-%d %H:%M:%S} UTC): {word}")
        answer["last_known"] = {
            "held": known.held,
            "reason": known.reason,
            "asked_at": known.asked_at.isoformat(),
            "age_seconds": int(age.total_seconds()),
        }
    else:
        lines.append(f"No earlier answer for {service} is known here.")
    tell(answer, lines)


@command(parent=freeze, name="list", example="tocsin freeze list")
def list_() -> None:
    """Show what is held, by which incident."""
    answer = server().get("/freezes")
    rows = [
        (one["service"], f"INC-{one['incident']}" if one.get("incident") else "", one["since"], one.get("reason"))
        for one in answer["items"]
    ]
    tell(answer, table(rows, ("service", "incident", "since", "reason")) or ["Nothing is held."])


@command(parent=freeze, example="tocsin freeze hold INC-147 --service checkout-api --reason 'bad deploy suspected'")
@incident_argument
@click.option("--service", "services", multiple=True, help="A service; repeat it. None: those that are hit.")
@click.option("--all", "everything", is_flag=True, help="Every service.")
@click.option("--reason")
@click.option("--until", help="When they go again by themselves, UTC.")
def hold(incident: str, services: tuple[str, ...], everything: bool, reason: str | None, until: str | None) -> None:
    """Hold deploys for this incident."""
    which = ["*"] if everything else list(services) or None
    body = {"services": which, "reason": reason, "until": ahead(until) if until else None}
    answer = server().post(f"/incidents/{incident}/freeze", body)
    tell(answer, told(answer) or ["Those are held already."])


@command(parent=freeze, example="tocsin freeze release INC-147 --reason 'it was the database'")
@incident_argument
@click.option("--service", "services", multiple=True, help="A service; repeat it. None: all that the incident holds.")
@click.option("--reason")
def release(incident: str, services: tuple[str, ...], reason: str | None) -> None:
    """Let deploys go again before the incident is resolved."""
    answer = server().post(
        f"/incidents/{incident}/freeze/release", {"services": list(services) or None, "reason": reason}
    )
    tell(answer, told(answer) or ["This incident holds nothing."])


@command(
    parent=freeze,
    example="tocsin freeze allow INC-147 --service checkout-api --change 4f2a9c1 --reason 'this is the fix'",
)
@incident_argument
@click.option("--service", required=True)
@click.option("--change", required=True, help="The change's id, as the pipeline asks with it.")
@click.option("--reason", required=True, help="Why this one may go: it may be the fix.")
def allow(incident: str, service: str, change: str, reason: str) -> None:
    """Let one change through while everything else is held."""
    body = {"service": service, "change_id": change, "reason": reason}
    tell(server().post(f"/incidents/{incident}/freeze/allow", body), f"{change} may be deployed to {service}.")
