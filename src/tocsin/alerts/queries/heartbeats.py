"""Heartbeats as people see them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.alerts.heartbeats import Heartbeat
from tocsin.errors import NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.keys import keys_of, token_hash
from tocsin.store.tables.alerts import heartbeats as rows

SECRET = "heartbeat"


def heartbeats(connection: Connection, actor: Actor) -> list[Heartbeat]:
    """All of them: what is late first, then by name."""
    actor.require(Right.VIEWER, "alerts")
    found = connection.execute(select(rows).order_by(rows.c.state != "late", rows.c.name))
    return [heartbeat_of(row) for row in found]


def secret_of_heartbeat(connection: Connection, actor: Actor, heartbeat_id: str) -> str:
    """The secret of a heartbeat's URL, for those who may set up senders."""
    actor.require(Right.MANAGER, "alerts")
    sealed = connection.execute(select(rows.c.secret_sealed).where(rows.c.id == heartbeat_id)).scalar()
    if sealed is None:
        raise NotFound(f"there is no heartbeat {heartbeat_id!r}")
    return keys_of(connection).open(SECRET, sealed)


def knows_heartbeat(connection: Connection, secret: str) -> bool:
    """Whether some heartbeat has this secret."""
    found = connection.execute(select(rows.c.id).where(rows.c.secret_hash == token_hash(secret)))
    return found.first() is not None


def heartbeat_of(row: Row[Any]) -> Heartbeat:
    """A row as the rules see it."""
    return Heartbeat(
        id=row.id,
        name=row.name,
        service=row.service,
        severity=row.severity,
        every=timedelta(seconds=row.every_seconds),
        grace=timedelta(seconds=row.grace_seconds),
        state=row.state,
        created_at=row.created_at,
        armed_at=row.armed_at,
        last_at=row.last_at,
        paused_at=row.paused_at,
    )
