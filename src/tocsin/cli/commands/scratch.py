"""`tocsin scratch`: a UTC-named document that needs no server, attached to its incident later."""

from pathlib import Path

import click

from tocsin.cli.command import INCIDENT, command, tell, warn
from tocsin.cli.handover import kept_for_later, server_address, tell_or_keep
from tocsin.cli.offline.spool import Told
from tocsin.clock import SystemClock
from tocsin.masking import mask


@command(example="tocsin scratch\ntocsin scratch --note 'db-1 restarted by hand'\ntocsin scratch --attach INC-147")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where scratch documents are; default: XDG state.",
)
@click.option("--note", help="Add a line with its UTC time to the newest document, or to FILE.")
@click.option("--attach", type=INCIDENT, help="Hand the newest document, or FILE, to this incident as evidence.")
@click.option("--edit", is_flag=True, help="Open it in $EDITOR.")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def scratch(directory: Path | None, note: str | None, attach: str | None, edit: bool, file: Path | None) -> None:
    """Begin `incident-2026-11-19T14:08Z.md`, add to it, or attach it.

    Nothing here needs a server. What is attached has its secrets masked; your own file stays as it is.
    """
    from tocsin.cli.offline import running
    from tocsin.cli.offline import scratch as documents

    now = SystemClock().now()
    path = file
    if path is None and (note or attach):
        path = documents.latest(directory)
        if path is None and attach:
            raise click.UsageError("there is no scratch document to attach; begin one with `tocsin scratch`")
    if path is None:
        who, host = running.who_and_where()
        path = documents.begin(now, who, host, directory)
    if note:
        documents.add(path, now, note)
    if edit:
        click.edit(filename=str(path))
    handed_over = _attach(path, attach) if attach else False
    tell({"file": str(path), "incident": attach, "handed_over": handed_over}, str(path))
    if attach and not handed_over:
        warn(kept_for_later())


def _attach(path: Path, incident: str) -> bool:
    written = path.read_text(encoding="utf-8", errors="replace")
    text = mask(written)
    if text != written:
        warn("secrets were masked in what is handed over; your file stays as it is")
    told = Told(
        "/incidents/{incident}/evidence",
        {"title": path.name, "what": "scratch", "text": text, "media_type": "text/markdown; charset=utf-8"},
        incident=incident,
        server=server_address(),
        title=path.name,
    )
    return tell_or_keep(told) is not None
