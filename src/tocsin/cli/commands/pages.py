"""Paging people, acknowledging, keeping quiet."""

from collections.abc import Mapping
from typing import Any

import click

from tocsin.cli.client import Server, part
from tocsin.cli.command import DURATION, INCIDENT, command, group, table, tell
from tocsin.cli.commands.telling import ahead, short
from tocsin.cli.errors import Refused
from tocsin.cli.handover import server
from tocsin.ids import new_id


@group(example="tocsin page send dana 'the database is on fire'\ntocsin page list")
def page() -> None:
    """Page a person, team or service now; list and end pages."""


@command(parent=page, example="tocsin page send dana 'the database is on fire' --incident INC-147")
@click.argument("to")
@click.argument("text")
@click.option("--incident", "-i", type=INCIDENT, help="The incident that it is about.")
def send(to: str, text: str, incident: str | None) -> None:
    """Page TO (a person, team, service or policy) by hand, until someone acknowledges."""
    body = {"to": to, "text": text, "incident": int(incident) if incident else None}
    answer = server().post("/pages", {name: value for name, value in body.items() if value is not None}, new_id())
    tell(answer, f"Paging {to}: page {answer['id']}")


@command(parent=page, name="list", example="tocsin page list --state all")
@click.option(
    "--state",
    type=click.Choice(["open", "snoozed", "acknowledged", "ended", "live", "all"]),
    default="live",
    show_default=True,
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def list_(state: str, limit: int) -> None:
    """List pages, the newest first."""
    items = server().all("/pages", limit, state=state)
    rows = [
        (one["id"], _state(one), short(one["opened_at"]), one.get("acknowledged_by"), one["title"]) for one in items
    ]
    tell({"items": items}, table(rows, ("page", "state", "opened", "with", "title")) or ["No page is open."])


@command(parent=page, example="tocsin page proof --since 2026-11-01T00:00Z --csv > november.csv")
@click.option("--since", help="Pages that opened from this time on, such as 2026-11-01T00:00Z.")
@click.option("--until", help="Pages that opened before this time.")
@click.option("--person", help="What was owed to this person.")
@click.option("--csv", "as_csv", is_flag=True, help="The whole of it, as CSV.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Lines at most.")
def proof(since: str | None, until: str | None, person: str | None, as_csv: bool, limit: int) -> None:
    """Prove what became of each page that was owed: to whom, by what, whether it came, and how late."""
    asked = {"since": since, "until": until, "person": person}
    if as_csv:
        click.echo(server().get_bytes("/proof-of-page", format="csv", **asked).decode(), nl=False)
        return
    items = server().all("/proof-of-page", limit, **asked)
    rows = [
        (short(one["owed_at"]), one["person"], one["state"], one["method"], _seconds(one["late_seconds"]), one["title"])
        for one in items
    ]
    tell({"items": items}, table(rows, ("owed", "person", "state", "by", "late", "page")) or ["Nothing was owed."])


def _seconds(late: float | None) -> str:
    return "" if late is None else f"{late:.0f} s"


@command(parent=page, example="tocsin page simulate checkout-api --at 'sat 03:00' --severity critical")
@click.argument("to", required=False)
@click.option("--at", help="UTC: 03:00 (the next one), 'sat 03:00' or 2026-11-21T03:00Z; now if left out.")
@click.option("--severity", help="critical, error, warning, info, sev1, sev2 or sev3.")
@click.option("--urgency", type=click.Choice(["page", "notify"]), default="page", show_default=True)
def simulate(to: str | None, at: str | None, severity: str | None, urgency: str) -> None:
    """Tell who would hear a page for TO (a service, team, policy, ...), and when. Nothing is sent."""
    asked = {"to": to, "at": ahead(at) if at else None, "severity": severity, "urgency": urgency}
    answer = server().get("/oncall/simulation", **asked)
    rows = [
        (short(step["at"]), f"+{step['after_seconds'] // 60} min", _step(step), _heard(step))
        for step in answer["items"]
    ]
    tell(answer, table(rows, ("utc", "after", "step", "who hears it, by what")))


def _step(step: Mapping[str, Any]) -> str:
    if step["step"] is None:
        return "last resort"
    return f"step {step['step']}" if step["round"] == 1 else f"step {step['step']}, round {step['round']}"


def _heard(step: Mapping[str, Any]) -> str:
    heard = [
        f"{each['name']} ({', '.join(way['method'] for way in each['by']) or each.get('quiet') or 'only the screen'})"
        for each in step["people"]
    ]
    heard += [f"webhook {url}" for url in step["webhooks"]]
    return "; ".join(heard + [f"passed over: {why}" for why in step["skipped"]]) or "nobody"


@command(parent=page, example="tocsin page show PAGE")
@click.argument("page_id", metavar="PAGE")
def show(page_id: str) -> None:
    """Show a page and its log: attempts, receipts, why not."""
    answer = server().get(f"/pages/{part(page_id)}")
    rows = [
        (short(row["at"]), row["kind"], row.get("person"), row.get("method"), row.get("text"))
        for row in answer.get("log", [])
    ]
    tell(answer, [f"{_state(answer)}: {answer['title']}", *table(rows, ("utc", "what", "person", "method", "said"))])


@command(parent=page, example="tocsin page escalate PAGE")
@click.argument("page_id", metavar="PAGE")
def escalate(page_id: str) -> None:
    """Pass a page on to the next step now."""
    answer = server().post(f"/pages/{part(page_id)}/escalate", {}, new_id())
    tell(answer, "Passed on.")


@command(parent=page, example="tocsin page reassign PAGE priya --reason 'knows the ledger'")
@click.argument("page_id", metavar="PAGE")
@click.argument("to")
@click.option("--reason", default="", help="Why, for the record.")
def reassign(page_id: str, to: str, reason: str) -> None:
    """Give a page to TO (a person, team, schedule, service or policy), who is paged at once; who had it is told."""
    answer = server().post(f"/pages/{part(page_id)}/reassign", {"to": to, "reason": reason}, new_id())
    tell(answer, f"Given to {to}, who is paged.")


@command(parent=page, name="ask", example="tocsin page ask PAGE kofi network --text 'is it the load balancer?'")
@click.argument("page_id", metavar="PAGE")
@click.argument("to", nargs=-1, required=True)
@click.option("--text", default="", help="What help is wanted.")
def ask_to_help(page_id: str, to: tuple[str, ...], text: str) -> None:
    """Page more people about the same; who has the page keeps it."""
    answer = server().post(f"/pages/{part(page_id)}/responders", {"to": list(to), "text": text}, new_id())
    tell(answer, [f"Paging {name}: page {one['id']}" for name, one in zip(to, answer["items"], strict=False)])


@command(parent=page, example="tocsin page decline PAGE --reason 'on a plane'")
@click.argument("page_id", metavar="PAGE")
@click.option("--reason", default="")
def decline(page_id: str, reason: str) -> None:
    """Say that you can't help, to a page that asks for it."""
    tell(server().post(f"/pages/{part(page_id)}/decline", {"reason": reason}), "They are told that you can't.")


@command(parent=page, name="webhook-secret", example="tocsin page webhook-secret https://hooks.example/bridge")
@click.argument("url")
def webhook_secret(url: str) -> None:
    """Tell by which secrets calls of a policy's webhook at URL are signed, the newest first."""
    answer = server().get("/organisation/webhook-secret", url=url)
    tell(answer, answer["secrets"])


@command(parent=page, example="tocsin page end PAGE --reason 'called by mistake'")
@click.argument("page_id", metavar="PAGE")
@click.option("--reason", required=True)
def end(page_id: str, reason: str) -> None:
    """End a page; those who were paged are told that it is over."""
    tell(server().post(f"/pages/{part(page_id)}/end", {"reason": reason}), "Ended.")


@command(example="tocsin ack\ntocsin ack PAGE\ntocsin ack PAGE PAGE PAGE")
@click.argument("page_ids", metavar="[PAGE]...", nargs=-1)
def ack(page_ids: tuple[str, ...]) -> None:
    """Acknowledge a page, or several at once; without PAGE the only one that is open."""
    connected = server()
    if len(page_ids) > 1:
        _acknowledge_many(connected, page_ids)
        return
    chosen = page_ids[0] if page_ids else _only_open(connected)
    answer = connected.post(f"/pages/{part(chosen)}/acknowledge", {}, new_id())
    tell(answer, str(answer["sentence"]))


def _acknowledge_many(connected: Server, page_ids: tuple[str, ...]) -> None:
    """Each is told; when one could not be taken, the command fails after it has told them all."""
    answer = connected.post("/pages/acknowledge", {"pages": list(page_ids)}, new_id())
    tell(answer, table([(one["page_id"], one["sentence"]) for one in answer["items"]], ("page", "answer")))
    failed = sum(not one["acknowledged"] for one in answer["items"])
    if failed:
        raise Refused(f"{failed} of {len(answer['items'])} could not be acknowledged")


@command(example="tocsin snooze PAGE --for 30m\ntocsin snooze --group GROUP --until 22:00")
@click.argument("page_id", metavar="[PAGE]", required=False)
@click.option("--group", "group_id", help="A group instead of a page.")
@click.option("--for", "length", type=DURATION, help="How long, as in 30m.")
@click.option("--until", help="Until when, UTC: 22:00 or 2026-11-19T22:00:00Z.")
@click.option("--reason")
def snooze(
    page_id: str | None, group_id: str | None, length: str | None, until: str | None, reason: str | None
) -> None:
    """Keep a page or group quiet until a time."""
    if bool(length) == bool(until):
        raise click.UsageError("say for how long (--for 30m) or until when (--until 22:00)")
    if page_id and group_id:
        raise click.UsageError("name a page or a group, not both")
    body = {"for": length, "until": ahead(until) if until else None, "reason": reason}
    connected = server()
    path = f"/groups/{part(group_id)}" if group_id else f"/pages/{part(page_id or _only_open(connected))}"
    answer = connected.post(f"{path}/snooze", {name: value for name, value in body.items() if value is not None})
    tell(answer, f"Quiet until {short(answer.get('snoozed_until'))}.")


def _state(page: Mapping[str, Any]) -> str:
    """Its state; of one that is kept quiet also until when, UTC."""
    until = page.get("snoozed_until") if page["state"] != "ended" else None
    if until is None:
        return str(page["state"])
    return f"snoozed to {short(until)}" if page["state"] == "snoozed" else f"{page['state']}, snoozed to {short(until)}"


def _only_open(connected: Server) -> str:
    items = connected.get("/pages", state="open", limit=2)["items"]
    if not items:
        raise Refused("no page is open")
    if len(items) > 1:
        raise Refused("several pages are open; name one (see `tocsin page list`)")
    return str(items[0]["id"])
