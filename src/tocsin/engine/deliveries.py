"""Deliveries: one thing to be sent outside, each with an idempotency key and a rule for unknown outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, update

from tocsin.engine.deadlines import WORK
from tocsin.engine.fresh import note
from tocsin.ids import new_id
from tocsin.store.columns import insert_or_ignore
from tocsin.store.database import announce
from tocsin.store.tables.engine import deliveries

OnUnknown = Literal["resend", "confirm", "ask"]


@dataclass(frozen=True)
class Delivery:
    """A claimed delivery, as its handler sees it. `attempt` counts from 1; `again` when an earlier one is unknown."""

    id: str
    lane: str
    kind: str
    subject_kind: str
    subject_id: str
    idempotency_key: str
    payload: Mapping[str, Any]
    attempt: int
    again: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt. `retry_at` (UTC) asks for another one; a final failure has none.

    `state`: sent (the provider took it), failed (it said no, or can't be reached any more), retry, dropped
    (not needed any more: looked again before sending).
    """

    state: Literal["sent", "failed", "retry", "dropped"]
    receipt: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    retry_after: float | None = None  # seconds, when the provider named them


def send_later(
    connection: Connection,
    *,
    lane: str,
    kind: str,
    subject_kind: str,
    subject_id: str,
    idempotency_key: str,
    payload: Mapping[str, Any],
    on_unknown: OnUnknown,
    now: datetime,
    not_before: datetime | None = None,
) -> str | None:
    """Write a delivery; returns its id, or None if one with this idempotency key was written already.

    `lane` is the provider (`smtp`, `ntfy`, …): each has its own concurrency, so a slow one delays no other.
    """
    delivery_id = new_id()
    row = {
        "id": delivery_id,
        "lane": lane,
        "kind": kind,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "idempotency_key": idempotency_key,
        "payload": dict(payload),
        "on_unknown": on_unknown,
        "state": "waiting",
        "attempts": 0,
        "fence": 0,
        "created_at": now,
        "next_try_at": not_before or now,
    }
    if not insert_or_ignore(connection, deliveries, row):
        return None
    announce(connection, WORK)
    if not_before is None or not_before <= now:
        note(connection, deliveries, kind, delivery_id)
    return delivery_id


def cancel_waiting(connection: Connection, subject_kind: str, subject_id: str, why: str, now: datetime) -> int:
    """Cancel what has not been sent yet for a subject; returns how many."""
    result = connection.execute(
        update(deliveries)
        .where(
            deliveries.c.subject_kind == subject_kind,
            deliveries.c.subject_id == subject_id,
            deliveries.c.state == "waiting",
        )
        .values(state="cancelled", ended_at=now, error=why)
    )
    return int(result.rowcount)


def bring_forward(connection: Connection, delivery_id: str, now: datetime) -> None:
    """Let a delivery that waits for a later moment go now."""
    changed = connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.state == "waiting", deliveries.c.next_try_at > now)
        .values(next_try_at=now)
    )
    if changed.rowcount:
        announce(connection, WORK)
