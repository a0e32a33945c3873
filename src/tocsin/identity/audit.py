"""The audit trail of everything outside incidents' timelines."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from tocsin.identity.actor import Actor
from tocsin.ids import new_id
from tocsin.store.tables.identity import audit


def record(
    connection: Connection,
    actor: Actor,
    action: str,
    subject: str,
    data: dict[str, Any],
    now: datetime,
    *,
    incident_id: str | None = None,
) -> None:
    """Append one row: `action` is a verb and its object (`apply organisation`), `subject` what it was done to.

    With `incident_id` the row is seen only by those who may see that incident. `data` must hold no secret.
    """
    connection.execute(
        insert(audit).values(
            id=new_id(),
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            subject=subject,
            data=data,
            incident_id=incident_id,
        )
    )
