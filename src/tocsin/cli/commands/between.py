"""`tocsin swap` and `tocsin leave`: what people arrange between themselves."""

import click

from tocsin.cli.client import part
from tocsin.cli.command import command, group, table, tell
from tocsin.cli.commands.telling import ahead, short
from tocsin.cli.handover import server


@group(example="tocsin swap offer checkout --to kofi --from 2026-11-21T09:00Z --until 2026-11-22T09:00Z")
def swap() -> None:
    """Swap shifts, once the other one agrees."""


@command(parent=swap, name="list", example="tocsin swap list")
@click.option("--state", default="open", show_default=True, help="open, accepted, declined, withdrawn, lapsed or all.")
def list_swaps(state: str) -> None:
    """List swaps asked by you or of you."""
    items = server().all("/oncall/swaps", state=state)
    rows = [
        (
            one["id"],
            one["schedule_id"],
            one["asked_by"],
            one["asked_of"],
            short(one["starts_at"]),
            short(one["ends_at"]),
        )
        for one in items
    ]
    tell({"items": items}, table(rows, ("swap", "schedule", "from", "to", "begins", "ends")) or ["No swap."])


@command(parent=swap, example="tocsin swap offer checkout --to kofi --from 2026-11-21T09:00Z --until 2026-11-22T09:00Z")
@click.argument("schedule")
@click.option("--to", required=True, help="Who is to take it.")
@click.option("--from", "start", required=True, help="UTC: 18:00 (the next one) or 2026-11-21T18:00Z.")
@click.option("--until", required=True, help="UTC.")
@click.option("--back-from", help="In a trade: from when you take theirs, UTC.")
@click.option("--back-until", help="Until when, UTC.")
@click.option("--reason", default="")
def offer(
    schedule: str, to: str, start: str, until: str, back_from: str | None, back_until: str | None, reason: str
) -> None:
    """Offer hours of yours to somebody, who has to agree."""
    body = {
        "schedule": schedule,
        "to": to,
        "starts_at": ahead(start),
        "ends_at": ahead(until),
        "back_starts_at": ahead(back_from) if back_from else None,
        "back_ends_at": ahead(back_until) if back_until else None,
        "reason": reason,
    }
    answer = server().post("/oncall/swaps", body)
    tell(answer, f"Asked: {answer['id']}")


@command(parent=swap, example="tocsin swap accept SWAP")
@click.argument("swap_id", metavar="SWAP")
def accept(swap_id: str) -> None:
    """Agree: the hours are yours at once."""
    tell(server().post(f"/oncall/swaps/{part(swap_id)}/accept"), "Agreed.")


@command(parent=swap, example="tocsin swap decline SWAP --reason 'I am away too'")
@click.argument("swap_id", metavar="SWAP")
@click.option("--reason", default="")
def decline(swap_id: str, reason: str) -> None:
    """Say no; who asked is told."""
    tell(server().post(f"/oncall/swaps/{part(swap_id)}/decline", {"reason": reason}), "Declined.")


@command(parent=swap, example="tocsin swap withdraw SWAP")
@click.argument("swap_id", metavar="SWAP")
def withdraw(swap_id: str) -> None:
    """Take your own offer back."""
    tell(server().send("DELETE", f"/oncall/swaps/{part(swap_id)}"), "Taken back.")


@group(example="tocsin leave add --from 2026-12-24T00:00Z --until 2027-01-02T00:00Z")
def leave() -> None:
    """When people are away."""


@command(parent=leave, name="list", example="tocsin leave list")
def list_leaves() -> None:
    """List who is away now or will be."""
    items = server().all("/oncall/leaves")
    rows = [(one["id"], one["person_id"], short(one["starts_at"]), short(one["ends_at"]), one["note"]) for one in items]
    tell({"items": items}, table(rows, ("leave", "who", "from", "until", "note")) or ["Nobody is away."])


@command(parent=leave, example="tocsin leave add --from 2026-12-24T00:00Z --until 2027-01-02T00:00Z")
@click.option("--from", "start", required=True, help="UTC.")
@click.option("--until", required=True, help="UTC.")
@click.option("--person", help="Whose, if not yours.")
@click.option("--note", default="", help="For managers and yourself.")
def add(start: str, until: str, person: str | None, note: str) -> None:
    """Say that somebody is away; shifts in that time are warned of."""
    span = {"starts_at": ahead(start), "ends_at": ahead(until)}
    answer = server().post("/oncall/leaves", {"person": person, **span, "note": note})
    tell(answer, f"Noted: {answer['id']}")


@command(parent=leave, example="tocsin leave remove LEAVE")
@click.argument("leave_id", metavar="LEAVE")
def remove(leave_id: str) -> None:
    """They are there after all."""
    tell(server().send("DELETE", f"/oncall/leaves/{part(leave_id)}"), "Removed.")


@group(example="tocsin shadow add checkout --until 2026-12-24T00:00Z")
def shadow() -> None:
    """Learn by hearing what whoever is on call hears."""


@command(parent=shadow, name="list", example="tocsin shadow list")
def list_shadows() -> None:
    """List who shadows now or later."""
    items = server().all("/oncall/shadows")
    rows = [
        (
            one["id"],
            one["schedule_id"],
            one["person_id"],
            one["of_person"] or "whoever has it",
            short(one["starts_at"]),
            short(one["ends_at"]),
        )
        for one in items
    ]
    tell({"items": items}, table(rows, ("shadow", "schedule", "who", "of", "from", "until")) or ["Nobody shadows."])


@command(parent=shadow, name="add", example="tocsin shadow add checkout --of dana --until 2026-12-24T00:00Z")
@click.argument("schedule")
@click.option("--until", required=True, help="UTC: 18:00 (the next one) or 2026-11-21T18:00Z.")
@click.option("--from", "start", help="UTC; now if left out.")
@click.option("--of", "of_person", help="Only while they have it; whoever has it if left out.")
@click.option("--person", help="Who shadows, if not you.")
def add_shadow(schedule: str, until: str, start: str | None, of_person: str | None, person: str | None) -> None:
    """Shadow SCHEDULE: you are told what whoever is on call is paged for, and owe nothing."""
    body = {
        "schedule": schedule,
        "person": person,
        "of": of_person,
        "starts_at": ahead(start) if start else None,
        "ends_at": ahead(until),
    }
    answer = server().post("/oncall/shadows", {name: value for name, value in body.items() if value is not None})
    tell(answer, f"Noted: {answer['id']}")


@command(parent=shadow, name="end", example="tocsin shadow end SHADOW")
@click.argument("shadow_id", metavar="SHADOW")
def end_shadow(shadow_id: str) -> None:
    """Shadow no more."""
    tell(server().send("DELETE", f"/oncall/shadows/{part(shadow_id)}"), "Ended.")
