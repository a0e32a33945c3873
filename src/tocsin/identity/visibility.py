"""What an actor may see of incidents, as a predicate in the query, so that counts and streams obey it too.

A restricted incident is seen by its members alone (not by administrators who are none); the system sees all.
"""

from sqlalchemy import ColumnElement, false, or_, select, true

from tocsin.identity.actor import Actor
from tocsin.store.tables.timeline import incidents, members


def visible_incidents(actor: Actor) -> ColumnElement[bool]:
    """A predicate over `incidents`: those which the actor may know of."""
    if actor.kind == "system":
        return true()
    if actor.person_id is None:
        return incidents.c.restricted == false()
    mine = select(members.c.incident_id).where(members.c.person_id == actor.person_id)
    return or_(incidents.c.restricted == false(), incidents.c.id.in_(mine))


def visible_by_incident(actor: Actor, incident_id: ColumnElement[str]) -> ColumnElement[bool]:
    """A predicate for any table with an incident's id (or NULL: visible): hides what hangs on a hidden incident."""
    if actor.kind == "system":
        return true()
    hidden = select(incidents.c.id).where(~visible_incidents(actor))
    return or_(incident_id.is_(None), incident_id.not_in(hidden))
