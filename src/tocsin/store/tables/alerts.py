"""Alerts (episodes), groups, silences, and what open incidents claim."""

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    Table,
    case,
    literal_column,
)
from sqlalchemy import text as sql

from tocsin.store.tables.base import flag, instant, json, metadata, text

alerts = Table(
    "alerts",
    metadata,
    text("id", primary_key=True),
    text("integration_id"),
    text("dedup_key"),
    text("state"),  # firing | resolved
    text("severity"),  # critical | error | warning | info
    text("title"),
    text("service", nullable=True),
    json("labels"),
    json("annotations"),
    json("links"),
    text("group_id", nullable=True),
    instant("started_at", nullable=True),  # as the sender says
    instant("ended_at", nullable=True),  # as the sender says
    instant("resolved_at", nullable=True),  # when Tocsin was told
    text("silenced_by", nullable=True),  # the silence that keeps it from paging
    instant("received_at"),
    instant("last_at"),
    Column("received", Integer, nullable=False, default=1),  # messages; 0: its end came before its beginning
    text("resolved_by", nullable=True),  # a person, or 'unheard'; null: its sender
    # the newest first: of all, of a group, of a service, of those that fire, of those that are silenced
    Index("ix_alerts_received_at", "received_at"),
    Index("ix_alerts_group_id", "group_id", "received_at"),
    Index("ix_alerts_service", "service", "received_at"),
    Index(
        "ix_alerts_firing",
        "received_at",
        sqlite_where=sql("state = 'firing'"),
        postgresql_where=sql("state = 'firing'"),
    ),
    Index(
        "ix_alerts_silenced",
        "received_at",
        sqlite_where=sql("silenced_by IS NOT NULL"),
        postgresql_where=sql("silenced_by IS NOT NULL"),
    ),
)


def place_among_episodes(alert: FromClause) -> ColumnElement[str]:
    """Where an alert stands among those of its key: what fires is first, what is over follows in its order."""
    return case((alert.c.state == literal_column("'firing'"), literal_column("''")), else_=alert.c.id)


# At most one open episode of (integration, dedup key): two processes or a re-sent request can't open two. The same
# index finds the latest one. Keys come in any order, so that each index on them costs a page for each new alert.
Index("uq_alerts_episodes", alerts.c.integration_id, alerts.c.dedup_key, place_among_episodes(alerts), unique=True)
groups = Table(
    "groups",
    metadata,
    text("id", primary_key=True),
    text("route"),  # id of the routing rule, or 'default'
    text("key"),  # canonical text of the grouping labels
    text("title"),
    text("state"),  # open | closing (all resolved, flap window runs) | closed
    text("urgency"),  # page | notify | record
    text("severity"),
    json("services"),
    text("policy_id", nullable=True),
    text("declare", nullable=True),  # sev1 | sev2 | sev3: declare by itself
    text("incident_id", nullable=True),
    Column("firing", Integer, nullable=False, default=0),
    Column("loud", Integer, nullable=False, default=0),  # of those that fire, how many no silence covers
    Column("total", Integer, nullable=False, default=0),
    Column("worse", Integer, nullable=False, default=0),  # counts how often it got worse
    Column("flap_seconds", Integer, nullable=False, default=300),
    instant("opened_at"),
    instant("changed_at"),
    instant("resolved_at", nullable=True),
    instant("closed_at", nullable=True),
    instant("snoozed_until", nullable=True),
    text("snoozed_by", nullable=True),
    text("why", nullable=True),  # why it pages or not, one sentence
    instant("urgency_until", nullable=True),  # when its rule's hours give another urgency
    flag("inhibits"),  # while it fires, others do not page
    Column("resolve_seconds", Integer, nullable=True),  # what was not heard of for so long is over; null: never
    instant("resolve_due", nullable=True),  # when to look for such alerts
    text("resolved_by", nullable=True),  # who called its last alerts over, as of an alert
    Index(
        "uq_groups_open",
        "route",
        "key",
        unique=True,
        sqlite_where=sql("state <> 'closed'"),
        postgresql_where=sql("state <> 'closed'"),
    ),
    Index("ix_groups_state_changed", "state", "changed_at"),
    Index("ix_groups_key", "route", "key", "opened_at"),
    Index("ix_groups_incident_id", "incident_id"),
)
silences = Table(
    "silences",
    metadata,
    text("id", primary_key=True),
    json("match"),
    text("reason"),
    text("created_by"),
    instant("created_at"),
    instant("starts_at"),
    instant("ends_at"),
    instant("cancelled_at", nullable=True),
)
# What must be heard of every so often.
heartbeats = Table(
    "heartbeats",
    metadata,
    text("id", primary_key=True),
    text("name", unique=True),
    text("service", nullable=True),
    text("severity"),
    Column("every_seconds", Integer, nullable=False),
    Column("grace_seconds", Integer, nullable=False),
    text("state"),  # new | good | late
    text("secret_hash", unique=True),
    text("secret_sealed"),
    instant("created_at"),
    instant("armed_at", nullable=True),  # from when the next beat is awaited
    instant("last_at", nullable=True),
    instant("paused_at", nullable=True),
)
# What an open incident claims: groups on these services, or with this route and key, join it instead of paging.
claims = Table(
    "claims",
    metadata,
    text("incident_id", primary_key=True),
    text("kind", primary_key=True),  # service | group
    text("key", primary_key=True),  # service id, or route + '\n' + group key
)
# Where old alerts are found by what they carry (alerts/search): those after `after_at`, `after_id` up to `to_at`, `to_id`.
alert_segments = Table(
    "alert_segments",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    instant("after_at"),
    text("after_id"),
    instant("to_at"),
    text("to_id"),
    instant("opened_at"),
    instant("filled_at", nullable=True),  # when its postings were made
    Column("count", Integer, nullable=False, default=0),
    Column("ids", LargeBinary, nullable=False),  # of its alerts in their order, 16 bytes each
    Index("uq_alert_segments_after", "after_at", "after_id", unique=True),
)
alert_postings = Table(
    "alert_postings",
    metadata,
    Column("segment", BigInteger, primary_key=True, autoincrement=False),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
# Those among them that have changed since: they are looked at one by one, until their segment is filled again.
changed_alerts = Table(
    "changed_alerts",
    metadata,
    text("alert_id", primary_key=True),
    instant("received_at"),
    instant("changed_at"),  # for the first time
    Column("times", Integer, nullable=False),
    Index("ix_changed_alerts_received_at", "received_at"),
)
