"""`tocsin login`: where the server is and who you are, kept for later commands."""

import click

from tocsin.cli.client import Credentials, Server, forget_credentials, known_credentials, store_credentials
from tocsin.cli.command import command, tell


@command(example="tocsin login https://tocsin.example")
@click.argument("url", required=False)
@click.option("--token", help="The token; asked when left out, so that it stays out of the shell's history.")
@click.option("--forget", is_flag=True, help="Forget server and token instead.")
def login(url: str | None, token: str | None, forget: bool) -> None:
    """Keep the server's URL and your token here (mode 0600). Make a token in the browser under Settings, Tokens."""
    if forget:
        tell({"forgotten": forget_credentials()}, "Forgotten.")
        return
    if url is None:
        known = known_credentials()
        if known is None:
            raise click.UsageError("name the server: tocsin login https://tocsin.example")
        url = known.url
    secret = token or str(click.prompt("Token", hide_input=True, err=True)).strip()
    credentials = Credentials(url.rstrip("/"), secret)
    me = Server(credentials).get("/me")
    where = store_credentials(credentials)
    tell(
        {"url": credentials.url, "me": me, "stored_in": where},
        f"You are {me['name']} ({me['right']}). Stored in {where}.",
    )
