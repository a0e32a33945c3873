"""A page's own log, copied onto the timeline row by row; who acknowledges the page for a role takes the role."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.work import Job
from tocsin.errors import NotFound
from tocsin.identity.actor import SYSTEM, Actor, Right, person
from tocsin.incidents.command import change_incident
from tocsin.incidents.roles import assign_role
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import names, withdraw_pages
from tocsin.incidents.usecases.people import role_is_filled
from tocsin.paging.queries import log_line, name_of
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact, NewFact
from tocsin.timeline.facts.incidents import MemberAdded
from tocsin.timeline.facts.paging import PageRecorded
from tocsin.timeline.state import IncidentState

_DONE_BY_PEOPLE = (
    "acknowledged",
    "also",
    "snoozed",
    "passed_on",
    "noted",
    "ended",
    "reassigned",
    "asked",
    "joined",
    "declined",
)
_CALLED_IN = (
    "role",
    "team",
    "person",
    "regression",
    "help",
)  # whoever acknowledges one of these belongs to the incident


def page_entry(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `page_entry` {incident_id, page_id, log_seq}."""
    incident_id, page_id, seq = (
        str(job.payload["incident_id"]),
        str(job.payload["page_id"]),
        int(job.payload["log_seq"]),
    )
    line = log_line(connection, page_id, seq)
    if line is None:
        raise NotFound(f"page {page_id} has no log row {seq}")
    told = PageRecorded(
        page_id=page_id,
        log_seq=seq,
        event=line.event,
        purpose=line.purpose,
        role=line.role,
        person=line.person,
        method=line.method,
        text=line.text,
    )

    def record(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del state, bundle, at
        return [NewFact(fact=told, happened_at=line.at)]

    def join(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle, at
        joins = line.purpose in _CALLED_IN or not state.incident.restricted
        if line.person and joins and line.person not in state.incident.members:
            return [NewFact(fact=MemberAdded(person=line.person))]
        return []

    doer = _doer(connection, line.person) if line.person and line.event in _DONE_BY_PEOPLE else None
    change_incident(connection, SYSTEM, incident_id, record, now, also_ended=True, recorded_as=doer)
    if line.event != "acknowledged" or not line.person:
        return
    changed = change_incident(connection, SYSTEM, incident_id, join, now, also_ended=True)
    if line.role and changed.state.incident.is_open:
        _take_role(connection, incident_id, line.role, line.person, now)


def incident_over(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `incident_over`: nobody is needed any more; pages about alerts end with their alerts."""
    withdraw_pages(connection, job.subject_id, "", "the incident is over", now, cause=job.key)


def _doer(connection: Connection, who: str) -> Actor:
    """Who answered the page: a person, or a token that belongs to nobody."""
    name = name_of(connection, who)
    return (
        Actor("token", who, name, Right.RESPONDER) if who.startswith("token:") else person(who, name, Right.RESPONDER)
    )


def _take_role(connection: Connection, incident_id: str, role: str, who: str, now: datetime) -> None:
    known_as = names(connection)

    def take(state: IncidentState, runbook: Runbook) -> list[Fact]:
        if role in state.incident.roles or role.partition(":")[0] not in runbook.roles:
            return []
        return assign_role(state, runbook, role, who, known_as, by=who)

    actor = person(who, known_as(who), Right.RESPONDER)  # being paged for a role is the right to take it
    changed = change_incident(connection, actor, incident_id, by_runbook(take), now)
    role_is_filled(connection, changed, now)
