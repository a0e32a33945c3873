"""Reading the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from tocsin.identity.actor import Actor, Right
from tocsin.identity.visibility import visible_by_incident
from tocsin.store.tables.identity import audit


@dataclass(frozen=True)
class AuditRow:
    """One row of the audit trail; `at` UTC."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str
    action: str
    subject: str
    data: dict[str, Any]


def audit_rows(
    connection: Connection, actor: Actor, *, by: str | None = None, before: str | None = None, limit: int = 50
) -> list[AuditRow]:
    """The newest rows first, older than the row with id `before`; administrators only, restricted incidents hidden."""
    actor.require(Right.ADMIN)
    query = (
        select(audit).where(visible_by_incident(actor, audit.c.incident_id)).order_by(audit.c.id.desc()).limit(limit)
    )
    if by is not None:
        query = query.where(audit.c.actor_id == by)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [
        AuditRow(row.id, row.at, row.actor_kind, row.actor_id, row.action, row.subject, row.data)
        for row in connection.execute(query)
    ]
