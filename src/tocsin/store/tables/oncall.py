"""Overrides: who takes whose shift, made on screens; the secret addresses of calendars."""

from sqlalchemy import Index, Table

from tocsin.store.tables.base import instant, json, metadata, text

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
# Hours that one person offers to another; nothing changes until they agree.
swaps = Table(
    "swaps",
    metadata,
    text("id", primary_key=True),
    text("schedule_id"),
    text("asked_by"),
    text("asked_of"),
    instant("starts_at"),
    instant("ends_at"),
    instant("back_starts_at", nullable=True),  # in a trade: hours of the other one in return
    instant("back_ends_at", nullable=True),
    text("reason"),
    text("state"),  # open | accepted | declined | withdrawn | lapsed
    text("answer", nullable=True),
    instant("created_at"),
    instant("answered_at", nullable=True),
    Index("ix_swaps_state", "state", "created_at"),
)
leaves = Table(
    "leaves",
    metadata,
    text("id", primary_key=True),
    text("person_id"),
    instant("starts_at"),
    instant("ends_at"),
    text("note"),
    text("created_by"),
    instant("created_at"),
    instant("removed_at", nullable=True),
    Index("ix_leaves_ends_at", "ends_at"),
)
# Who learns: they are told what whoever is on call is paged for, and owe nothing.
shadows = Table(
    "shadows",
    metadata,
    text("id", primary_key=True),
    text("schedule_id"),
    text("person_id"),
    text("of_person", nullable=True),  # only while this one is on call; NULL: whoever is
    instant("starts_at"),
    instant("ends_at"),  # as planned, or when it was ended
    text("created_by"),
    instant("created_at"),
    instant("removed_at", nullable=True),
    Index("ix_shadows_ends_at", "ends_at"),
)
# The moments at which a schedule went from one person to another, and whether who came has read what was handed over.
handovers = Table(
    "handovers",
    metadata,
    text("id", primary_key=True),
    text("schedule_id"),
    text("from_person"),
    text("to_person"),
    instant("began_at"),  # when the shift that ended began
    instant("changed_at"),
    instant("created_at"),
    instant("read_at", nullable=True),
    text("read_by", nullable=True),
    Index("uq_handovers_schedule_id_changed_at", "schedule_id", "changed_at", unique=True),
)
handover_notes = Table(
    "handover_notes",
    metadata,
    text("id", primary_key=True),
    text("schedule_id"),
    text("person_id"),
    text("text"),
    instant("created_at"),
    Index("ix_handover_notes_schedule_id", "schedule_id", "created_at"),
)
# What somebody else's calendar says of a schedule, as it was last read.
schedule_calendars = Table(
    "schedule_calendars",
    metadata,
    text("schedule_id", primary_key=True),
    text("url_hash"),  # of the address that this was read from
    instant("tried_at", nullable=True),
    instant("fetched_at", nullable=True),
    text("etag", nullable=True),
    text("modified", nullable=True),
    text("error", nullable=True),  # why the last try failed
    json("problems"),  # what could not be understood
    json("shifts"),  # [[start, end, person]], in order
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
