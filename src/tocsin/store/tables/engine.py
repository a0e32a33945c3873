"""What must happen later (deadlines), what is owed (tasks), what must leave (deliveries), who works (nodes)."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint
from sqlalchemy import text as sql

from tocsin.store.tables.base import instant, json, metadata, text

nodes = Table(
    "nodes",
    metadata,
    text("id", primary_key=True),
    text("host"),
    Column("pid", Integer, nullable=False),
    instant("started_at"),
    instant("seen_at"),
)
deadlines = Table(
    "deadlines",
    metadata,
    text("id", primary_key=True),
    text("subject_kind"),  # incident | page | group | schedule | followup …
    text("subject_id"),
    text("kind"),  # names the handler
    text("key"),  # what the deadline derives from; a fired key is never wanted again
    instant("due_at"),
    json("payload"),
    text("state"),  # waiting | fired | dropped | stuck
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    text("lease_owner", nullable=True),
    instant("lease_until", nullable=True),
    instant("next_try_at"),  # = due_at until a failure pushes it back
    instant("fired_at", nullable=True),
    text("error", nullable=True),
    UniqueConstraint("subject_kind", "subject_id", "kind", "key", name="uq_deadlines_wanted"),
    # the loop's look: the soonest waiting row
    Index(
        "ix_deadlines_waiting",
        "next_try_at",
        sqlite_where=sql("state = 'waiting'"),
        postgresql_where=sql("state = 'waiting'"),
    ),
)
tasks = Table(
    "tasks",
    metadata,
    text("id", primary_key=True),
    text("kind"),
    text("subject_kind"),
    text("subject_id"),
    text("key"),  # unique for each kind: an effect key, or one `unclaimed` row for each subject
    json("payload"),
    text("state"),  # waiting | done | stuck | ended
    Column("paging", Boolean, nullable=False, default=False),  # a page is at stake
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    text("lease_owner", nullable=True),
    instant("lease_until", nullable=True),
    instant("created_at"),
    instant("next_try_at"),
    instant("claimable_since", nullable=True),
    instant("done_at", nullable=True),
    text("error", nullable=True),
    UniqueConstraint("kind", "key", name="uq_tasks_kind_key"),
    Index(
        "ix_tasks_waiting",
        "next_try_at",
        sqlite_where=sql("state = 'waiting'"),
        postgresql_where=sql("state = 'waiting'"),
    ),
    Index("ix_tasks_subject", "subject_kind", "subject_id"),
)
deliveries = Table(
    "deliveries",
    metadata,
    text("id", primary_key=True),
    text("lane"),  # one for each provider: smtp, ntfy, webhook, …
    text("kind"),  # names the handler that sends and records: page, page_over, ics, …
    text("subject_kind"),
    text("subject_id"),
    text("idempotency_key", unique=True),
    json("payload"),
    text("on_unknown"),  # resend | confirm | ask
    text("state"),  # waiting | sending | sent | failed | unknown | cancelled
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    text("lease_owner", nullable=True),
    instant("lease_until", nullable=True),
    instant("created_at"),
    instant("next_try_at"),
    instant("ended_at", nullable=True),
    json("receipt", nullable=True),
    text("error", nullable=True),
    Index(
        "ix_deliveries_waiting",
        "lane",
        "next_try_at",
        sqlite_where=sql("state in ('waiting', 'sending')"),
        postgresql_where=sql("state in ('waiting', 'sending')"),
    ),
    Index("ix_deliveries_subject", "subject_kind", "subject_id"),
)
