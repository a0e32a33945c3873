"""Reviews that are still owed."""

from typing import Any

from sqlalchemy import Connection, Row, func, select

from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_by_incident
from tocsin.store.tables.review import postmortems
from tocsin.store.tables.timeline import incidents


def reviews_due(connection: Connection, actor: Actor) -> int:
    """How many postmortems are not published yet."""
    query = select(func.count()).where(
        postmortems.c.state == "draft", visible_by_incident(actor, postmortems.c.incident_id)
    )
    return int(connection.execute(query).scalar_one())


def postmortem_rows(connection: Connection, actor: Actor, limit: int = 100) -> list[Row[Any]]:
    """Postmortems with their incidents, those still owed first."""
    query = (
        select(postmortems, incidents.c.number, incidents.c.title, incidents.c.severity, incidents.c.resolved_at)
        .join(incidents, incidents.c.id == postmortems.c.incident_id)
        .where(visible_by_incident(actor, postmortems.c.incident_id))
        .order_by(postmortems.c.state, postmortems.c.due_at.desc())
        .limit(limit)
    )
    return list(connection.execute(query))
