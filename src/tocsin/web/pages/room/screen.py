"""Reads what the room is made of."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from tocsin.errors import TocsinError
from tocsin.identity.actor import Actor
from tocsin.incidents.command import read_bundle
from tocsin.incidents.queries import incident_id_of, state_of
from tocsin.incidents.staffing import demand_for_role
from tocsin.oncall import queries as oncall
from tocsin.oncall.queries import on_call
from tocsin.organisation.snapshot import Organisation
from tocsin.recovery.queries import recent_samples
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.events import services_of
from tocsin.runbook.required_roles import required_roles
from tocsin.timeline.journal import read_entries
from tocsin.timeline.state import IncidentState
from tocsin.triage.queries import suspects_of
from tocsin.web import format as say
from tocsin.web.pages.room.building import build_room
from tocsin.web.pages.room.sources import Candidate, Change, ServiceCard, Sources
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen

_SAMPLES = 60
FRAGMENTS = (
    "room/head.html",
    "room/notices.html",
    "room/first_five.html",
    "room/situation.html",
    "room/criteria.html",
    "room/roles.html",
    "room/suspects.html",
    "room/decisions.html",
    "room/comms.html",
    "room/blast.html",
    "room/escalation.html",
    "room/evidence.html",
    "room/followups.html",
    "room/entries.html",
)


def load(asked: Asked) -> Answer:
    """The room of one incident."""
    sources = read_sources(asked, asked.path["number"])
    room = build_room(sources)
    return Answer(room, frozenset({f"incident:{room.id}", "pages", "changes"}), own=(*room.tools, *room.menu))


def read_sources(asked: Asked, number: str) -> Sources:
    """Everything that the room's blocks are made of; NotFound when the actor may not know of the incident."""
    connection, actor, now = asked.connection, asked.actor, asked.now
    incident_id = incident_id_of(connection, actor, number)
    state = state_of(connection, actor, incident_id)
    bundle = read_bundle(connection, state.incident.bundle_digest)
    organisation = people.organisation(connection)
    return Sources(
        state=state,
        bundle=bundle,
        names=people.names(connection),
        now=now,
        entries=tuple(read_entries(connection, incident_id)),
        person_id=asked.person_id,
        responds=asked.responds,
        audience=asked.query.get("audience", "internal"),
        candidates=candidates(connection, state, bundle, organisation, now),
        samples=_samples(connection, state),
        changes=_changes(connection, actor, incident_id),
        services=service_cards(organisation),
        pageable=_pageable(connection, organisation, now),
        here=asked.here,
    )


def service_cards(organisation: Organisation) -> Mapping[str, ServiceCard]:
    """The catalog as the room needs it."""
    return {
        key: ServiceCard(key, service.name, service.depends_on, service.public_name or "", service.vendors)
        for key, service in organisation.services.items()
    }


def candidates(
    connection: Connection, state: IncidentState, bundle: Bundle, organisation: Organisation, now: datetime
) -> dict[str, Candidate]:
    """Who could fill each empty role now, by the runbook and the schedules."""
    found: dict[str, Candidate] = {}
    runbook = bundle.effective(services_of(state))
    for need in required_roles(state, runbook):
        if need.holder is not None:
            continue
        demand = demand_for_role(need.role, need.fill, services_of(state), organisation)
        for target in demand.targets:
            person_id = None
            if target.kind == "person":
                person_id = target.id
            elif target.kind == "schedule" and target.id in organisation.schedules:
                person_id = on_call(connection, target.id, now).person
            if person_id and (person := organisation.people.get(person_id)):
                their = say.their_time(now, people.zone_of(connection, person_id))
                found[need.role] = Candidate(person_id, person.name, f"{person.name} is on call, {their}.")
                break
    return found


def _samples(connection: Connection, state: IncidentState) -> dict[str, tuple[float, ...]]:
    return {
        check_id: tuple(
            sample.value
            for sample in recent_samples(connection, state.incident.id, check_id, _SAMPLES)
            if sample.value is not None
        )
        for check_id in state.recovery.checks
    }


def _changes(connection: Connection, actor: Actor, incident_id: str) -> tuple[Change, ...]:
    return tuple(
        Change(
            each.change.id,
            each.change.kind,
            each.change.service,
            each.change.version or "",
            each.change.summary,
            each.change.link or "",
            each.change.undo or "",
            each.change.happened_at,
            each.score.value,
            each.score.sentence,
        )
        for each in suspects_of(connection, actor, incident_id)
    )


def _pageable(connection: Connection, organisation: Organisation, now: datetime) -> tuple[Candidate, ...]:
    found = []
    for duty in oncall.duties(connection, now):
        if duty.now.person and (person := organisation.people.get(duty.now.person)):
            their = say.their_time(now, people.zone_of(connection, duty.now.person))
            found.append(Candidate(duty.now.person, person.name, f"{duty.name}, {their}"))
    return tuple(found)


def find(connection: Connection, actor: Actor, number: str) -> str | None:
    """The id of an incident that the actor may know of, or None."""
    try:
        return incident_id_of(connection, actor, number)
    except TocsinError:
        return None


SCREEN = Screen("/incidents/{number:int}", "room", "room.html", load, FRAGMENTS)
