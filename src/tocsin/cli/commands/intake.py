"""Integrations, what was set aside, and silences."""

from typing import Any

import click

from tocsin.cli.client import part
from tocsin.cli.command import DURATION, command, group, table, tell
from tocsin.cli.commands.telling import ahead, short
from tocsin.cli.errors import REFUSED
from tocsin.cli.handover import server


@group(example="tocsin intake list\ntocsin intake add prometheus --sender alertmanager\ntocsin intake set-aside")
def intake() -> None:
    """Integrations, and what they sent that could not be understood."""


@command(parent=intake, name="list", example="tocsin intake list")
def list_() -> None:
    """List integrations with the counts of what came."""
    items = server().all("/integrations")
    rows = [
        (one["id"], one["name"], one["sender"], one["requests"], one["signals"], one["waiting"], short(one["last_at"]))
        for one in items
    ]
    headings = ("integration", "name", "sender", "requests", "signals", "set aside", "last")
    tell({"items": items}, table(rows, headings) or ["No integration."])


@command(parent=intake, example="tocsin intake add prometheus --sender alertmanager")
@click.argument("name")
@click.option("--sender", default="generic", show_default=True, help="What it sends: alertmanager, generic …")
@click.option("--service", help="What its alerts are about when they do not say.")
def add(name: str, sender: str, service: str | None) -> None:
    """Add an integration and print its secret URL, this one time."""
    answer = server().post("/integrations", {"name": name, "sender": sender, "service": service})
    tell(answer, str(answer["url"]))


@command(parent=intake, example="tocsin intake map backups mapping.yaml")
@click.argument("integration")
@click.argument("file", type=click.File(encoding="utf-8"))
def map_(integration: str, file: Any) -> None:
    """Give an integration of the sender `mapped` its mapping; try it first: tocsin route test --mapping."""
    answer = server().send("PATCH", f"/integrations/{part(_id(integration))}", {"mapping": file.read()})
    tell(answer, "Kept. What was set aside can be replayed now.")


@command(parent=intake, example="tocsin intake payloads prometheus --last > payload.json")
@click.argument("integration")
@click.option("--last", is_flag=True, help="Print the latest one whole, for tocsin route test.")
def payloads(integration: str, last: bool) -> None:
    """What an integration sent lately, as it came; kept for 72 hours."""
    items = server().all(f"/integrations/{part(_id(integration))}/payloads")
    if last:
        tell({"items": items[:1]}, [one["payload"] for one in items[:1]] or ["Nothing came lately."])
        return
    rows = [(one["id"], short(one["at"]), " ".join(one["payload"].split())[:80]) for one in items]
    tell({"items": items}, table(rows, ("payload", "utc", "begins")) or ["Nothing came lately."])


@command(parent=intake, name="set-aside", example="tocsin intake set-aside --state waiting")
@click.option("--state", type=click.Choice(["waiting", "replayed", "discarded"]), default="waiting", show_default=True)
def set_aside(state: str) -> None:
    """List what could not be understood, with its reason."""
    items = server().all("/set-aside", state=state)
    rows = [(one["id"], one["integration"], short(one["at"]), one["place"], one["reason"]) for one in items]
    tell({"items": items}, table(rows, ("item", "from", "utc", "where", "why")) or ["Nothing is set aside."])


@command(parent=intake, example="tocsin intake replay ITEM")
@click.argument("item")
@click.pass_context
def replay(context: click.Context, item: str) -> None:
    """Read it again, and take in what can be understood now. Exits 1 when that is nothing."""
    answer = server().post(f"/set-aside/{part(item)}/replay")
    tell(answer, [f"{answer['signals']} taken in.", *answer["problems"]])
    context.exit(0 if answer["signals"] else REFUSED)


@command(parent=intake, example="tocsin intake discard ITEM")
@click.argument("item")
def discard(item: str) -> None:
    """It is not needed; it stays on record as discarded."""
    tell(server().post(f"/set-aside/{part(item)}/discard"), "Discarded.")


@group(example="tocsin silence add service=ledger --for 2h --reason 'migration'")
def silence() -> None:
    """Keep matching alerts from paging until a time."""


@command(parent=silence, name="add", example="tocsin silence add service=ledger --for 2h --reason 'migration'")
@click.argument("labels", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--for", "length", type=DURATION, help="How long, as in 2h.")
@click.option("--from", "begins", help="From when, UTC: 22:00 or sat 22:00; now without.")
@click.option("--until", help="Until when, UTC: 22:00 or 2026-11-19T22:00:00Z.")
@click.option("--reason", required=True)
def add_silence(
    labels: tuple[str, ...], length: str | None, begins: str | None, until: str | None, reason: str
) -> None:
    """Silence alerts that carry all these labels."""
    match = {}
    for label in labels:
        name, equals, value = label.partition("=")
        if not (name and equals):
            raise click.UsageError(f"{label!r} is no label; write it as NAME=VALUE")
        match[name] = value
    starts_at = {"starts_at": ahead(begins)} if begins else {}
    answer = server().post("/silences", {"match": match, "reason": reason, **starts_at, **_how_long(length, until)})
    tell(answer, f"Silenced: {answer['id']}")


@command(parent=silence, name="list", example="tocsin silence list")
def list_silences() -> None:
    """List silences in force or to come."""
    items = server().all("/silences")
    rows = [
        (
            one["id"],
            " ".join(f"{name}={value}" for name, value in one["match"].items()),
            short(one["starts_at"]),
            short(one["ends_at"]),
            one["reason"],
        )
        for one in items
    ]
    tell({"items": items}, table(rows, ("silence", "match", "from", "until", "reason")) or ["No silence."])


@command(parent=silence, name="change", example="tocsin silence change SILENCE --for 4h")
@click.argument("silence_id", metavar="SILENCE")
@click.option("--for", "length", type=DURATION, help="How long from now, as in 2h.")
@click.option("--until", help="Until when, UTC: 22:00 or 2026-11-19T22:00:00Z.")
@click.option("--reason")
def change_silence(silence_id: str, length: str | None, until: str | None, reason: str | None) -> None:
    """Let a silence end later or sooner."""
    body = {**_how_long(length, until), **({"reason": reason} if reason else {})}
    answer = server().send("PATCH", f"/silences/{part(silence_id)}", body)
    tell(answer, f"Silenced until {short(answer['ends_at'])}.")


@command(parent=silence, name="end", example="tocsin silence end SILENCE")
@click.argument("silence_id", metavar="SILENCE")
def end_silence(silence_id: str) -> None:
    """End a silence now."""
    tell(server().send("DELETE", f"/silences/{part(silence_id)}"), "Ended.")


@command(example="tocsin maintenance")
def maintenance() -> None:
    """The services' maintenance hours of the coming week: what fires then pages nobody."""
    items = server().get("/maintenance")["items"]
    rows = [
        (
            one["service"],
            one["name"],
            short(one["starts_at"]),
            short(one["ends_at"]),
            "now" if one["now"] else "",
        )
        for one in items
    ]
    tell({"items": items}, table(rows, ("service", "maintenance", "from", "until", "")) or ["No maintenance."])


def _how_long(length: str | None, until: str | None) -> dict[str, str]:
    if bool(length) == bool(until):
        raise click.UsageError("say for how long (--for 2h) or until when (--until 22:00)")
    return {"for": length} if length else {"until": ahead(until or "")}


def _id(integration: str) -> str:
    """An integration's id, told by id or name."""
    known = server().all("/integrations")
    return next((str(one["id"]) for one in known if integration in (one["id"], one["name"])), integration)
