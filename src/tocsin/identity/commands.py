"""Idempotency: a command that an actor sends twice with one id is carried out once and answered twice the same."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import Actor
from tocsin.store.columns import insert_or_ignore
from tocsin.store.tables.identity import commands

LONGEST_COMMAND_ID = 200
KEPT = timedelta(days=30)


def once(
    connection: Connection,
    actor: Actor,
    command_id: str | None,
    body: bytes,
    now: datetime,
    work: Callable[[], Any],
) -> tuple[Any, bool]:
    """Run `work` unless this actor's `command_id` was carried out before; returns (JSON answer, whether replayed).

    Everything happens in the caller's transaction: if `work` raises, the id stays free. Raises Conflict when the
    same id comes with another body.
    """
    if command_id is None:
        return work(), False
    if not 0 < len(command_id) <= LONGEST_COMMAND_ID:
        raise Invalid(f"the idempotency key has {len(command_id)} characters; 1 to {LONGEST_COMMAND_ID} are allowed")
    fingerprint = hashlib.sha256(body).hexdigest()
    row = {"actor_id": actor.id, "command_id": command_id, "fingerprint": fingerprint, "answer": None, "at": now}
    key = (commands.c.actor_id == actor.id) & (commands.c.command_id == command_id)
    if not insert_or_ignore(connection, commands, {**row, "answer": {}}):
        known = connection.execute(select(commands.c.fingerprint, commands.c.answer).where(key)).one()
        if known.fingerprint != fingerprint:
            raise Conflict("this idempotency key was used for another request; take a new one")
        return known.answer, True
    answer = work()
    connection.execute(update(commands).where(key).values(answer=answer))
    return answer, False


def forget_old(connection: Connection, now: datetime) -> int:
    """Remove ids older than `KEPT`; returns how many."""
    return int(connection.execute(delete(commands).where(commands.c.at < now - KEPT)).rowcount)
