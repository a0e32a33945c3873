"""Blobs by SHA-256: rows of at most 1 MiB on both databases, in the transaction of the fact that names them."""

import hashlib

from sqlalchemy import Connection, delete, insert, select

from tocsin.errors import NotFound
from tocsin.store.columns import insert_or_ignore
from tocsin.store.tables.core import blob_chunks, blobs

_CHUNK = 1 << 20


def put_blob(connection: Connection, content: bytes) -> str:
    """Keep the bytes in this transaction; returns their SHA-256 in hex. Putting the same bytes twice keeps one copy."""
    digest = hashlib.sha256(content).hexdigest()
    if insert_or_ignore(connection, blobs, {"sha256": digest, "size": len(content)}):
        chunks = [
            {"sha256": digest, "part": part, "content": content[start : start + _CHUNK]}
            for part, start in enumerate(range(0, len(content), _CHUNK))
        ]
        if chunks:
            connection.execute(insert(blob_chunks), chunks)
    return digest


def get_blob(connection: Connection, sha256: str) -> bytes:
    """The bytes; NotFound when there are none, or when they were redacted."""
    size = connection.execute(select(blobs.c.size).where(blobs.c.sha256 == sha256)).scalar()
    if size is None:
        raise NotFound(f"there is no stored content {sha256[:12]}…; it may have been redacted")
    parts = connection.execute(
        select(blob_chunks.c.content).where(blob_chunks.c.sha256 == sha256).order_by(blob_chunks.c.part)
    ).scalars()
    return b"".join(parts)


def has_blob(connection: Connection, sha256: str) -> bool:
    """Whether the bytes are still kept."""
    return connection.execute(select(blobs.c.sha256).where(blobs.c.sha256 == sha256)).first() is not None


def remove_blob(connection: Connection, sha256: str) -> None:
    """Remove the bytes for good; whoever still names them gets NotFound."""
    connection.execute(delete(blob_chunks).where(blob_chunks.c.sha256 == sha256))
    connection.execute(delete(blobs).where(blobs.c.sha256 == sha256))


__all__ = ["get_blob", "has_blob", "put_blob", "remove_blob"]
