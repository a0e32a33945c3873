"""On the server's own machine: serve, migrate, verify, backup, restore, redact. They open the database themselves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.command import command, incident_argument, tell
from tocsin.cli.commands.telling import told
from tocsin.cli.errors import REFUSED

if TYPE_CHECKING:
    from tocsin.settings import Settings


def data_option(function: Any) -> Any:
    """Adds `--data`, else TOCSIN_DATA and the other settings decide."""
    return click.option(
        "--data", type=click.Path(path_type=Path, file_okay=False), help="The data directory; default: the settings'."
    )(function)


def settings_for(data: Path | None, **given: Any) -> Settings:
    """The installation's settings, with what the command line says put over them."""
    from tocsin.settings import load_settings

    said = {name: value for name, value in {"data": data, **given}.items() if value is not None}
    return load_settings(**said)


@command(example="tocsin serve\nTOCSIN_DATABASE_URL=postgresql://… tocsin serve --listen 0.0.0.0:8080")
@data_option
@click.option("--listen", metavar="ADDRESS:PORT", help="Default: the settings', 127.0.0.1:8080.")
@click.option(
    "--database-url", metavar="URL", help="Default: the settings'; without any, SQLite in the data directory."
)
def serve(data: Path | None, listen: str | None, database_url: str | None) -> None:
    """Start the server and stay. The first start prints a sign-in link and an alert URL that pages at once."""
    from tocsin import app

    app.serve(settings_for(data, listen=listen, database_url=database_url))


@command(example="tocsin migrate --data /var/lib/tocsin")
@data_option
def migrate(data: Path | None) -> None:
    """Bring the database to this version's schema; SQLite is copied first. `serve` does it by itself on SQLite."""
    from tocsin import opening

    copy = opening.migrate(settings_for(data))
    lines = ["The database has this version's schema."]
    if copy:
        lines.append(f"The copy from before is {copy}.")
    tell({"copy": copy}, lines)


@command(example="tocsin verify --export-heads heads.json\ntocsin verify --heads heads.json")
@data_option
@click.option(
    "--heads", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Compare with heads exported earlier."
)
@click.option(
    "--export-heads", type=click.Path(path_type=Path, dir_okay=False), help="Write the heads, to be kept elsewhere."
)
@click.pass_context
def verify(context: click.Context, data: Path | None, heads: Path | None, export_heads: Path | None) -> None:
    """Prove that no timeline was changed behind Tocsin's back. Exits 1 and names the first bad entry if one was."""
    from tocsin import opening
    from tocsin.timeline import verify as proof

    earlier = None
    if heads is not None:
        try:
            earlier = proof.read_heads(heads.read_text())
        except (ValueError, KeyError, TypeError) as error:
            raise click.UsageError(f"{heads} holds no heads that `tocsin verify --export-heads` wrote") from error
    with opening.open_database(settings_for(data)) as database:
        found = database.read(lambda connection: proof.verify(connection, earlier))
        if export_heads is not None:
            text = database.read(proof.export_heads)
            if str(export_heads) == "-":
                sys.stdout.write(text)
            else:
                export_heads.write_text(text)
    answer = {
        "incidents": found.incidents,
        "entries": found.entries,
        "faults": [{"incident": fault.number, "entry": fault.seq, "message": fault.message} for fault in found.faults],
    }
    if found.faults:
        tell(answer, [fault.sentence() for fault in found.faults])
        context.exit(REFUSED)
    tell(
        answer,
        f"{_count(found.entries, 'entry', 'entries')} of {_count(found.incidents, 'incident', 'incidents')} verified: "
        "nothing was changed.",
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


@command(example="tocsin backup /backups/tocsin-$(date -u +%F).tar.gz")
@data_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(data: Path | None, file: Path) -> None:
    """Write database, blobs and key to FILE, also while the server runs. Guard it: it holds every secret."""
    from tocsin import opening
    from tocsin.store.backup import backup as write_backup

    settings = settings_for(data)
    with opening.open_database(settings) as database:
        counts = write_backup(database, opening.keys_for(settings).text(), file, database.clock.now())
    size = file.stat().st_size
    tell({"file": str(file), "bytes": size, "rows": counts}, f"{file}: {sum(counts.values())} rows, {size} bytes.")


@command(example="tocsin restore /backups/tocsin-2026-11-19.tar.gz --data /var/lib/tocsin")
@data_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(data: Path | None, file: Path) -> None:
    """Fill an empty installation from a backup. Stop the server first; an installation with anything in it is refused."""
    from tocsin import opening
    from tocsin.cli.offline.places import write_durably
    from tocsin.engine.single import DirectoryLock
    from tocsin.errors import ConfigurationError
    from tocsin.store.backup import read_key, read_manifest
    from tocsin.store.backup import restore as read_backup

    settings = settings_for(data)
    read_manifest(file)
    lock = DirectoryLock(settings.data)
    if settings.is_sqlite:
        lock.take()
    try:
        key, place = read_key(file), settings.data / "installation.key"
        if settings.key is None and place.exists() and place.read_text() != key:
            raise ConfigurationError(f"{place} is another installation's key; restore into an empty data directory")
        opening.migrate(settings)
        if settings.key is None and not place.exists():
            write_durably(place, key.encode())
        with opening.open_database(settings) as database:
            counts = read_backup(database, file)
    finally:
        lock.release()
    tell(
        {"rows": counts},
        f"{sum(counts.values())} rows restored. Start it with `tocsin serve`; prove it with `tocsin verify`.",
    )


@command(example="tocsin redact INC-147 12 --reason 'a password in the output'")
@incident_argument
@click.argument("entry", type=click.IntRange(1))
@click.option("--field", "fields", multiple=True, help="Only this text of the entry; repeat it. None: all.")
@click.option("--reason")
@data_option
def redact(incident: str, entry: int, fields: tuple[str, ...], reason: str | None, data: Path | None) -> None:
    """Remove the text of timeline entry ENTRY here and wherever it was copied; the chain stays whole.

    With `--data` the database is opened here, else the server is asked. What was sent outside, and backups, keep it.
    """
    if data is None:
        from tocsin.cli.handover import server

        body = {"entry": entry, "fields": list(fields), "reason": reason}
        answer = server().post(f"/incidents/{incident}/redactions", body)
        tell(answer, told(answer))
        return
    from tocsin import opening
    from tocsin.identity.actor import SYSTEM
    from tocsin.incidents.queries import incident_id_of
    from tocsin.incidents.usecases import redact_entry

    with opening.open_database(settings_for(data)) as database:
        changed = database.write(
            lambda connection, now: redact_entry(
                connection,
                SYSTEM,
                incident_id_of(connection, SYSTEM, incident),
                entry,
                now,
                fields=fields,
                reason=reason,
            )
        )
    tell(
        {"incident": changed.number, "entries": len(changed.entries)},
        f"Entry {entry} of INC-{changed.number} was redacted.",
    )
