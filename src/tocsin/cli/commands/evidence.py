"""`tocsin evidence`: files kept by their SHA-256."""

import base64
import hashlib
import io
import mimetypes
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from tocsin.cli.client import connect, part
from tocsin.cli.command import command, group, incident_argument, table, tell, warn
from tocsin.cli.commands.telling import short, utc_option
from tocsin.cli.errors import Away, NoServerKnown, Refused
from tocsin.cli.handover import ABOUT_THE_TOKEN, KEPT, kept_for_later, server, server_address, token_refused
from tocsin.cli.offline.spool import Spool, Told
from tocsin.clock import SystemClock
from tocsin.ids import new_id

LARGEST = 25 * 1024 * 1024  # as `triage.evidence` says; here so that a command needs none of the server
_PATIENCE = 60.0

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
    """Keep FILE (`-`: standard input) as it is, up to 25 MiB; its secrets are not masked.

    A file is sent as it is read. Kept for later when the server is away.
    """
    stdin = str(file) == "-"
    try:
        with sys.stdin.buffer if stdin else file.open("rb") as opened:
            source = io.BytesIO(opened.read(LARGEST + 1)) if stdin or not opened.seekable() else opened
            size, digest = _measured(source)
            if size > LARGEST:
                said = f"{file} has more than {LARGEST >> 20} MiB" if stdin else f"{file} has {size} bytes"
                raise Refused(f"{said}; at most {LARGEST >> 20} MiB are kept. Compress it, or `tocsin link` it", 413)
            body = {
                "title": title or ("standard input" if stdin else file.name),
                "what": kind,
                "media_type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
                "captured_at": at or SystemClock().now().isoformat(),
                "volatile": volatile,
                "sha256": digest,
            }
            answer, kept = _send_or_keep(incident, body, source, size, told_once=stdin)
    except OSError as error:
        raise click.UsageError(f"{file} can't be read: {error.strerror}") from error
    if kept:
        tell({"kept": kept, "sha256": digest}, f"{kept_for_later()} SHA-256 {digest}")
    else:
        tell(answer, f"Kept, SHA-256 {digest}.")


def _measured(source: BinaryIO) -> tuple[int, str]:
    """How many bytes, and their SHA-256; back at the beginning afterwards."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
    source.seek(0)
    return size, digest.hexdigest()


def _send_or_keep(
    incident: str, body: dict[str, Any], source: BinaryIO, size: int, *, told_once: bool
) -> tuple[Any, str | None]:
    """The server's answer, or the id under which it is kept here: the server is away, or it can't be read again."""
    fields = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in body.items()}
    try:
        where = connect(timeout=_PATIENCE)
        return where.upload(f"/incidents/{incident}/evidence/file", fields, source, size, new_id()), None
    except (Away, NoServerKnown) as error:
        warn(str(error))
        return None, _keep(incident, body, source)
    except Refused as error:
        if error.status not in ABOUT_THE_TOKEN:
            raise
        said = token_refused(error, server_address() or "")
        if not told_once:
            raise Refused(f"{said}. Nothing was recorded.", error.status, error.problem) from error
        _keep(incident, body, source)
        raise Refused(f"{said}. {KEPT}", error.status, error.problem) from error


def _keep(incident: str, body: dict[str, Any], source: BinaryIO) -> str:
    source.seek(0)
    told = Told(
        "/incidents/{incident}/evidence",
        {**body, "content_base64": base64.b64encode(source.read()).decode()},
        incident=incident,
        server=server_address(),
        title=f"evidence {body['title']}",
    )
    return Spool().keep(told).command_id


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
