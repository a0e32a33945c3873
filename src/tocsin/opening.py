"""Opening an installation's database: its key, its clock, its schema. Light, for commands on the server's own machine."""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from tocsin.clock import Clock, SystemClock
from tocsin.errors import ConfigurationError
from tocsin.identity.keys import KEYS, Keys
from tocsin.settings import Settings
from tocsin.store import migrate as migrations
from tocsin.store.database import Database
from tocsin.store.server_clock import ServerClock


def keys_for(settings: Settings) -> Keys:
    """The installation's key: from TOCSIN_KEY, or from its file in the data directory, made at the first start."""
    if settings.key is not None:
        return Keys.parse(settings.key)
    return Keys.load_or_create(settings.data / "installation.key")


def clock_for(settings: Settings) -> Clock:
    """The server's clock on PostgreSQL, this machine's otherwise."""
    if settings.is_sqlite:
        return SystemClock()
    import psycopg

    clock = ServerClock(conninfo(settings))
    with suppress(psycopg.Error):
        clock.sample()
    return clock


def conninfo(settings: Settings) -> str:
    """The address of the PostgreSQL database as its own client takes it."""
    return make_url(settings.url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database for a command on the server's own machine, also while the server runs.

    Raises ConfigurationError when it was never started, or needs `tocsin migrate`.
    """
    if settings.is_sqlite and not (settings.data / "tocsin.db").exists() and settings.database_url is None:
        raise ConfigurationError(f"there is no Tocsin in {settings.data}; start it once with `tocsin serve`")
    if not migrations.is_current(settings.url):
        raise ConfigurationError("the database has another version's schema; run `tocsin migrate`")
    database = Database.open(settings.url, clock_for(settings), {KEYS: keys_for(settings)})
    try:
        yield database
    finally:
        database.close()


def migrate(settings: Settings) -> str | None:
    """Bring the database to this version; on SQLite after a copy of the file. Returns the copy's path, if one was made."""
    path = settings.data / "tocsin.db"
    is_there = settings.is_sqlite and settings.database_url is None and path.exists()
    if migrations.is_current(settings.url):
        return None
    copy = None
    if is_there:
        copy = path.with_name(f"tocsin-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")
        _copy_sqlite(path, copy)
    migrations.upgrade(settings.url)
    return str(copy) if copy else None


def _copy_sqlite(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new)
