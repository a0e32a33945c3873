"""Looking for alerts."""

import click

from tocsin.cli.client import part
from tocsin.cli.command import command, table, tell
from tocsin.cli.commands.telling import short
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
