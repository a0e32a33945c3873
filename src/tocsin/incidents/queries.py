"""Reading incidents: every query says what the actor may see in the query itself."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from tocsin.errors import NotFound
from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_incidents
from tocsin.incidents.command import state_of_head
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.journal import read_entries
from tocsin.timeline.state import IncidentState


@dataclass(frozen=True)
class IncidentRow:
    """One incident in a list; times UTC."""

    id: str
    number: int
    title: str
    severity: int
    phase: str
    restricted: bool
    practice: bool
    declared_at: datetime
    resolved_at: datetime | None
    updated_at: datetime


def incident_id_of(connection: Connection, actor: Actor, reference: str | int) -> str:
    """The id of `147`, `INC-147` or an id; NotFound also when the actor may not know of it."""
    text = str(reference).strip()
    bare = text.upper().removeprefix("INC-")
    by_number = incidents.c.number == int(bare) if bare.isdecimal() and len(bare) < 10 else None
    matches = incidents.c.id == text if by_number is None else or_(by_number, incidents.c.id == text)
    found = connection.execute(select(incidents.c.id).where(matches, visible_incidents(actor))).scalar()
    if found is None:
        raise NotFound(f"there is no incident {text}")
    return str(found)


def state_of(connection: Connection, actor: Actor, incident_id: str) -> IncidentState:
    """The whole state of one incident; NotFound when the actor may not know of it."""
    query = select(incidents).where(incidents.c.id == incident_id, visible_incidents(actor))
    head = connection.execute(query).one_or_none()
    if head is None:
        raise NotFound("there is no such incident")
    return state_of_head(connection, head)


__all__ = ["IncidentRow", "incident_id_of", "read_entries", "state_of"]
