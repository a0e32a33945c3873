"""`tocsin token`: by the server, or with `--data` on its own machine without a browser, also while it runs.

`tocsin invite`: further people, who make tokens of their own.
"""

import socket
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.client import part
from tocsin.cli.command import DURATION, command, group, table, tell
from tocsin.cli.commands.server import data_option, settings_for
from tocsin.cli.commands.telling import short
from tocsin.cli.handover import server

if TYPE_CHECKING:
    from tocsin.identity.accounts import Account

_FOR_PIPELINES = frozenset({"freeze:read", "changes:write"})
SCOPES = ["read", "respond", "manage", "admin", "freeze:read", "changes:write"]


@group(example="tocsin token create --scope respond\ntocsin token create --data /var/lib/tocsin --scope admin")
def token() -> None:
    """Make, list and revoke tokens."""


@command(
    parent=token,
    example="tocsin token create --data /var/lib/tocsin --scope freeze:read --scope changes:write --name ci",
)
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES), help="Repeat it for more.")
@click.option("--name", help="What it is for; default: 'Command line', or for a program's 'Program on' this host.")
@click.option("--expires-in", type=DURATION, help="As in 90d; default: never.")
@click.option("--person", help="With --data: whose it is; default: the only administrator's.")
@click.option("--nobody", is_flag=True, help="With --data: it is a program's, and can hold no role.")
@data_option
def create(
    scopes: tuple[str, ...],
    name: str | None,
    expires_in: str | None,
    person: str | None,
    nobody: bool,
    data: Path | None,
) -> None:
    """Make a token and print it, this one time.

    One that is for pipelines alone (freeze:read, changes:write) belongs to nobody, unless --person says so.
    """
    if person and nobody:
        raise click.UsageError("say either whose it is (--person) or that it is nobody's (--nobody)")
    programs = nobody or (not person and _FOR_PIPELINES.issuperset(scopes))
    name = name or (f"Program on {socket.gethostname()}" if programs else "Command line")
    if data is None:
        if person or nobody:
            raise click.UsageError("--person and --nobody go with --data; the server makes tokens for whoever asks")
        body = {"name": name, "scopes": list(scopes), "expires_in": expires_in}
        answer = server().post("/tokens", {key: value for key, value in body.items() if value is not None})
    else:
        answer = _create_here(data, scopes, name, expires_in, person, programs)
    tell(answer, str(answer["token"]))


def _create_here(
    data: Path, scopes: tuple[str, ...], name: str, expires_in: str | None, person: str | None, nobody: bool
) -> dict[str, object]:
    from tocsin import opening
    from tocsin.errors import NotFound
    from tocsin.identity.accounts import account_of, all_accounts
    from tocsin.identity.actor import SYSTEM
    from tocsin.identity.sessions import create_token
    from tocsin.runbook.durations import parse_duration

    length = parse_duration(expires_in) if expires_in else None
    with opening.open_database(settings_for(data)) as database:
        if person and database.read(lambda connection: account_of(connection, person)) is None:
            raise NotFound(f"{person} has no account; invite them first")
        owner = person if person or nobody else _administrator(database.read(all_accounts))
        token_id, secret = database.write(
            lambda connection, now: create_token(
                connection, SYSTEM, name, scopes, now, person_id=owner, expires_at=now + length if length else None
            )
        )
    return {"id": token_id, "name": name, "scopes": sorted(set(scopes)), "person": owner, "token": secret}


def _administrator(accounts: "Iterable[Account]") -> str | None:
    """The only administrator; None before the first start has made one. With several, a person must say whose it is."""
    from tocsin.identity.actor import Right

    found = [each.person_id for each in accounts if each.right == Right.ADMIN and each.deactivated_at is None]
    if len(found) > 1:
        raise click.UsageError(f"there are several administrators; say --person {' or --person '.join(sorted(found))}")
    return found[0] if found else None


@command(parent=token, name="list", example="tocsin token list")
def list_() -> None:
    """List tokens, without their secrets."""
    items = server().all("/tokens")
    rows = [
        (
            one["id"],
            one["name"],
            one.get("person_id"),
            " ".join(one["scopes"]),
            short(one.get("last_used_at")),
            short(one.get("revoked_at")),
        )
        for one in items
    ]
    tell({"items": items}, table(rows, ("token", "name", "owner", "scopes", "last used", "revoked")) or ["No token."])


@command(parent=token, example="tocsin token revoke TOKEN")
@click.argument("token_id", metavar="TOKEN")
def revoke(token_id: str) -> None:
    """Revoke a token by its id, at once."""
    tell(server().send("DELETE", f"/tokens/{part(token_id)}"), "Revoked.")


@command(example="tocsin invite sam --name 'Sam Whitlock' --email sam@larkfield.example --time-zone Africa/Lagos")
@click.argument("person")
@click.option("--name", default="", help="For whom the organisation doesn't have yet.")
@click.option("--email", help="For whom the organisation doesn't have yet.")
@click.option("--time-zone", default="UTC", show_default=True, help="For whom the organisation doesn't have yet.")
@click.option(
    "--right",
    type=click.Choice(["viewer", "responder", "manager", "admin"]),
    default="responder",
    show_default=True,
    help="What they may do.",
)
def invite(person: str, name: str, email: str | None, time_zone: str, right: str) -> None:
    """Invite a person and print the link that signs them in once, within 7 days."""
    body = {"person": person, "name": name, "email": email, "time_zone": time_zone, "right": right}
    answer = server().post("/invitations", body)
    tell(answer, [f"Give {answer['name']} this link; it signs in once, within 7 days:", str(answer["link"])])
