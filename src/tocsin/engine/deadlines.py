"""Deadlines: what a subject wants against what is stored, so that no stray timer exists."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from tocsin.engine.fresh import note
from tocsin.ids import new_id
from tocsin.store.database import announce
from tocsin.store.tables.engine import deadlines

WORK = "work"  # the topic that wakes the loop


@dataclass(frozen=True)
class WantedDeadline:
    """A moment at which something must be true or happen. `key` names what it derives from; `due_at` is UTC."""

    kind: str
    key: str
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """A stored deadline of the subject."""

    id: str
    kind: str
    key: str
    due_at: datetime
    state: str


@dataclass(frozen=True)
class Changes:
    """What must change in the store."""

    add: tuple[WantedDeadline, ...]
    move: tuple[tuple[str, WantedDeadline], ...]
    drop: tuple[str, ...]


def compare(wanted: Iterable[WantedDeadline], stored: Iterable[Stored]) -> Changes:
    """Wanted against stored. A fired (or stuck) deadline is never wanted again, whatever `wanted` says."""
    known = {(row.kind, row.key): row for row in stored}
    add, move, kept = [], [], set()
    for deadline in wanted:
        row = known.get((deadline.kind, deadline.key))
        if row is None:
            if (deadline.kind, deadline.key) not in kept:
                add.append(deadline)
        elif row.state == "waiting" and row.due_at != deadline.due_at:
            move.append((row.id, deadline))
        kept.add((deadline.kind, deadline.key))
    drop = tuple(row.id for name, row in known.items() if row.state == "waiting" and name not in kept)
    return Changes(tuple(add), tuple(move), drop)


def reconcile(
    connection: Connection, subject_kind: str, subject_id: str, wanted: Iterable[WantedDeadline], now: datetime
) -> None:
    """Make the stored deadlines of the subject those that are wanted."""
    present = connection.execute(_OF_SUBJECT, {"subject_kind": subject_kind, "subject_id": subject_id})
    changes = compare(wanted, [Stored(*row) for row in present])
    if changes.drop:
        connection.execute(delete(deadlines).where(deadlines.c.id.in_(changes.drop)))
    for row_id, deadline in changes.move:
        connection.execute(
            update(deadlines)
            .where(deadlines.c.id == row_id)
            .values(due_at=deadline.due_at, next_try_at=deadline.due_at, payload=dict(deadline.payload))
        )
    if changes.add:
        added = [_row(subject_kind, subject_id, deadline) for deadline in changes.add]
        connection.execute(_INSERT, added)
        for row in added:
            if row["due_at"] <= now:
                note(connection, deadlines, row["kind"], row["id"])
    if changes.add or changes.move:
        announce(connection, WORK)


_OF_SUBJECT = select(deadlines.c.id, deadlines.c.kind, deadlines.c.key, deadlines.c.due_at, deadlines.c.state).where(
    deadlines.c.subject_kind == bindparam("subject_kind"), deadlines.c.subject_id == bindparam("subject_id")
)
_INSERT = insert(deadlines)


def _row(subject_kind: str, subject_id: str, deadline: WantedDeadline) -> dict[str, Any]:
    return {
        "id": new_id(),
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "kind": deadline.kind,
        "key": deadline.key,
        "due_at": deadline.due_at,
        "next_try_at": deadline.due_at,
        "payload": dict(deadline.payload),
        "state": "waiting",
        "attempts": 0,
        "fence": 0,
    }
