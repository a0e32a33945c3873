"""Pages, their append-only log, and how people can be reached."""

from sqlalchemy import Column, Index, Integer, Table
from sqlalchemy import text as sql

from tocsin.store.tables.base import flag, instant, json, metadata, text

pages = Table(
    "pages",
    metadata,
    text("id", primary_key=True),
    text("subject_kind"),  # group | role | person | regression | tocsin | deadline
    text("subject_id"),  # group id; incident:role; own id when called by hand; …
    text("title"),
    text("detail"),
    text("urgency"),  # page | notify
    text("severity", nullable=True),
    json("services"),
    text("group_id", nullable=True),
    text("helps_with", nullable=True),  # the page for which help is asked
    text("incident_id", nullable=True),
    flag("restricted"),
    flag("practice"),
    text("state"),  # open | acknowledged | ended
    text("policy_id", nullable=True),
    json("policy"),  # the policy as it was when the page opened
    Column("step", Integer, nullable=False, default=0),
    Column("round", Integer, nullable=False, default=0),
    Column("reopened", Integer, nullable=False, default=0),
    Column("worse_seen", Integer, nullable=False, default=0),  # the group's `worse` when it was last looked at
    flag("last_resort"),  # the last resort is being paged
    instant("opened_at"),
    instant("reopened_at", nullable=True),  # when it last began again at step 1
    instant("step_at", nullable=True),  # when the present step was carried out
    instant("acknowledged_at", nullable=True),
    text("acknowledged_by", nullable=True),
    text("acknowledged_via", nullable=True),
    instant("snoozed_until", nullable=True),
    text("snoozed_by", nullable=True),
    instant("ended_at", nullable=True),
    text("ended_by", nullable=True),
    text("ended_why", nullable=True),
    # at most one page that has not ended for a subject
    Index(
        "uq_pages_live",
        "subject_kind",
        "subject_id",
        unique=True,
        sqlite_where=sql("state <> 'ended'"),
        postgresql_where=sql("state <> 'ended'"),
    ),
    Index("ix_pages_state_opened", "state", "opened_at"),
    Index("ix_pages_incident_id", "incident_id"),
    Index("ix_pages_group_id", "group_id"),
    Index("ix_pages_helps_with", "helps_with"),
)
page_log = Table(
    "page_log",
    metadata,
    text("id", primary_key=True),
    text("page_id"),
    Column("seq", Integer, nullable=False),
    instant("at"),
    text(
        "kind"
    ),  # opened | step | attempt | receipt | failed | skipped | acknowledged | also | snoozed | reopened | told_over | ended …
    text("person_id", nullable=True),
    text("method", nullable=True),
    text("delivery_id", nullable=True),
    json("data"),
    Index("uq_page_log_page_seq", "page_id", "seq", unique=True),
    Index("ix_page_log_person_id_kind", "person_id", "kind"),  # the pages that rang for somebody
)
contact_methods = Table(
    "contact_methods",
    metadata,
    text("id", primary_key=True),
    text("person_id"),
    text("kind"),  # a file of paging/methods (the screen is always there)
    text("address"),  # sealed where it holds a secret
    text("label"),
    Column("position", Integer, nullable=False, default=0),
    text("verification_hash", nullable=True),
    instant("verification_sent_at", nullable=True),
    instant("verified_at", nullable=True),
    instant("created_at"),
    instant("removed_at", nullable=True),
    instant("last_proven_at", nullable=True),
    Index("ix_contact_methods_person_id", "person_id"),
)
contact_rules = Table(
    "contact_rules",
    metadata,
    text("person_id", primary_key=True),
    json("rules"),  # in order; see paging/preferences.py
    instant("changed_at"),
)
canaries = Table(
    "canaries",
    metadata,
    text("id", primary_key=True),
    instant("left_at"),
    instant("returned_at", nullable=True),
    Index("ix_canaries_left_at", "left_at"),
)
