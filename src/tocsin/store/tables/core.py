"""What belongs to the installation as a whole: its facts, its counters, its blobs."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

from tocsin.store.tables.base import metadata, text

# Facts of the installation by name: its id, key check, the signed incident counter, the organisation's version.
installation = Table("installation", metadata, text("name", primary_key=True), text("value"))

blobs = Table("blobs", metadata, text("sha256", primary_key=True), Column("size", BigInteger, nullable=False))
blob_chunks = Table(
    "blob_chunks",
    metadata,
    text("sha256", primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
