"""Postmortems and follow-ups."""

import sys
from pathlib import Path

import click

from tocsin.cli.client import part
from tocsin.cli.command import command, group, incident_argument, table, tell
from tocsin.cli.commands.telling import instant_of, short, told
from tocsin.cli.handover import server

_KINDS = {
    "detection": "detection",
    "defence": "defence",
    "defense-in-depth": "defence",
    "tests": "tests",
    "docs": "docs",
}


@group(example="tocsin postmortem show INC-147\ntocsin postmortem write INC-147 summary --file summary.md")
def postmortem() -> None:
    """Read, write and publish a postmortem."""


@command(parent=postmortem, example="tocsin postmortem show INC-147 > postmortem.md")
@incident_argument
def show(incident: str) -> None:
    """Print the draft as Markdown; it is already half written from the timeline."""
    from tocsin.cli.command import wants_json

    if wants_json():
        tell(server().get(f"/incidents/{incident}/postmortem"), "")
        return
    tell(None, server().get_bytes(f"/incidents/{incident}/postmortem.md").decode().rstrip("\n"))


@command(parent=postmortem, example="tocsin postmortem write INC-147 summary --file summary.md")
@incident_argument
@click.argument("section")
@click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Its text; default: standard input."
)
@click.option("--text", help="Its text, here.")
def write(incident: str, section: str, file: Path | None, text: str | None) -> None:
    """Write a section, in Markdown."""
    said = text if text is not None else file.read_text(encoding="utf-8") if file else sys.stdin.read()
    answer = server().send("PUT", f"/incidents/{incident}/postmortem", {"section": section, "text": said})
    tell(answer, told(answer) or ["Nothing had to change."])


@command(parent=postmortem, example="tocsin postmortem publish INC-147")
@incident_argument
def publish(incident: str) -> None:
    """Publish it; every follow-up needs kind, owner and date."""
    answer = server().post(f"/incidents/{incident}/postmortem/publish")
    tell(answer, told(answer))


@command(parent=postmortem, example="tocsin postmortem calendar INC-147 > review.ics")
@incident_argument
def calendar(incident: str) -> None:
    """Print the review's meeting as iCalendar."""
    text = server().get_bytes(f"/incidents/{incident}/postmortem.ics").decode()
    tell({"calendar": text}, text.rstrip("\n"))


@command(
    parent=postmortem,
    example="tocsin postmortem artifact INC-147 dashboards --url https://grafana.example/d/x --title 'Errors'",
)
@incident_argument
@click.argument("what", type=click.Choice(["logs", "prs", "commits", "dashboards", "chats"]))
@click.option("--url")
@click.option("--title")
@click.option("--not-available", is_flag=True, help="There is none of this kind.")
def artifact(incident: str, what: str, url: str | None, title: str | None, not_available: bool) -> None:
    """Add an artifact, or say that there is none of its kind."""
    if not_available == bool(url or title):
        raise click.UsageError("give --url and --title, or say --not-available")
    body = {"what": what, "available": not not_available, "title": title, "url": url}
    answer = server().post(f"/incidents/{incident}/artifacts", body)
    tell(answer, told(answer))


@group(example="tocsin followup add INC-147 'Alert on pool exhaustion' --kind detection --owner dana --due 2026-12-01")
def followup() -> None:
    """Follow-ups with kind, owner and due date."""


@command(
    parent=followup,
    name="add",
    example="tocsin followup add INC-147 'Alert on pool exhaustion' --kind detection --owner dana --due 2026-12-01",
)
@incident_argument
@click.argument("title")
@click.option("--kind", type=click.Choice(list(_KINDS)), required=True)
@click.option("--owner")
@click.option("--due", help="A date or instant, UTC.")
def add_(incident: str, title: str, kind: str, owner: str | None, due: str | None) -> None:
    """Add a follow-up."""
    body = {
        "title": title,
        "what": _KINDS[kind],
        "owner": owner,
        "due_at": instant_of(due).isoformat() if due else None,
    }
    answer = server().post(
        f"/incidents/{incident}/followups", {name: value for name, value in body.items() if value is not None}
    )
    tell(answer, told(answer))


@command(parent=followup, name="list", example="tocsin followup list --owner dana")
@click.option("--incident", "-i")
@click.option("--owner")
@click.option("--state", type=click.Choice(["open", "done", "dropped", "all"]), default="open", show_default=True)
def list_(incident: str | None, owner: str | None, state: str) -> None:
    """List follow-ups."""
    path = f"/incidents/{part(incident)}/followups" if incident else "/followups"
    items = server().all(path, owner=owner, state=state)
    rows = [
        (
            one["id"],
            f"INC-{one['incident']}",
            one["what"],
            one.get("owner") or "NOBODY",
            short(one.get("due_at")),
            one["state"],
            one["title"],
        )
        for one in items
    ]
    tell(
        {"items": items},
        table(rows, ("follow-up", "incident", "kind", "owner", "due", "state", "title")) or ["No follow-up."],
    )


@command(parent=followup, name="change", example="tocsin followup change FOLLOWUP --state done")
@click.argument("followup_id", metavar="FOLLOWUP")
@click.option("--owner")
@click.option("--due", help="A date or instant, UTC.")
@click.option("--state", type=click.Choice(["open", "done", "dropped"]))
@click.option("--note")
def change_(followup_id: str, owner: str | None, due: str | None, state: str | None, note: str | None) -> None:
    """Give a follow-up another owner, date or state."""
    body = {"owner": owner, "due_at": instant_of(due).isoformat() if due else None, "state": state, "note": note}
    said = {name: value for name, value in body.items() if value is not None}
    if not said:
        raise click.UsageError("say what changes: --owner, --due, --state or --note")
    answer = server().send("PATCH", f"/followups/{part(followup_id)}", said)
    tell(answer, told(answer) or ["Nothing had to change."])
