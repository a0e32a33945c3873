"""An incident begins: by hand, from alert groups by one click, or by a routing rule; groups join it later."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.identity.visibility import visible_incidents
from tocsin.incidents import decide
from tocsin.incidents.command import Changed, change_incident, create_incident, pin_bundle
from tocsin.incidents.decide import Declare, GroupView
from tocsin.incidents.staffing import bundle_for
from tocsin.incidents.usecases.moving import advance
from tocsin.incidents.usecases.neighbours import (
    first_paged_at,
    group_views,
    known_service,
    link_pages,
    organisation_of,
)
from tocsin.runbook.bundle import Bundle
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.incidents import OPEN_PHASES, ServicePinned
from tocsin.timeline.journal import next_number
from tocsin.timeline.state import IncidentState


def declare(
    connection: Connection, actor: Actor, command: Declare, now: datetime, *, by_rule: str | None = None
) -> Changed:
    """Declare an incident; its groups, their pages and what it claims come with it.

    Raises Invalid naming every wrong field, Conflict when one of the groups is in an open incident already.
    """
    actor.require(Right.RESPONDER)
    groups = group_views(connection, actor, command.group_ids)
    refuse_taken(connection, actor, groups)
    organisation = organisation_of(connection)
    named = tuple(known_service(organisation, service) for service in command.services)
    command = replace(command, services=named)
    services = dict.fromkeys((*named, *(service for group in groups for service in group.services)))
    bundle = bundle_for(services, organisation)
    paged_at = first_paged_at(connection, command.group_ids)
    decide.declare(command, 1, bundle.digest, groups, paged_at, by_rule, now)  # a wrong field must take no number
    number = next_number(connection)
    facts = decide.declare(command, number, bundle.digest, groups, paged_at, by_rule, now)
    changed = create_incident(connection, actor, number, bundle, facts, now)
    link_pages(connection, changed.state, command.group_ids, now)
    moved = advance(connection, changed.state.incident.id, now)
    return Changed(moved.state, (*changed.entries, *moved.entries))


def declare_by_rule(connection: Connection, group_id: str, severity: int, rule: str | None, now: datetime) -> None:
    """What a routing rule's `declare: sev2` does; nothing when the group has its incident already, or is over."""
    (group,) = group_views(connection, SYSTEM, (group_id,))
    if group.incident_id is not None or group.state == "closed":
        return
    command = Declare(title=group.title, severity=severity, group_ids=(group_id,), labels=group.labels)
    declare(connection, SYSTEM, command, now, by_rule=rule or group.route)


def link_group(connection: Connection, actor: Actor, incident_id: str, group_id: str, now: datetime) -> Changed:
    """Alerts added later: the group, its pages, and its services' runbooks join the incident."""
    groups = group_views(connection, actor, (group_id,))
    refuse_taken(connection, actor, groups, but=incident_id)
    changed = change_incident(
        connection,
        actor,
        incident_id,
        lambda state, _, __: [NewFact(fact=fact) for fact in decide.link_group(state, groups[0])],
        now,
    )
    if not changed.entries:
        return changed
    link_pages(connection, changed.state, (group_id,), now)
    pinned = pin_services(connection, incident_id, groups[0].services, now)
    return Changed(pinned.state, (*changed.entries, *pinned.entries))


def pin_services(connection: Connection, incident_id: str, services: Iterable[str], now: datetime) -> Changed:
    """Pin the present runbooks and checks of services that join; those that are pinned stay as they were."""
    organisation = organisation_of(connection)
    joining = tuple(services)

    def pin(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        wider = bundle
        for service in joining:
            known = {name for name, _ in wider.service_texts} | {name for name, _ in wider.checks}
            if service not in known and service in organisation.services:
                wider = wider.with_service(service, organisation.runbook_for(service), organisation.checks_for(service))
        if wider.digest == bundle.digest:
            return []
        pin_bundle(connection, wider, at)
        previous = state.incident.bundle_digest
        fact = ServicePinned(bundle_digest=wider.digest, previous=previous, why="service_joined")
        return [NewFact(fact=fact)]

    return change_incident(connection, SYSTEM, incident_id, pin, now)


def refuse_taken(connection: Connection, actor: Actor, groups: Iterable[GroupView], but: str | None = None) -> None:
    """Conflict when a group belongs to an open incident already; one that the actor may not know of is not named."""
    for group in groups:
        if group.incident_id is None or group.incident_id == but:
            continue
        is_open = select(incidents.c.number).where(
            incidents.c.id == group.incident_id, incidents.c.phase.in_(sorted(OPEN_PHASES))
        )
        if connection.execute(is_open).first() is None:
            continue
        number = connection.execute(is_open.where(visible_incidents(actor))).scalar()
        name = f"INC-{number}" if number else "another incident"
        raise Conflict(f"“{group.title}” is in {name} already; join it there")


__all__ = ["Declare", "Invalid", "declare", "declare_by_rule", "link_group", "pin_services", "refuse_taken"]
