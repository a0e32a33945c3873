"""Samples of recovery checks."""

from sqlalchemy import Column, Float, Index, Table

from tocsin.store.tables.base import instant, metadata, text

samples = Table(
    "samples",
    metadata,
    text("id", primary_key=True),
    text("incident_id"),
    text("check_id"),
    instant("at"),
    text("verdict"),  # pass | fail | no_data
    Column("value", Float, nullable=True),
    text("detail"),
    Index("ix_samples_incident_check_at", "incident_id", "check_id", "at"),
)
