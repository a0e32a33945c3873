"""`tocsin method`: how people can be reached."""

import click

from tocsin.cli.client import Server, part
from tocsin.cli.command import command, group, table, tell
from tocsin.cli.commands.telling import short
from tocsin.cli.errors import Refused
from tocsin.cli.handover import server


@group(
    example="tocsin method add email dana@larkfield.example\ntocsin method verify METHOD 7K2M-9QXA\ntocsin method test METHOD"
)
def method() -> None:
    """How you can be reached: add, prove and test methods."""


@command(parent=method, name="list", example="tocsin method list")
@click.option("--person", help="Somebody else, for managers; default: you.")
def list_(person: str | None) -> None:
    """List methods in the order in which they are tried."""
    connected = server()
    items = connected.all(f"/people/{part(_whose(connected, person))}/methods")
    rows = [
        (
            one["id"],
            one["kind"],
            one["target"],
            short(one["verified_at"]) or "not proved",
            one["last_state"],
            one["last_error"],
        )
        for one in items
    ]
    tell({"items": items}, table(rows, ("method", "kind", "target", "proved", "last", "error")) or ["Only the screen."])


@command(parent=method, example="tocsin method add ntfy https://ntfy.sh/dana-pages")
@click.argument("kind")
@click.argument("target")
@click.option("--label", default="", help="Your own name for it.")
@click.option("--person", help="Somebody else, for managers; default: you.")
def add(kind: str, target: str, label: str, person: str | None) -> None:
    """Add a method; a code comes by it, to be entered with `tocsin method verify`."""
    connected = server()
    body = {"kind": kind, "target": target, "label": label}
    answer = connected.post(f"/people/{part(_whose(connected, person))}/methods", body)
    lines = [f"A code is on its way. Then: tocsin method verify {answer['id']} CODE"]
    tell(answer, [*lines, f"Its signing secret, told once: {answer['secret']}"] if answer.get("secret") else lines)


@command(parent=method, example="tocsin method verify METHOD 7K2M-9QXA")
@click.argument("method_id", metavar="METHOD")
@click.argument("code")
def verify(method_id: str, code: str) -> None:
    """Enter the code that came by a method."""
    tell(
        server().post(f"/methods/{part(method_id)}/verify", {"code": code}), "Proved; pages come this way from now on."
    )


@command(parent=method, example="tocsin method test METHOD")
@click.argument("method_id", metavar="METHOD")
def test(method_id: str) -> None:
    """Send a test page by a method; `tocsin method list` tells what became of it."""
    tell(server().post(f"/methods/{part(method_id)}/test"), "Sent.")


@command(parent=method, example="tocsin method remove METHOD")
@click.argument("method_id", metavar="METHOD")
def remove(method_id: str) -> None:
    """Take a method away."""
    tell(server().send("DELETE", f"/methods/{part(method_id)}"), "Removed.")


def _whose(connected: Server, person: str | None) -> str:
    if person:
        return person
    mine = connected.get("/me")["person"]
    if not mine:
        raise Refused("this token belongs to nobody; name the person with --person")
    return str(mine)
