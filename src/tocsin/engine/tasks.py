"""Tasks: work owed to another stage, written with the fact that caused it; only ever completed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tocsin.engine.deadlines import WORK
from tocsin.engine.fresh import note
from tocsin.ids import new_id
from tocsin.store.columns import insert_or_ignore
from tocsin.store.database import announce
from tocsin.store.tables.engine import tasks

COALESCING = "~"  # keys that begin so hold one unclaimed row; the claim renames it


def owe(
    connection: Connection,
    kind: str,
    subject_kind: str,
    subject_id: str,
    payload: Mapping[str, Any],
    now: datetime,
    *,
    key: str | None = None,
    paging: bool = False,
    not_before: datetime | None = None,
) -> bool:
    """Write a task of `kind` for the handler registered under it; returns False if `key` was owed already.

    With `key` the work is done once for ever (an effect's key). Without, there is at most one *unclaimed* row of
    the kind for the subject: work asked for again while it is being done is done once more afterwards.
    `paging`: a page is at stake, so a person is told after 60 s instead of 5 tries.
    """
    row: dict[str, Any] = {
        "id": new_id(),
        "kind": kind,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "key": key if key is not None else f"{COALESCING}{subject_kind}:{subject_id}",
        "payload": dict(payload),
        "state": "waiting",
        "paging": paging,
        "attempts": 0,
        "fence": 0,
        "created_at": now,
        "next_try_at": not_before or now,
    }
    inserted = insert_or_ignore(connection, tasks, row) > 0
    if inserted:
        announce(connection, WORK)
        if row["next_try_at"] <= now:
            note(connection, tasks, kind, row["id"])
    return inserted
