"""Backups taken while the server runs, and their restore: one file with the database, its blobs and the key.

The file is a gzip-compressed tar of `manifest.json`, `installation.key` and `tables/NAME.jsonl`: the same on both
engines, so that a SQLite installation can be restored onto PostgreSQL. Everything is read in one snapshot.
"""

import base64
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, insert, select, text

from tocsin.errors import ConfigurationError
from tocsin.store.columns import Instant, is_postgresql
from tocsin.store.database import Database
from tocsin.store.migrate import newest
from tocsin.store.tables import metadata

FORMAT = 1
_LEFT_OUT = frozenset({"nodes"})  # who works now
_BATCH = 500


def backup(database: Database, key_text: str, target: Path, now: datetime) -> dict[str, int]:
    """Write the backup (mode 0600, put in place only when whole); returns the rows of each table."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as archive:
            counts = database.read(lambda connection: _write_tables(connection, archive))
            manifest = {"format": FORMAT, "schema": newest(), "taken_at": now.isoformat(), "rows": counts}
            _add(archive, "manifest.json", json.dumps(manifest, indent=1).encode())
            _add(archive, "installation.key", key_text.encode())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return counts


def read_manifest(source: Path) -> dict[str, Any]:
    """What a backup says of itself; ConfigurationError when the file is none."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            manifest = json.loads(_member(archive, "manifest.json"))
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise ConfigurationError(f"{source} is no Tocsin backup: {error}") from error
    if manifest.get("format") != FORMAT:
        raise ConfigurationError(f"{source} was made by another version of Tocsin (format {manifest.get('format')})")
    if manifest["schema"] != newest():
        raise ConfigurationError(
            f"{source} has schema {manifest['schema']}, this Tocsin has {newest()}; restore it with the version that made it"
        )
    return dict(manifest)


def read_key(source: Path) -> str:
    """The installation key that the backup carries."""
    with tarfile.open(source, "r:gz") as archive:
        return _member(archive, "installation.key").decode()


def restore(database: Database, source: Path) -> dict[str, int]:
    """Fill a migrated, empty database from a backup; ConfigurationError when it is not empty."""
    manifest = read_manifest(source)
    database.write(lambda connection, _: _read_tables(connection, source))
    return dict(manifest["rows"])


def _write_tables(connection: Connection, archive: tarfile.TarFile) -> dict[str, int]:
    if is_postgresql(connection):
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    counts = {}
    for table in metadata.sorted_tables:
        if table.name in _LEFT_OUT:
            continue
        with tempfile.TemporaryFile() as spool:
            rows = 0
            for row in connection.execution_options(yield_per=_BATCH).execute(select(table)).mappings():
                spool.write(json.dumps(_plain(dict(row)), ensure_ascii=False).encode() + b"\n")
                rows += 1
            info = tarfile.TarInfo(f"tables/{table.name}.jsonl")
            info.size = spool.tell()
            spool.seek(0)
            archive.addfile(info, spool)
            counts[table.name] = rows
    return counts


def _read_tables(connection: Connection, source: Path) -> None:
    for table in metadata.sorted_tables:
        if table.name not in _LEFT_OUT and connection.execute(select(func.count()).select_from(table)).scalar():
            raise ConfigurationError(f"the database is not empty (table {table.name}); restore into an empty one")
    with tarfile.open(source, "r:gz") as archive:
        for table in metadata.sorted_tables:
            if table.name in _LEFT_OUT:
                continue
            for batch in _batches(archive, table):
                connection.execute(insert(table), batch)


def _batches(archive: tarfile.TarFile, table: Table) -> Iterator[list[dict[str, Any]]]:
    try:
        file = archive.extractfile(f"tables/{table.name}.jsonl")
    except KeyError:
        return
    assert file is not None
    batch = []
    for line in file:
        batch.append(_typed(table, json.loads(line)))
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    def value(each: Any) -> Any:
        if isinstance(each, datetime):
            return each.isoformat()
        if isinstance(each, bytes | memoryview):
            return base64.b64encode(bytes(each)).decode()
        return each

    return {name: value(each) for name, each in row.items()}


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    def value(name: str, each: Any) -> Any:
        kind = table.c[name].type
        if each is None:
            return None
        if isinstance(kind, Instant):
            return datetime.fromisoformat(each)
        if isinstance(kind, LargeBinary):
            return base64.b64decode(each)
        return each

    return {name: value(name, each) for name, each in row.items()}


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()
