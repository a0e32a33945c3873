"""`tocsin check`: the objective checks that say when it is over."""

from typing import Any

import click

from tocsin.cli.client import part
from tocsin.cli.command import DURATION, command, group, incident_argument, table, tell
from tocsin.cli.commands.telling import told
from tocsin.cli.handover import server

_VERDICTS = {None: "not measured yet", "no_data": "no data"}


@group(
    example="tocsin check list INC-147\ntocsin check word INC-147 support-quiet pass --note 'no new tickets for 20 min'"
)
def check() -> None:
    """Recovery checks: list, add, give one's word."""


@command(parent=check, name="list", example="tocsin check list INC-147")
@incident_argument
def list_(incident: str) -> None:
    """List the checks with their verdicts, the hold and the watch."""
    answer = server().get(f"/incidents/{incident}/checks")
    rows = [check_row(one) for one in answer["items"]]
    tell(
        answer,
        table(rows, ("check", "name", "verdict", "value", "target")) or ["This incident has no recovery check yet."],
    )


def check_row(one: dict[str, Any]) -> tuple[str | None, ...]:
    """A check for the table: one without a name is called by what it asks; a verdict is told in words."""
    value, target = one.get("value"), "an answer below 400" if one["kind"] == "http" else one.get("target")
    said = None if value is None or one["kind"] == "person" else f"{value:g}{one.get('unit') or ''}"
    verdict = _VERDICTS.get(one.get("verdict"), str(one.get("verdict")))
    return one["id"], one["name"].strip() or one["query"], verdict, said, target


@command(
    parent=check,
    example="tocsin check add INC-147 'Checkout errors' --promql 'rate(errors[5m])' --comparator '<' --threshold 0.01",
)
@incident_argument
@click.argument("name")
@click.option("--promql", help="A PromQL expression of one number.")
@click.option("--http", "url", help="A URL whose answer below 400 passes.")
@click.option("--ask", help="A question for a person's word.")
@click.option("--comparator", type=click.Choice(["<", "<=", ">", ">=", "==", "!="]))
@click.option("--threshold", type=float)
@click.option("--unit")
@click.option("--source", help="The Prometheus server; default: the configured one.")
@click.option("--interval", type=DURATION)
@click.option("--service")
def add(
    incident: str,
    name: str,
    promql: str | None,
    url: str | None,
    ask: str | None,
    comparator: str | None,
    threshold: float | None,
    unit: str | None,
    source: str | None,
    interval: str | None,
    service: str | None,
) -> None:
    """Add a recovery check to an incident."""
    asked = [(kind, query) for kind, query in (("promql", promql), ("http", url), ("person", ask)) if query]
    if len(asked) != 1:
        raise click.UsageError("say what is checked: one of --promql, --http, --ask")
    (kind, query) = asked[0]
    body = {
        "name": name,
        "kind": kind,
        "query": query,
        "comparator": comparator,
        "threshold": threshold,
        "unit": unit,
        "source": source,
        "interval": interval,
        "service": service,
    }
    answer = server().post(
        f"/incidents/{incident}/checks", {key: value for key, value in body.items() if value is not None}
    )
    tell(answer, told(answer))


@command(parent=check, example="tocsin check remove INC-147 checkout-errors --reason 'measures the wrong thing'")
@incident_argument
@click.argument("check_id", metavar="CHECK")
@click.option("--reason", required=True)
def remove(incident: str, check_id: str, reason: str) -> None:
    """Remove a check from an incident."""
    answer = server().send("DELETE", f"/incidents/{incident}/checks/{part(check_id)}", {"reason": reason})
    tell(answer, told(answer))


@command(parent=check, example="tocsin check word INC-147 support-quiet pass --note 'no new tickets for 20 min'")
@incident_argument
@click.argument("check_id", metavar="CHECK")
@click.argument("verdict", type=click.Choice(["pass", "fail", "take-back"]))
@click.option("--note")
def word(incident: str, check_id: str, verdict: str, note: str | None) -> None:
    """Give your word on a check; it stands until taken back."""
    said = "no_data" if verdict == "take-back" else verdict
    answer = server().post(f"/incidents/{incident}/checks/{part(check_id)}/word", {"verdict": said, "note": note})
    tell(answer, told(answer) or ["Nothing had to change."])
