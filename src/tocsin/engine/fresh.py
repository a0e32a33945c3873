"""What a transaction makes due at once: whoever runs it may do that, or claim it for itself, in the same commit.

So a page whose group was looked at needs no further commit until it leaves: each would be one of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Table

_FRESH = "tocsin.fresh"


@dataclass(frozen=True)
class Fresh:
    """A deadline, a task or a delivery that was written and is due already."""

    table: Table
    kind: str
    id: str


@contextmanager
def noting(connection: Connection) -> Iterator[list[Fresh]]:
    """Note, until the end of the block, the rows that become due at once."""
    fresh: list[Fresh] = []
    connection.info[_FRESH] = fresh
    try:
        yield fresh
    finally:
        connection.info.pop(_FRESH, None)


def note(connection: Connection, table: Table, kind: str, id: str) -> None:
    """A row that is due now was written."""
    fresh: list[Fresh] | None = connection.info.get(_FRESH)
    if fresh is not None:
        fresh.append(Fresh(table, kind, id))


__all__ = ["Fresh", "note", "noting"]
