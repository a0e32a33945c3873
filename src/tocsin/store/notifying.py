"""What was announced in a transaction, told across processes by NOTIFY as well.

NOTIFY runs on a connection of its own, coalesced: inside the transaction it would serialise all commits.
"""

import json
import logging
import queue
import threading
from collections.abc import Callable

import psycopg

from tocsin.ids import new_id
from tocsin.store.announcing import Listener, LocalAnnouncer

_CHANNEL = "tocsin"
_LONGEST_PAYLOAD = 7_000  # PostgreSQL's limit is 8,000 bytes
_log = logging.getLogger(__name__)


class PostgresAnnouncer:
    """Tells this process's listeners at once and those of other processes by NOTIFY on `tocsin`."""

    def __init__(self, conninfo: str) -> None:
        self._local = LocalAnnouncer()
        self._conninfo = conninfo
        self._node = new_id()
        self._outbox: queue.SimpleQueue[frozenset[str] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, name="tocsin-notify", daemon=True),
            threading.Thread(target=self._receive, name="tocsin-listen", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each telling, here or elsewhere; returns how to stop."""
        return self._local.listen(listener)

    def tell(self, topics: frozenset[str]) -> None:
        """Tell topics here now, and elsewhere soon."""
        self._local.tell(topics)
        self._outbox.put(topics)

    def close(self) -> None:
        """Stop both threads."""
        self._closing.set()
        self._outbox.put(None)
        for thread in self._threads:
            thread.join(timeout=3)
        self._local.close()

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5)

    def _send(self) -> None:
        connection: psycopg.Connection | None = None
        while True:
            topics = self._outbox.get()
            if topics is None:
                break
            gathered = set(topics)
            while not self._outbox.empty():
                more = self._outbox.get()
                if more is None:
                    self._closing.set()
                    break
                gathered |= more
            for attempt in (1, 2):
                try:
                    connection = connection or self._connect()
                    for payload in self._payloads(sorted(gathered)):
                        connection.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, payload))
                    break
                except psycopg.Error:
                    # The poll of the other processes is the safety net; a lost telling is only later, not lost.
                    connection = None
                    if attempt == 2:
                        _log.warning("could not tell other processes of %d topics", len(gathered))
            if self._closing.is_set():
                break
        self._wake_receiver(connection)

    def _wake_receiver(self, connection: psycopg.Connection | None) -> None:
        """A last word on the channel, so that closing need not wait for the receiver's timeout."""
        try:
            with connection or self._connect() as last:
                last.execute("SELECT pg_notify(%s, %s)", (_CHANNEL, json.dumps([self._node])))
        except psycopg.Error:
            _log.debug("the database was gone before we left")

    def _payloads(self, topics: list[str]) -> list[str]:
        payloads: list[str] = []
        batch: list[str] = []
        size = 0
        for topic in topics:
            if size + len(topic.encode()) > _LONGEST_PAYLOAD and batch:
                payloads.append(json.dumps([self._node, *batch]))
                batch, size = [], 0
            batch.append(topic)
            size += len(topic.encode()) + 4
        payloads.append(json.dumps([self._node, *batch]))
        return payloads

    def _receive(self) -> None:
        while not self._closing.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {_CHANNEL}")
                    self._local.tell(frozenset({"reconnected"}))
                    while not self._closing.is_set():
                        for notice in connection.notifies(timeout=1.0):
                            node, *topics = json.loads(notice.payload)
                            if node != self._node:
                                self._local.tell(frozenset(topics))
                            if self._closing.is_set():
                                break
            except psycopg.Error:
                self._closing.wait(1.0)
