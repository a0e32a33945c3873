"""`tocsin snapshot`: the facts of this host, kept before they are gone."""

import base64
import hashlib
from pathlib import Path

import click

from tocsin.cli.command import command, incident_option, tell, warn
from tocsin.cli.handover import kept_for_later, server_address, tell_or_keep
from tocsin.cli.offline.places import state_directory, write_durably
from tocsin.cli.offline.scratch import minute_name
from tocsin.cli.offline.spool import Told
from tocsin.clock import SystemClock


@command(example="tocsin snapshot --incident INC-147")
@incident_option
@click.option(
    "--directory", type=click.Path(path_type=Path, file_okay=False), help="Where to keep the files; default: XDG state."
)
@click.option("--local", is_flag=True, help="Keep it here only; hand nothing over.")
def snapshot(incident: str | None, directory: Path | None, local: bool) -> None:
    """Capture uptime, memory, disks and top processes of this host as evidence with its SHA-256.

    Process command lines are kept with their secrets masked. Without a server the evidence waits here.
    """
    from tocsin.cli.offline.host import take_snapshot

    now = SystemClock().now()
    taken = take_snapshot(now)
    folder = directory or state_directory() / "evidence"
    stem = folder / f"snapshot-{taken.host}-{minute_name(now)}-{taken.sha256[:8]}"
    contents = {
        "json": (taken.json.encode(), "application/json"),
        "txt": (taken.text.encode(), "text/plain; charset=utf-8"),
    }
    for ending, (content, _) in contents.items():
        write_durably(stem.with_name(f"{stem.name}.{ending}"), content)
    handed_over = False
    if not local:
        answers = [
            tell_or_keep(
                Told(
                    "/incidents/{incident}/evidence",
                    {
                        "title": f"Snapshot of {taken.host}" + (" as text" if ending == "txt" else ""),
                        "what": "snapshot",
                        "content_base64": base64.b64encode(content).decode(),
                        "media_type": media_type,
                        "host": taken.host,
                        "captured_at": now.isoformat(),
                        "volatile": True,
                        "sha256": hashlib.sha256(content).hexdigest(),
                    },
                    incident=incident,
                    server=server_address(),
                    title=f"snapshot of {taken.host}",
                )
            )
            for ending, (content, media_type) in contents.items()
        ]
        handed_over = all(answer is not None for answer in answers)
    files = [f"{stem}.{ending}" for ending in contents]
    answer = {"sha256": taken.sha256, "files": files, "handed_over": handed_over, "host": taken.host}
    tell(answer, [taken.text, f"SHA-256 {taken.sha256}  {files[0]}"])
    if not local and not handed_over:
        warn(
            kept_for_later()
            if incident
            else f"{kept_for_later()} Name its incident by `tocsin spool attach INC-NUMBER`."
        )
