"""Overrides: who takes whose shift, made on screens; the secret addresses of calendars."""

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
calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    text("id", primary_key=True),
    text("kind"),  # person | schedule | gaps
    text("subject_id"),  # person or schedule; '' for the gaps of all schedules
    text("token_hash"),
    text("created_by"),
    instant("created_at"),
    instant("removed_at", nullable=True),
    Index("uq_calendar_feeds_token_hash", "token_hash", unique=True),
)
