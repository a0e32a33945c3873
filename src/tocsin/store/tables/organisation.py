"""The organisation as code: every object of every kind, effective-dated."""

from sqlalchemy import Column, Index, Integer, Table
from sqlalchemy import text as sql

from tocsin.store.tables.base import instant, json, metadata, text

organisation_objects = Table(
    "organisation_objects",
    metadata,
    text("row_id", primary_key=True),
    text("kind"),  # person | team | service | schedule | policy | routing | vendor | runbook | settings
    text("id"),
    instant("valid_from"),
    instant("valid_to", nullable=True),
    json("spec"),
    text("digest"),
    text("origin"),  # files | screen | start
    text("source_file", nullable=True),
    Column("source_line", Integer, nullable=True),
    Index(
        "uq_organisation_objects_current",
        "kind",
        "id",
        unique=True,
        sqlite_where=sql("valid_to is null"),
        postgresql_where=sql("valid_to is null"),
    ),
    Index("ix_organisation_objects_history", "kind", "id", "valid_from"),
)
