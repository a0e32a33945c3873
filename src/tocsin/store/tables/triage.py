"""Changes reported by the tools that make them."""

from sqlalchemy import Column, Index, Table, Text

from tocsin.store.tables.base import instant, json, metadata, text

changes = Table(
    "changes",
    metadata,
    text("id", primary_key=True),
    text("external_id"),  # the reporter's own id, unique for each reporter and service
    text("kind"),  # deploy | flag | config | migration | infrastructure | rollback
    text("service"),
    text("environment", nullable=True),
    text("version", nullable=True),
    Column("summary", Text, nullable=False),
    text("link", nullable=True),
    text("author", nullable=True),
    text("undo", nullable=True),  # the command that takes it back
    json("labels"),
    instant("happened_at"),
    instant("recorded_at"),
    text("reported_by"),
    Index("uq_changes_external", "service", "external_id", unique=True),
    Index("ix_changes_happened_at", "happened_at"),
    Index("ix_changes_service_happened_at", "service", "happened_at"),
)
