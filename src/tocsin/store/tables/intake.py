"""Integrations, the bodies they sent, and what could not be understood."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from tocsin.store.tables.base import instant, json, metadata, text

integrations = Table(
    "integrations",
    metadata,
    text("id", primary_key=True),
    text("name", unique=True),
    text("sender"),  # alertmanager | generic | …: a module of intake/senders
    text("secret_hash", unique=True),
    text("secret_sealed"),  # encrypted under the installation's key, to show the URL again
    text("old_secret_hash", nullable=True),  # the one before, after a rotation with an overlap
    instant("old_secret_until", nullable=True),
    text("signing_sealed", nullable=True),  # bodies must be signed with this key
    Column("per_minute", Integer, nullable=True),  # requests; NULL: as many as come
    text("service", nullable=True),  # default service label
    text("mapping", nullable=True),  # YAML; only of the sender `mapped`
    instant("created_at"),
    instant("disabled_at", nullable=True),
    Index("ix_integrations_old_secret_hash", "old_secret_hash"),
)
# Counters apart, so that the hot path never touches the integration's row.
integration_activity = Table(
    "integration_activity",
    metadata,
    text("integration_id", primary_key=True),
    instant("last_at"),
    Column("requests", BigInteger, nullable=False, default=0),
    Column("signals", BigInteger, nullable=False, default=0),
    Column("stale", BigInteger, nullable=False, default=0),  # late or re-sent, changed nothing
    Column("refused", BigInteger, nullable=False, default=0),
    Column("limited", BigInteger, nullable=False, default=0),  # requests turned away, more than per_minute
    instant("limited_at", nullable=True),
)
# One compressed row for each group commit; requests inside by offset. Kept 72 h.
bodies = Table(
    "bodies",
    metadata,
    text("id", primary_key=True),
    instant("at"),
    json("index"),  # [{integration, offset, length}]
    Column("content", LargeBinary, nullable=False),
    Index("ix_bodies_at", "at"),
)
set_aside = Table(
    "set_aside",
    metadata,
    text("id", primary_key=True),
    text("integration_id"),
    instant("at"),
    text("place"),  # where in the body: `alerts[3].fingerprint`
    text("reason"),
    text("content"),
    text("state"),  # waiting | replayed | discarded
    instant("ended_at", nullable=True),
    text("ended_by", nullable=True),
    Index("ix_set_aside_state_at", "state", "at"),
)
