"""Looking for alerts and their groups, and calling them over."""

import click

from tocsin.cli.client import Server, part
from tocsin.cli.command import command, table, tell
from tocsin.cli.commands.telling import short
from tocsin.cli.errors import Refused
from tocsin.cli.handover import server


@command(example="tocsin alerts checkout region=eu-3 --state firing")
@click.argument("words", nargs=-1, metavar="[WORD|NAME=VALUE]...")
@click.option("--state", type=click.Choice(["firing", "resolved", "all"]), default="all", show_default=True)
@click.option("--service", help="What they are about, as the catalog names it.")
@click.option("--group", help="Those of one group.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def alerts(words: tuple[str, ...], state: str, service: str | None, group: str | None, limit: int) -> None:
    """List alerts, the newest first; each WORD begins a word of the title, service or labels, all must be there.

    NAME=VALUE is a label. With one alert's id, that alert and why it did or did not page.
    """
    if len(words) == 1 and words[0].count("-") == 4 and len(words[0]) == 36:
        one = server().get(f"/alerts/{part(words[0])}")
        labels = " ".join(f"{name}={value}" for name, value in one["labels"].items())
        tell(one, [f"{one['title']} ({one['state']}, since {short(one['received_at'])})", labels, one["why"]])
        return
    asked: dict[str, object] = {
        "state": state,
        "service": service,
        "group": group,
        "label": [word for word in words if "=" in word] or None,
        "q": " ".join(word for word in words if "=" not in word) or None,
    }
    items = server().all("/alerts", limit, **asked)
    rows = [(one["id"], short(one["received_at"]), one["state"], one["severity"], one["title"]) for one in items]
    tell({"items": items}, table(rows, ("alert", "came", "state", "severity", "title")) or ["No alert."])


@command(example="tocsin groups\ntocsin groups --state all --service checkout-api")
@click.option(
    "--state", type=click.Choice(["open", "closing", "closed", "live", "all"]), default="live", show_default=True
)
@click.option("--service", help="What they are about, as the catalog names it.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def groups(state: str, service: str | None, limit: int) -> None:
    """List groups of alerts, the newest change first; live are those not closed."""
    items = server().all("/groups", limit, state=state, service=service)
    rows = [
        (one["id"], one["state"], short(one["opened_at"]), f"{one['firing']} of {one['total']}", one["title"])
        for one in items
    ]
    tell({"items": items}, table(rows, ("group", "state", "opened", "firing", "title")) or ["No group."])


@command(example="tocsin resolve PAGE --reason 'the disk was cleaned'\ntocsin resolve --group GROUP")
@click.argument("page_id", metavar="[PAGE]", required=False)
@click.option("--group", "group_id", help="The group itself, as `tocsin groups` lists it.")
@click.option("--reason", default="")
def resolve(page_id: str | None, group_id: str | None, reason: str) -> None:
    """Call over what fires in a group, or in the group that a page is about.

    For what its sender never ends. What the sender says of it afterwards counts as new, and pages again.
    """
    if bool(page_id) == bool(group_id):
        raise click.UsageError("name a page or a group")
    connected = server()
    answer = connected.post(
        f"/groups/{part(group_id or _group_of(connected, page_id or ''))}/resolve", {"reason": reason}
    )
    tell(answer, f"Over: {answer['title']}. Whoever was paged is told when it has stayed so.")


def _group_of(connected: Server, page_id: str) -> str:
    found = connected.get(f"/pages/{part(page_id)}")["group_id"]
    if found is None:
        raise Refused("this page is about no alerts; end it with `tocsin page end`")
    return str(found)
