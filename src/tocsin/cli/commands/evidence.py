"""`tocsin evidence`: files kept by their SHA-256."""

import base64
import hashlib
import mimetypes
import sys
from pathlib import Path

import click

from tocsin.cli.client import part
from tocsin.cli.command import command, group, incident_argument, table, tell
from tocsin.cli.commands.telling import short, utc_option
from tocsin.cli.handover import kept_for_later, server, server_address, tell_or_keep
from tocsin.cli.offline.spool import Told
from tocsin.clock import SystemClock

_KINDS = ["log", "metrics", "screenshot", "output", "file", "snapshot", "scratch"]


@group(
    example="tocsin evidence add INC-147 thread-dump.txt --volatile\ntocsin evidence get INC-147 EVIDENCE > dump.txt"
)
def evidence() -> None:
    """Keep files as evidence."""


@command(parent=evidence, example="tocsin evidence add INC-147 thread-dump.txt --kind log --volatile")
@incident_argument
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))
@click.option("--title", help="What it shows; default: the file's name.")
@click.option("--kind", type=click.Choice(_KINDS), default="file", show_default=True)
@click.option("--volatile", is_flag=True, help="It is gone at its source soon.")
@utc_option("--at", help="When it was captured, UTC.")
def add(incident: str, file: Path, title: str | None, kind: str, volatile: bool, at: str | None) -> None:
    """Keep FILE (`-`: standard input) as it is; its secrets are not masked. Kept for later when the server is away."""
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file} can't be read: {error.strerror}") from error
    digest = hashlib.sha256(content).hexdigest()
    body = {
        "title": title or ("standard input" if str(file) == "-" else file.name),
        "what": kind,
        "content_base64": base64.b64encode(content).decode(),
        "media_type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "captured_at": at or SystemClock().now().isoformat(),
        "volatile": volatile,
        "sha256": digest,
    }
    told = Told(
        "/incidents/{incident}/evidence",
        body,
        incident=incident,
        server=server_address(),
        title=f"evidence {file.name}",
    )
    answer = tell_or_keep(told, keep_if_token_refused=str(file) == "-")
    if answer is None:
        tell({"kept": told.command_id, "sha256": digest}, f"{kept_for_later()} SHA-256 {digest}")
    else:
        tell(answer, f"Kept, SHA-256 {digest}.")


@command(parent=evidence, name="list", example="tocsin evidence list INC-147")
@incident_argument
def list_(incident: str) -> None:
    """List what was kept."""
    items = server().all(f"/incidents/{incident}/evidence")
    rows = [
        (one["evidence_id"], short(one["captured_at"]), one["what"], one["size"], one["sha256"][:12], one["title"])
        for one in items
    ]
    tell(
        {"items": items},
        table(rows, ("evidence", "utc", "kind", "bytes", "sha-256", "title")) or ["Nothing was kept yet."],
    )


@command(parent=evidence, example="tocsin evidence get INC-147 EVIDENCE > dump.txt")
@incident_argument
@click.argument("evidence_id", metavar="EVIDENCE")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it; default: standard output.",
)
def get(incident: str, evidence_id: str, output: Path | None) -> None:
    """Write the bytes, as they were captured."""
    content = server().get_bytes(f"/incidents/{incident}/evidence/{part(evidence_id)}")
    digest = hashlib.sha256(content).hexdigest()
    if output is None:
        sys.stdout.buffer.write(content)
        return
    output.write_bytes(content)
    tell({"file": str(output), "sha256": digest}, f"{output}, SHA-256 {digest}")
