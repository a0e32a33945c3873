"""Incidents (the head of each chain, with read columns) and their entries."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from tocsin.store.tables.base import flag, instant, json, metadata, text

incidents = Table(
    "incidents",
    metadata,
    text("id", primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    flag("restricted"),
    flag("practice"),
    # the head of the chain
    Column("seq", Integer, nullable=False),
    text("head_hash"),
    text("head_signature"),
    # the fold up to `seq`
    Column("state_version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    text("bundle_digest"),
    # read columns, written with the state and compared with it by verify
    text("title"),
    Column("severity", Integer, nullable=False),
    text("phase"),
    instant("declared_at"),
    instant("resolved_at", nullable=True),
    instant("updated_at"),
    Index("ix_incidents_phase", "phase"),
)
members = Table(
    "members",
    metadata,
    text("incident_id", primary_key=True),
    text("person_id", primary_key=True),
    Index("ix_members_person_id", "person_id"),
)
entries = Table(
    "entries",
    metadata,
    text("incident_id", primary_key=True),
    Column("seq", Integer, primary_key=True),
    text("id", unique=True),
    # look-up columns; verify compares them with `body`
    text("kind"),
    text("actor_kind"),
    text("actor_id"),
    instant("happened_at"),
    instant("recorded_at"),
    # the bytes that are hashed and that the fold reads; the free texts apart, so that they can be redacted
    Column("body", LargeBinary, nullable=False),
    json("texts"),
    json("salts"),
    text("prev"),
    text("hash"),
    text("redacted_by", nullable=True),
    Index("ix_entries_incident_happened", "incident_id", "happened_at"),
)
# Every copy of an entry's free text outside the chain, so that a redaction finds it.
copies = Table(
    "copies",
    metadata,
    text("entry_id", primary_key=True),
    text("place", primary_key=True),  # table.column
    text("row_id", primary_key=True),
)
# A runbook bundle as text, pinned by the SHA-256 of its canonical form.
bundles = Table(
    "bundles",
    metadata,
    text("digest", primary_key=True),
    Column("content", Text, nullable=False),
    instant("created_at"),
)
