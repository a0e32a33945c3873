"""`tocsin decide`: what was done to the world, what was expected, what happened."""

from typing import Any

import click

from tocsin.cli.client import part
from tocsin.cli.command import DURATION, command, group, incident_argument, table, tell
from tocsin.cli.commands.run import MATCHED
from tocsin.cli.commands.telling import told, utc_option
from tocsin.cli.handover import kept_for_later, server, server_address, tell_or_keep
from tocsin.cli.offline.spool import Told
from tocsin.clock import SystemClock
from tocsin.masking import mask


@group(
    example="tocsin decide open INC-147 'scaled checkout-api to 12' --expect 'queue drains' --by 10m\n"
    "tocsin decide result INC-147 DECISION --actual 'queue is empty' --matched yes"
)
def decide() -> None:
    """Record a decision that was not run by `tocsin run`, and what came of any."""


@command(
    parent=decide,
    name="open",
    example="tocsin decide open INC-147 'scaled checkout-api to 12' --expect 'queue drains' --by 10m",
)
@incident_argument
@click.argument("exact")
@click.option("--expect", required=True, help="What you expect to happen.")
@click.option("--by", type=DURATION, help="By when the result must show, as in 10m.")
@click.option(
    "--what",
    type=click.Choice(["command", "rollback", "flag", "scale", "restart", "rate_limit", "config", "other"]),
    default="other",
    show_default=True,
)
@click.option("--title", help="What it is, in words.")
@click.option("--who", help="The person who did it, if not you.")
@click.option("--service")
@click.option("--change", help="The change that it takes back or makes.")
@utc_option("--at", help="When it was done, UTC.")
def open_(
    incident: str,
    exact: str,
    expect: str,
    by: str | None,
    what: str,
    title: str | None,
    who: str | None,
    service: str | None,
    change: str | None,
    at: str | None,
) -> None:
    """Record that EXACT (the exact command or change) is being done. Kept for later when the server is away."""
    body = {
        "command": mask(exact),
        "expected": mask(expect),
        "by": by,
        "what": what,
        "title": title,
        "executed_by": who,
        "service": service,
        "change_id": change,
        "started_at": at or SystemClock().now().isoformat(),
    }
    _tell_or_keep(incident, "decisions", body, exact)


@command(parent=decide, example="tocsin decide result INC-147 DECISION --actual 'errors at 0.2%' --matched yes")
@incident_argument
@click.argument("decision")
@click.option("--actual", required=True, help="What happened.")
@click.option("--matched", type=click.Choice(list(MATCHED)), required=True, help="Whether it was what was expected.")
def result(incident: str, decision: str, actual: str, matched: str) -> None:
    """Say what came of a decision; without that it can't be closed."""
    body = {"actual": mask(actual), "matched": MATCHED[matched], "happened_at": SystemClock().now().isoformat()}
    _tell_or_keep(incident, f"decisions/{part(decision)}/result", body, f"result of {decision}")


@command(parent=decide, name="more-time", example="tocsin decide more-time INC-147 DECISION --by 10m")
@incident_argument
@click.argument("decision")
@click.option("--by", type=DURATION, required=True, help="How much longer, from now.")
def more_time(incident: str, decision: str, by: str) -> None:
    """Give a decision's result more time."""
    answer = server().post(f"/incidents/{incident}/decisions/{part(decision)}/more-time", {"by": by})
    tell(answer, told(answer) or ["Nothing had to change."])


@command(parent=decide, example="tocsin decide flag INC-147 --none")
@incident_argument
@click.option("--flag", help="The flag that was turned.")
@click.option("--none", "none_helps", is_flag=True, help="No flag helps.")
@click.option("--note")
def flag(incident: str, flag: str | None, none_helps: bool, note: str | None) -> None:
    """Answer: could a feature flag help?"""
    if bool(flag) == none_helps:
        raise click.UsageError("say which flag was turned (--flag NAME) or that none helps (--none)")
    answer = server().post(f"/incidents/{incident}/flags", {"flag": flag, "note": note})
    tell(answer, told(answer) or ["That was answered already."])


@command(parent=decide, name="list", example="tocsin decide list INC-147")
@incident_argument
def list_(incident: str) -> None:
    """List decisions in the order in which they were taken."""
    items = server().all(f"/incidents/{incident}/decisions")
    rows = [
        (
            one["decision_id"],
            one["started_at"][11:19],
            one["by"],
            one["command"],
            one["expected"],
            one["matched"] or "open",
        )
        for one in items
    ]
    tell(
        {"items": items}, table(rows, ("decision", "utc", "who", "what", "expected", "matched")) or ["No decision yet."]
    )


def _tell_or_keep(incident: str, below: str, body: dict[str, Any], title: str) -> None:
    said = {name: value for name, value in body.items() if value is not None}
    kept = Told(f"/incidents/{{incident}}/{below}", said, incident=incident, server=server_address(), title=title)
    answer = tell_or_keep(kept)
    if answer is None:
        tell({"kept": kept.command_id}, kept_for_later())
        return
    number = f"Decision {answer['decision_id']}" if "decision_id" in answer else "Recorded."
    tell(answer, [*told(answer), number])
