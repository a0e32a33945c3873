"""Accounts, sign-in, sessions, tokens, audit, and commands already carried out (idempotency)."""

from sqlalchemy import Index, Table

from tocsin.store.tables.base import flag, instant, json, metadata, text

# One account for each person who may sign in. Name and e-mail are copies of the organisation's, kept by its use cases.
accounts = Table(
    "accounts",
    metadata,
    text("person_id", primary_key=True),
    text("name"),
    text("email", nullable=True, unique=True),  # lower case
    text("right"),  # viewer | responder | manager | admin
    text("password_hash", nullable=True),
    instant("created_at"),
    instant("deactivated_at", nullable=True),
)
sign_in_links = Table(
    "sign_in_links",
    metadata,
    text("token_hash", primary_key=True),
    text("person_id"),
    text("purpose"),  # first_start | invitation | sign_in
    instant("created_at"),
    instant("expires_at"),
    instant("used_at", nullable=True),
)
sessions = Table(
    "sessions",
    metadata,
    text("token_hash", primary_key=True),
    text("person_id"),
    text("csrf"),
    instant("created_at"),
    instant("seen_at"),
    instant("expires_at"),
    Index("ix_sessions_person_id", "person_id"),
)
tokens = Table(
    "tokens",
    metadata,
    text("id", primary_key=True),
    text("token_hash", unique=True),
    text("name"),
    text("person_id", nullable=True),  # the owner; none: made on the server's own machine
    json("scopes"),
    text("right"),
    instant("created_at"),
    instant("expires_at", nullable=True),
    instant("last_used_at", nullable=True),
    instant("revoked_at", nullable=True),
)
audit = Table(
    "audit",
    metadata,
    text("id", primary_key=True),
    instant("at"),
    text("actor_kind"),
    text("actor_id"),
    text("action"),
    text("subject"),
    json("data"),
    flag("restricted"),
    text("incident_id", nullable=True),  # set: visible as that incident is
    Index("ix_audit_at", "at"),
)
# One row for each command that an actor sent with an id; the answer is told again, the work is not done again.
commands = Table(
    "commands",
    metadata,
    text("actor_id", primary_key=True),
    text("command_id", primary_key=True),
    text("fingerprint"),
    json("answer"),
    instant("at"),
)
