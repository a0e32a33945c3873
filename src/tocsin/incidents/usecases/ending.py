"""An incident ends early: it was none, or it is part of another one."""

from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.errors import Conflict
from tocsin.identity.actor import Actor
from tocsin.incidents import decide
from tocsin.incidents.command import Changed, change_incident
from tocsin.incidents.queries import state_of
from tocsin.incidents.usecases.declaring import pin_services
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import link_pages
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.events import services_of
from tocsin.store.columns import lock_rows
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.incidents import MemberAdded
from tocsin.timeline.facts.triage import ImpactChanged
from tocsin.timeline.state import IncidentState


def cancel(connection: Connection, actor: Actor, incident_id: str, reason: str, now: datetime) -> Changed:
    """It was no incident. Its deploys are released, its pages withdrawn, its claims dropped."""
    return change_incident(connection, actor, incident_id, by_runbook(lambda s, _: decide.cancel(s, reason)), now)


def merge(
    connection: Connection, actor: Actor, incident_id: str, into_id: str, now: datetime, *, reason: str | None = None
) -> tuple[Changed, Changed]:
    """End an incident in another one, which takes over its groups, services and members; (the ended, the survivor).

    The actor must see both. A restricted one is merged only into a restricted one, so that nothing of it gets out.
    """
    both = select(incidents.c.id).where(incidents.c.id.in_((incident_id, into_id))).order_by(incidents.c.id)
    connection.execute(
        lock_rows(connection, both)
    ).all()  # one order for everybody, so no two merges wait for each other
    gone, survivor = state_of(connection, actor, incident_id), state_of(connection, actor, into_id)
    if gone.incident.restricted and not survivor.incident.restricted:
        raise Conflict(f"INC-{gone.incident.number} is restricted; restrict INC-{survivor.incident.number} first")
    if gone.incident.practice != survivor.incident.practice:
        raise Conflict("a practice incident and a real one can't be merged")
    ended = change_incident(
        connection, actor, incident_id, by_runbook(lambda s, _: decide.merge(s, survivor, reason)), now
    )

    def absorb(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle, at
        facts = decide.absorb(state, gone)
        wider = tuple(dict.fromkeys((*state.triage.services, *gone.triage.services)))
        if wider != state.triage.services:
            facts.append(ImpactChanged(services=wider))
        joining = (person for person in gone.incident.members if person not in state.incident.members)
        facts += [MemberAdded(person=person) for person in joining]
        return [NewFact(fact=fact) for fact in facts]

    taken = change_incident(connection, actor, into_id, absorb, now)
    link_pages(connection, taken.state, tuple(gone.incident.groups), now)
    pinned = pin_services(connection, into_id, services_of(gone), now)
    return ended, Changed(pinned.state, (*taken.entries, *pinned.entries))
