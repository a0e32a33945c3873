"""One database, two engines: `write()` runs a use case in one transaction, `read()` a query on its own connection.

On SQLite one thread writes (`BEGIN IMMEDIATE`) and everybody queues for it; on PostgreSQL a few threads write
and a serialisation failure or deadlock is retried whole. After each commit the topics that the transaction
announced are told to listeners, here at once and in other processes by NOTIFY.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError

from tocsin.clock import Clock
from tocsin.errors import Unavailable
from tocsin.store.announcing import Announcer, Listener, LocalAnnouncer

T = TypeVar("T")
_TOPICS = "tocsin.topics"
_REMEMBERED = "tocsin.remembered"
_RETRIED_SQLSTATES = frozenset({"40001", "40P01"})
_TRIES = 5
_POSTGRES_WRITERS = 4
_READERS = 6
_USED = "tocsin.used"
_RESTED = 1.0  # seconds without use, after which a connection is asked whether it still lives


REDACTED = "redacted"
"""Announced when content was removed for good: the write-ahead log is emptied too, so that no old page keeps it."""


def announce(connection: Connection, topic: str) -> None:
    """Tell `topic` to every listener in every process once this transaction has committed.

    Topics carry no content, only a name (`incident:ID`, `pages`, `work`): the reader fetches what it may see.
    """
    connection.info.setdefault(_TOPICS, set()).add(topic)


def remembered(connection: Connection) -> dict[str, Any]:
    """What earlier transactions that remember left here and nobody else can have changed since; add to it at will.

    It spares the hot path reading again what it wrote a moment ago. It is empty in every other transaction, after any
    transaction that failed, and on PostgreSQL, where others write at the same time.
    """
    found: dict[str, Any] = connection.info.setdefault(_REMEMBERED, {})
    return found


class Database:
    """An open database. Safe to use from many threads; close it once."""

    def __init__(self, url: str, clock: Clock, context: Mapping[str, object] | None = None) -> None:
        parsed = make_url(url)
        self.context = dict(context or {})
        self.url = url
        self.clock = clock
        self.is_postgresql = parsed.get_backend_name() == "postgresql"
        self._reading: Engine
        self._writing: Engine
        self._announcer: Announcer
        if self.is_postgresql:
            from tocsin.store.notifying import PostgresAnnouncer  # with PostgreSQL's client, which SQLite needs not

            parsed = parsed.set(drivername="postgresql+psycopg")
            self._writing = _postgresql_engine(parsed.render_as_string(hide_password=False))
            # the same pool; every statement of a query sees what the first one saw, as on SQLite
            self._reading = self._writing.execution_options(isolation_level="REPEATABLE READ")
            self._announcer = PostgresAnnouncer(
                parsed.set(drivername="postgresql").render_as_string(hide_password=False)
            )
            self._writers = ThreadPoolExecutor(_POSTGRES_WRITERS, thread_name_prefix="tocsin-write")
        else:
            path = parsed.database or ""
            self._writing = _sqlite_engine(path, "BEGIN IMMEDIATE", query_only=False)
            self._reading = _sqlite_engine(path, "BEGIN", query_only=True)
            self._announcer = LocalAnnouncer()
            self._writers = ThreadPoolExecutor(1, thread_name_prefix="tocsin-write")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="tocsin-read")
        self._writer: Connection | None = None
        self._memory: dict[str, Any] = {}
        self._seen_version = -1  # of the database as the last transaction that remembers found it
        self._closed = False

    @classmethod
    def open(cls, url: str, clock: Clock, context: Mapping[str, object] | None = None) -> "Database":
        """Open `sqlite:///PATH` or `postgresql://…`; the schema must have been migrated already.

        What `context` holds (the installation's keys) stands in `connection.info` of every connection.
        """
        return cls(url, clock, context)

    def write(self, work: Callable[[Connection, datetime], T]) -> T:
        """Run `work(connection, now)` in one durable transaction and return what it returned.

        Raises whatever `work` raised, after rolling back; Unavailable while the database is out of reach.
        """
        return self.submit(work).result()

    async def write_async(self, work: Callable[[Connection, datetime], T]) -> T:
        """As `write`, without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(work))

    def submit(self, work: Callable[[Connection, datetime], T], *, remembers: bool = False) -> "Future[T]":
        """Queue `work` for a writer; the future ends after the commit.

        `remembers`: it finds in `remembered` what such work left there, and leaves there nothing but what is true.
        """
        if self._closed:
            raise Unavailable("the database is closing; try again in a moment")
        return self._writers.submit(self._run, work, remembers)

    def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query(connection)` on a snapshot; nothing it writes is kept."""
        try:
            with self._reading.connect() as connection:
                connection.info.update(self.context)
                return query(connection)
        except OperationalError as error:
            raise _out_of_reach(error) from error

    async def read_async(self, query: Callable[[Connection], T]) -> T:
        """As `read`, without blocking the event loop."""
        return await asyncio.wrap_future(self._readers.submit(self.read, query))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(topics)` after each commit, from any thread; returns how to stop."""
        return self._announcer.listen(listener)

    def announce_now(self, topics: frozenset[str]) -> None:
        """Tell topics outside a transaction."""
        self._announcer.tell(topics)

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        self._closed = True
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._announcer.close()
        if self._writer is not None:
            self._writer.close()
        self._writing.dispose()
        self._reading.dispose()

    def _run(self, work: Callable[[Connection, datetime], T], remembers: bool = False) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                with self._transaction() as connection:
                    connection.info.update(self.context)
                    connection.info[_TOPICS] = set()
                    connection.info[_REMEMBERED] = self._still_true(connection, remembers)
                    answer = work(connection, self.clock.now())
                    topics = frozenset(connection.info.pop(_TOPICS, ()))
                if REDACTED in topics and not self.is_postgresql:
                    self._empty_write_ahead_log()
                if topics:
                    self._announcer.tell(topics)
                return answer
            except DBAPIError as error:
                if attempt < _TRIES and _sqlstate(error) in _RETRIED_SQLSTATES:
                    continue
                if isinstance(error, OperationalError):
                    raise _out_of_reach(error) from error
                raise
        raise AssertionError("unreachable")  # pragma: no cover

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self.is_postgresql:
            with self._writing.begin() as connection:
                yield connection
            return
        if self._writer is None:
            # one thread writes: it keeps its connection, since taking it from a pool costs more than many a write
            self._writer = self._writing.connect()
        try:
            with self._writer.begin():
                yield self._writer
        except BaseException:
            self._memory.clear()
            self._roll_back()  # a COMMIT that fails leaves its transaction open
            raise

    def _still_true(self, connection: Connection, remembers: bool) -> dict[str, Any]:
        """The memory, emptied if anybody else has written since: all of this process write here, one by one."""
        if self.is_postgresql:
            return {}
        if not remembers:
            self._memory.clear()
            return {}
        driver: Any = connection.connection.driver_connection
        (version,) = driver.execute("PRAGMA data_version").fetchone()  # new when another process has written
        if version != self._seen_version:
            self._memory.clear()
            self._seen_version = version
        return self._memory

    def _roll_back(self) -> None:
        if self._writer is not None and not self._writer.closed:
            driver: Any = self._writer.connection.driver_connection
            driver.rollback()
            self._writer.rollback()

    def _empty_write_ahead_log(self) -> None:
        if self._writer is not None:
            driver: Any = self._writer.connection.driver_connection
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.rollback()


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _out_of_reach(error: OperationalError) -> Exception:
    text = str(error.orig)
    if isinstance(error.orig, sqlite3.OperationalError) and "disk" not in text and "locked" not in text:
        return error
    return Unavailable(f"the database is out of reach: {text.splitlines()[0] if text else 'no answer'}; try again")


def _postgresql_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=_POSTGRES_WRITERS + _READERS,
        max_overflow=2,
        connect_args={"options": "-c timezone=UTC", "connect_timeout": 5},
    )

    @event.listens_for(engine, "checkout")
    def ask_whether_it_lives(connection: Any, record: Any, proxy: Any) -> None:
        """As SQLAlchemy's own ping before each use, but only after a rest: it costs as much as a statement."""
        del proxy
        now = time.monotonic()
        if now - record.info.get(_USED, now) > _RESTED:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError(str(error)) from error
        record.info[_USED] = now

    return engine


def _sqlite_engine(path: str, begin: str, *, query_only: bool) -> Engine:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "timeout": 10},
        **({} if query_only else {"pool_size": 1, "max_overflow": 0}),
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, record: Any) -> None:
        del record
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            f"query_only={'ON' if query_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection  # past what a statement costs that needs no compiling
        try:
            driver.execute(begin)
        except sqlite3.OperationalError as error:
            raise OperationalError(begin, None, error) from error

    return engine


__all__ = ["Database", "announce", "remembered"]
