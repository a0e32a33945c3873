"""What the public status page shows."""

from sqlalchemy import Column, Index, Integer, Table, Text

from tocsin.store.tables.base import instant, json, metadata, text

status_posts = Table(
    "status_posts",
    metadata,
    text("id", primary_key=True),  # the approved update's id
    text("incident_id"),
    Column("seq", Integer, nullable=False),
    text("headline"),
    Column("known", Text, nullable=False),
    Column("doing", Text, nullable=False),
    Column("next", Text, nullable=False),
    json("components"),  # public names of the affected services
    text("state"),  # investigating | identified | monitoring | resolved
    instant("posted_at"),
    instant("next_at", nullable=True),
    Index("ix_status_posts_incident_id", "incident_id"),
    Index("ix_status_posts_posted_at", "posted_at"),
)
