"""What a transaction makes due at once, by table: whoever runs it may claim that in the same commit, for itself.

So a page whose group was looked at needs no further commit until it leaves: each claim would be one of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Table

_FRESH = "tocsin.fresh"
Fresh = dict[Table, list[str]]


@contextmanager
def noting(connection: Connection) -> Iterator[Fresh]:
    """Note, until the end of the block, the rows that become due at once."""
    fresh: Fresh = {}
    connection.info[_FRESH] = fresh
    try:
        yield fresh
    finally:
        connection.info.pop(_FRESH, None)


def note(connection: Connection, table: Table, id: str) -> None:
    """A row that is due now was written."""
    fresh: Fresh | None = connection.info.get(_FRESH)
    if fresh is not None:
        fresh.setdefault(table, []).append(id)


__all__ = ["Fresh", "note", "noting"]
