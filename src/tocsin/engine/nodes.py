"""Processes that share the work. On PostgreSQL a node holds a session advisory lock; when that is free, it is dead."""

import os
import socket
import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select, text, update

from tocsin.engine import claims
from tocsin.store.columns import is_postgresql
from tocsin.store.tables.engine import nodes

if TYPE_CHECKING:
    import psycopg

SILENT_AFTER = timedelta(seconds=10)
_LOCK_SPACE = 0x746F6373  # 'tocs'


def lock_number(node: str) -> int:
    """The advisory lock's second number for a node: a signed 32-bit checksum of its id."""
    return zlib.crc32(node.encode()) - (1 << 31)


def hold_lock(conninfo: str, node: str) -> "psycopg.Connection":
    """Open the session whose advisory lock says that the node lives; keep it open as long as it does."""
    import psycopg

    session = psycopg.connect(conninfo, autocommit=True, connect_timeout=5)
    session.execute("SELECT pg_advisory_lock(%s, %s)", (_LOCK_SPACE, lock_number(node)))
    return session


def register(connection: Connection, node: str, now: datetime) -> None:
    """Enter the node; on SQLite whoever was there before is dead (one engine a directory), so free its leases."""
    if not is_postgresql(connection):
        for other in connection.execute(select(nodes.c.id)).scalars().all():
            claims.release_leases(connection, other, now)
        connection.execute(delete(nodes))
    connection.execute(
        insert(nodes).values(id=node, host=socket.gethostname(), pid=os.getpid(), started_at=now, seen_at=now)
    )


def beat(connection: Connection, node: str, now: datetime) -> list[str]:
    """Say that this node lives, and free the leases of those that do not; returns their ids."""
    connection.execute(update(nodes).where(nodes.c.id == node).values(seen_at=now))
    if not is_postgresql(connection):
        return []
    dead = []
    silent = select(nodes.c.id).where(nodes.c.id != node, nodes.c.seen_at < now - SILENT_AFTER)
    for other in connection.execute(silent).scalars().all():
        free = connection.execute(
            text("SELECT pg_try_advisory_xact_lock(:space, :number)"),
            {"space": _LOCK_SPACE, "number": lock_number(other)},
        ).scalar()
        if free:
            claims.release_leases(connection, other, now)
            connection.execute(delete(nodes).where(nodes.c.id == other))
            dead.append(other)
    return dead


def leave(connection: Connection, node: str, now: datetime) -> None:
    """The node ends: free what it held."""
    claims.release_leases(connection, node, now)
    connection.execute(delete(nodes).where(nodes.c.id == node))
