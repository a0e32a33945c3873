"""Overrides: who takes whose shift, made on screens."""

from sqlalchemy import Index, Table

from tocsin.store.tables.base import instant, metadata, text

overrides = Table(
    "overrides",
    metadata,
    text("id", primary_key=True),
    text("schedule_id"),
    text("person_id"),
    instant("starts_at"),
    instant("ends_at"),
    text("reason"),
    text("created_by"),
    instant("created_at"),
    instant("cancelled_at", nullable=True),
    Index("ix_overrides_schedule_id_ends_at", "schedule_id", "ends_at"),
)
