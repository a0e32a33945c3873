"""`tocsin override`: somebody else's shift, or a gate that is not met."""

import click

from tocsin.cli.client import part
from tocsin.cli.command import command, group, incident_argument, table, tell
from tocsin.cli.commands.telling import ahead, short, told
from tocsin.cli.handover import server


@group(
    example="tocsin override shift checkout dana --from 18:00 --to 22:00\ntocsin override gate INC-147 resolved --reason '…'"
)
def override() -> None:
    """Override a shift, or a gate with a reason that is shown for ever."""


@command(parent=override, example="tocsin override shift checkout dana --from 18:00 --to 22:00 --reason 'Kofi is ill'")
@click.argument("schedule")
@click.argument("person")
@click.option("--from", "start", required=True, help="UTC: 18:00 (the next one) or 2026-11-19T18:00Z.")
@click.option("--to", "end", required=True, help="UTC.")
@click.option("--reason")
def shift(schedule: str, person: str, start: str, end: str, reason: str | None) -> None:
    """Let PERSON be on call on SCHEDULE in this time."""
    body = {
        "schedule": schedule,
        "person": person,
        "starts_at": ahead(start),
        "ends_at": ahead(end),
        "reason": reason or "",
    }
    answer = server().post("/overrides", body)
    tell(
        answer,
        f"{person} is on call on {schedule} from {short(answer['starts_at'])} to {short(answer['ends_at'])}: {answer['id']}",
    )


@command(parent=override, name="list", example="tocsin override list")
@click.option("--schedule")
def list_(schedule: str | None) -> None:
    """List overrides that are not over."""
    items = server().all("/overrides", schedule=schedule)
    rows = [
        (one["id"], one["schedule"], one["person"], short(one["starts_at"]), short(one["ends_at"]), one.get("reason"))
        for one in items
    ]
    tell({"items": items}, table(rows, ("override", "schedule", "who", "from", "to", "reason")) or ["No override."])


@command(parent=override, example="tocsin override change OVERRIDE --to 20:00")
@click.argument("override_id", metavar="OVERRIDE")
@click.option("--person", help="Somebody else takes it.")
@click.option("--from", "start", help="UTC: 18:00 (the next one) or 2026-11-19T18:00Z.")
@click.option("--to", "end", help="UTC; an earlier one ends it early.")
@click.option("--reason")
def change(override_id: str, person: str | None, start: str | None, end: str | None, reason: str | None) -> None:
    """Change an override that is not over; what is left out stays."""
    body = {
        "person": person,
        "starts_at": ahead(start) if start else None,
        "ends_at": ahead(end) if end else None,
        "reason": reason,
    }
    answer = server().send("PATCH", f"/overrides/{part(override_id)}", body)
    span = f"from {short(answer['starts_at'])} to {short(answer['ends_at'])}"
    tell(answer, f"{answer['person']} is on call on {answer['schedule']} {span}: {answer['id']}")


@command(parent=override, name="cancel", example="tocsin override cancel OVERRIDE")
@click.argument("override_id", metavar="OVERRIDE")
def cancel(override_id: str) -> None:
    """Take an override back."""
    tell(server().send("DELETE", f"/overrides/{part(override_id)}"), "Taken back.")


@command(
    parent=override, example="tocsin override gate INC-147 resolved --reason 'metrics are down, customers confirm'"
)
@incident_argument
@click.argument("phase")
@click.option("--reason", required=True, help="Shown for ever.")
def gate(incident: str, phase: str, reason: str) -> None:
    """Enter PHASE though its gate is not met."""
    answer = server().post(f"/incidents/{incident}/gates/override", {"phase": phase, "reason": reason})
    tell(answer, told(answer) or ["Nothing had to change."])
