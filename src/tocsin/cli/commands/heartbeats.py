"""Heartbeats: what must be heard of every so often."""

import click

from tocsin.cli.client import part
from tocsin.cli.command import DURATION, command, group, table, tell
from tocsin.cli.commands.telling import short
from tocsin.cli.handover import server


@group(example="tocsin heartbeat add nightly-backup --every 24h --grace 1h")
def heartbeat() -> None:
    """What must be heard of every so often; its silence is an alert."""


@command(parent=heartbeat, name="list", example="tocsin heartbeat list")
def list_() -> None:
    """List heartbeats, what is late first."""
    items = server().all("/heartbeats")
    rows = [
        (one["id"], one["name"], one["state"], f"{one['every_seconds']} s", short(one["last_at"]), short(one["due_at"]))
        for one in items
    ]
    headings = ("heartbeat", "name", "state", "every", "heard", "late at")
    tell({"items": items}, table(rows, headings) or ["No heartbeat."])


@command(parent=heartbeat, example="tocsin heartbeat add nightly-backup --every 24h --grace 1h")
@click.argument("name")
@click.option("--every", type=DURATION, required=True, help="How often it is heard of, as in 24h.")
@click.option("--grace", type=DURATION, default="1m", show_default=True, help="How much later it may be.")
@click.option("--service", help="What it is about.")
@click.option("--severity", default="error", show_default=True, help="critical, error, warning or info.")
def add(name: str, every: str, grace: str, service: str | None, severity: str) -> None:
    """Add a heartbeat and print its secret URL, this one time. Ask for it by curl, and it beats."""
    body = {"name": name, "every": every, "grace": grace, "service": service, "severity": severity}
    answer = server().post("/heartbeats", body)
    tell(answer, str(answer["url"]))


@command(parent=heartbeat, example="tocsin heartbeat beat nightly-backup")
@click.argument("name")
def beat(name: str) -> None:
    """Say that it lives."""
    tell(server().post(f"/heartbeats/{part(_id(name))}/beat"), "Heard.")


@command(parent=heartbeat, example="tocsin heartbeat pause nightly-backup")
@click.argument("name")
def pause(name: str) -> None:
    """Await nothing of it until it is resumed."""
    tell(server().post(f"/heartbeats/{part(_id(name))}/pause"), "Paused.")


@command(parent=heartbeat, example="tocsin heartbeat resume nightly-backup")
@click.argument("name")
def resume(name: str) -> None:
    """Await it again, from its next beat on."""
    tell(server().post(f"/heartbeats/{part(_id(name))}/resume"), "Awaited from its next beat on.")


@command(parent=heartbeat, example="tocsin heartbeat remove nightly-backup")
@click.argument("name")
def remove(name: str) -> None:
    """Await it no more."""
    tell(server().send("DELETE", f"/heartbeats/{part(_id(name))}"), "Removed.")


def _id(name: str) -> str:
    return next((str(one["id"]) for one in server().all("/heartbeats") if name in (one["id"], one["name"])), name)
