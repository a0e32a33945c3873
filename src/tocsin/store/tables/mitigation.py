"""Freezes that pipelines ask about, and the changes allowed through."""

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from tocsin.store.tables.base import flag, instant, metadata, text

freezes = Table(
    "freezes",
    metadata,
    text("id", primary_key=True),
    text("incident_id"),
    text("service"),  # a service id, or '*' for all
    flag("restricted"),
    text("reason"),
    text("started_by"),
    instant("starts_at"),
    instant("ends_at", nullable=True),  # when it thaws by itself, if ever
    instant("thawed_at", nullable=True),
    text("thawed_by", nullable=True),
    text("thaw_reason", nullable=True),
    Index(
        "uq_freezes_live",
        "incident_id",
        "service",
        unique=True,
        sqlite_where=sql("thawed_at is null"),
        postgresql_where=sql("thawed_at is null"),
    ),
)
allowed_changes = Table(
    "allowed_changes",
    metadata,
    text("id", primary_key=True),
    text("incident_id"),
    text("service"),
    text("change_id"),
    text("reason"),
    text("allowed_by"),
    instant("allowed_at"),
    instant("ended_at", nullable=True),
    Index("ix_allowed_changes_service_change_id", "service", "change_id"),
)
