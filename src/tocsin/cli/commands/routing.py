"""Which way an alert would go, before anything sends it."""

from collections.abc import Iterator
from typing import Any

import click

from tocsin.cli.command import command, group, tell
from tocsin.cli.commands.telling import ahead
from tocsin.cli.errors import REFUSED
from tocsin.cli.handover import server


@group(example="tocsin route test payload.json --integration prometheus")
def route() -> None:
    """Which way an alert would go."""


@command(parent=route, example="tocsin route test payload.json --integration prometheus")
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"))
@click.option("--integration", help="By which integration it would come: its name or id.")
@click.option("--sender", help="Or by which sender, if there is no integration yet: alertmanager, grafana …")
@click.option("--mapping", type=click.File(encoding="utf-8"), help="A mapping in YAML to try in place of its own.")
@click.option("--at", help="As if it came then, UTC: 03:00 (the next one), 'sat 03:00' or 2026-11-21T03:00Z.")
@click.pass_context
def test(
    context: click.Context, file: Any, integration: str | None, sender: str | None, mapping: Any, at: str | None
) -> None:
    """Show what alerts a payload holds, and the path of each and why; nothing is kept, nobody is paged.

    FILE is the body as it would be sent, - for standard input. Exits 1 when something in it is not understood.
    """
    body = {
        "payload": file.read(),
        "integration": integration,
        "sender": sender,
        "mapping": mapping.read() if mapping else None,
        "at": ahead(at) if at else None,
    }
    answer = server().post("/route/test", body)
    tell(answer, list(_lines(answer)))
    context.exit(REFUSED if answer["problems"] else 0)


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    for alert in answer["alerts"]:
        about = f" about {alert['service']}" if alert["service"] else ""
        yield f"{alert['title']} ({alert['status']}, {alert['severity']}{about}; key {alert['dedup_key']})"
        for rule in alert["asked"]:
            yield f"  rule {rule['rule']}: {'matches' if rule['matched'] else 'no'}, {rule['because']}"
        if not any(rule["matched"] for rule in alert["asked"]):
            yield "  no rule matches; the default decides"
        yield f"  {alert['why']}" + (f" Declares {alert['declare']}." if alert["declare"] else "")
        if alert["quiet"]:
            yield f"  It would be quiet: {alert['quiet']}."
    for each in answer["asks"]:
        yield f"asks to {each['what']} {each['dedup_key']}".rstrip()
    for problem in answer["problems"]:
        yield f"not understood: {problem}"
    if not any(answer[name] for name in ("alerts", "asks", "problems")):
        yield "Understood, and it begins and ends nothing."
