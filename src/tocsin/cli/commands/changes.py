"""`tocsin change`: what pipelines and people change."""

import click

from tocsin.cli.command import command, group, table, tell
from tocsin.cli.commands.telling import clock_of, short, utc_option
from tocsin.cli.handover import kept_for_later, server, server_address, tell_or_keep
from tocsin.cli.offline.spool import Told
from tocsin.clock import SystemClock
from tocsin.ids import new_id

_KINDS = ["deploy", "flag", "config", "migration", "infrastructure", "rollback"]


@group(example="tocsin change record --service checkout-api --id \"$GIT_SHA\" 'deploy 4.2.0'\ntocsin change list")
def change() -> None:
    """Record and list deploys, flags and other changes."""


@command(
    parent=change,
    example="tocsin change record --service checkout-api --id \"$GIT_SHA\" --version 4.2.0 'deploy 4.2.0'",
)
@click.argument("summary")
@click.option("--service", required=True)
@click.option("--id", "change_id", help="Your own id for it; told again it changes nothing.")
@click.option("--kind", type=click.Choice(_KINDS), default="deploy", show_default=True)
@click.option("--version")
@click.option("--environment")
@click.option("--link", help="Where it can be looked at.")
@click.option("--author")
@click.option("--undo", help="The command that takes it back.")
@utc_option("--at", help="When it happened, UTC.")
def record(summary: str, service: str, change_id: str | None, at: str | None, **rest: str | None) -> None:
    """Tell that something was changed. Kept and handed over later when the server is away: a deploy never waits for it."""
    body: dict[str, object] = {
        "id": change_id or new_id(),
        "service": service,
        "summary": summary,
        "happened_at": at or SystemClock().now().isoformat(),
        **{name: value for name, value in rest.items() if value is not None},
    }
    answer = tell_or_keep(Told("/changes", body, server=server_address(), title=f"change {summary}"))
    if answer is None:
        tell({"kept": True, "id": body["id"]}, kept_for_later())
    else:
        tell(answer, f"Recorded {body['id']} on {service}.")


@command(parent=change, name="list", example="tocsin change list --service checkout-api --since 13:00")
@click.option("--service")
@click.option("--since", help="UTC: 13:00 or 2026-11-19T13:00:00Z.")
@click.option("--limit", type=click.IntRange(1, 1000), default=30, show_default=True)
def list_(service: str | None, since: str | None, limit: int) -> None:
    """List changes, the newest first."""
    items = server().all("/changes", limit, service=service, since=clock_of(since))
    rows = [
        (short(one["happened_at"]), one["service"], one["kind"], one.get("external_id") or one["id"], one["summary"])
        for one in items
    ]
    tell({"items": items}, table(rows, ("utc", "service", "kind", "id", "what")) or ["No change is known."])
