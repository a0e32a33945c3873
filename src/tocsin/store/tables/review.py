"""Postmortem drafts and the follow-ups of all incidents."""

from sqlalchemy import Column, Index, Integer, Table, Text

from tocsin.store.tables.base import instant, json, metadata, text

postmortems = Table(
    "postmortems",
    metadata,
    text("incident_id", primary_key=True),
    text("state"),  # draft | published
    json("sections"),  # what people wrote, by section id
    Column("version", Integer, nullable=False, default=1),
    instant("meeting_at", nullable=True),
    instant("due_at"),
    instant("drafted_at"),
    instant("published_at", nullable=True),
    text("published_by", nullable=True),
)
followups = Table(
    "followups",
    metadata,
    text("id", primary_key=True),
    text("incident_id"),
    text("kind"),  # detection | defence | tests | docs
    Column("title", Text, nullable=False),
    text("owner", nullable=True),
    instant("due_at", nullable=True),
    text("state"),  # open | done | dropped
    instant("created_at"),
    instant("ended_at", nullable=True),
    Index("ix_followups_state_due_at", "state", "due_at"),
    Index("ix_followups_incident_id", "incident_id"),
)
