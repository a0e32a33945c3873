"""`tocsin role`: take, give, hand over, leave."""

import click

from tocsin.cli.command import command, group, incident_argument
from tocsin.cli.commands.telling import say_change
from tocsin.cli.handover import server


@group(example="tocsin role take INC-147 commander\ntocsin role handover INC-147 commander --to kofi")
def role() -> None:
    """Take, give, hand over or leave a role."""


@command(parent=role, example="tocsin role take INC-147 commander")
@incident_argument
@click.argument("name")
@click.option("--replace", is_flag=True, help="Also when somebody has it.")
def take(incident: str, name: str, replace: bool) -> None:
    """Take a role yourself."""
    say_change(server().post(f"/incidents/{incident}/roles", {"role": name, "replace": replace}))


@command(parent=role, example="tocsin role give INC-147 communications amara")
@incident_argument
@click.argument("name")
@click.argument("person")
@click.option("--replace", is_flag=True, help="Also when somebody has it.")
def give(incident: str, name: str, person: str, replace: bool) -> None:
    """Give a role to a person."""
    say_change(server().post(f"/incidents/{incident}/roles", {"role": name, "person": person, "replace": replace}))


@command(parent=role, example="tocsin role handover INC-147 commander --to kofi")
@incident_argument
@click.argument("name")
@click.option("--to", required=True, help="The person, who then accepts.")
@click.option("--note")
def handover(incident: str, name: str, to: str, note: str | None) -> None:
    """Offer a role to another person, who must say yes."""
    say_change(server().post(f"/incidents/{incident}/roles/handover", {"role": name, "to": to, "note": note}))


@command(parent=role, example="tocsin role accept INC-147 commander")
@incident_argument
@click.argument("name")
def accept(incident: str, name: str) -> None:
    """Say yes to a role that is offered to you."""
    say_change(server().post(f"/incidents/{incident}/roles/accept", {"role": name}))


@command(parent=role, example="tocsin role decline INC-147 commander --reason 'going off shift'")
@incident_argument
@click.argument("name")
@click.option("--reason")
def decline(incident: str, name: str, reason: str | None) -> None:
    """Say no to a role that is offered to you."""
    say_change(server().post(f"/incidents/{incident}/roles/decline", {"role": name, "reason": reason}))


@command(parent=role, example="tocsin role release INC-147 operations")
@incident_argument
@click.argument("name")
@click.option("--reason")
def release(incident: str, name: str, reason: str | None) -> None:
    """Leave a role empty."""
    say_change(server().post(f"/incidents/{incident}/roles/release", {"role": name, "reason": reason}))


@command(parent=role, example="tocsin role deputy INC-147 kofi")
@incident_argument
@click.argument("person")
def deputy(incident: str, person: str) -> None:
    """Name the commander's deputy."""
    say_change(server().post(f"/incidents/{incident}/deputy", {"person": person}))
