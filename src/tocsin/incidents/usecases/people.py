"""Who leads, writes, works, knows and may see."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from tocsin.engine.tasks import owe
from tocsin.errors import Invalid
from tocsin.identity.actor import Actor, Right
from tocsin.incidents import roles
from tocsin.incidents.command import Changed, change_incident
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import (
    hide_pages,
    known_person,
    names,
    organisation_of,
    withdraw_offers,
    withdraw_pages,
)
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.incidents import RoleAssigned, role_word
from tocsin.timeline.state import IncidentState

__all__ = [
    "accept_handover", "add_member", "assign_role", "decline_handover", "name_deputy", "offer_handover",
    "release_role", "remove_member", "restrict", "role_is_filled",
]  # fmt: skip

UNANSWERED_AFTER = timedelta(minutes=2)


def assign_role(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    role: str,
    person: str | None,
    now: datetime,
    *,
    replace: bool = False,
) -> Changed:
    """Give a role, or take it (`person` None: whoever asks). Conflict tells who has it already, unless `replace`."""
    who = _person(connection, actor, person)
    name_of = names(connection)
    changed = change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(
            lambda state, runbook: roles.assign_role(
                state, runbook, role, who, name_of, by=actor.person_id, replace=replace
            )
        ),
        now,
    )
    role_is_filled(connection, changed, now)
    return changed


def release_role(
    connection: Connection, actor: Actor, incident_id: str, role: str, now: datetime, *, reason: str | None = None
) -> Changed:
    """Leave a role empty."""
    return change_incident(
        connection, actor, incident_id, by_runbook(lambda s, r: roles.release_role(s, r, role, reason)), now
    )


def offer_handover(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    role: str,
    to: str,
    now: datetime,
    *,
    note: str | None = None,
) -> Changed:
    """Offer a role to another person, who must say yes."""
    who, name_of = _person(connection, actor, to, "to"), names(connection)
    changed = change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(lambda s, r: roles.offer_handover(s, r, role, who, note, name_of, by=actor.person_id)),
        now,
    )
    for entry in changed.entries[:1]:
        payload = {"role": role, "seq": entry.seq, "to": who}
        owe(connection, "handover_offered", "incident", incident_id, payload, now, key=entry.id)
        later = now + UNANSWERED_AFTER
        owe(connection, "handover_unanswered", "incident", incident_id, payload, now, key=entry.id, not_before=later)
    return changed


def accept_handover(connection: Connection, actor: Actor, incident_id: str, role: str, now: datetime) -> Changed:
    """The yes of whom the role was offered to."""
    name_of = names(connection)
    changed = change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(lambda s, _: roles.accept_handover(s, role, actor.person_id, name_of)),
        now,
    )
    role_is_filled(connection, changed, now)
    return changed


def decline_handover(
    connection: Connection, actor: Actor, incident_id: str, role: str, now: datetime, *, reason: str | None = None
) -> Changed:
    """The no of whom the role was offered to, or the offer taken back."""
    name_of = names(connection)
    changed = change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(lambda s, _: roles.decline_handover(s, role, actor.person_id, reason, name_of)),
        now,
    )
    withdraw_offers(connection, incident_id, role, "the handover was declined", now, cause=changed.entries[0].id)
    return changed


def name_deputy(connection: Connection, actor: Actor, incident_id: str, person: str, now: datetime) -> Changed:
    """Who stands in for the commander."""
    who = _person(connection, actor, person)
    return change_incident(connection, actor, incident_id, by_runbook(lambda s, _: roles.name_deputy(s, who)), now)


def add_member(connection: Connection, actor: Actor, incident_id: str, person: str, now: datetime) -> Changed:
    """Somebody more belongs to it; only who sees the incident can add others."""
    who = _person(connection, actor, person)
    return change_incident(
        connection, actor, incident_id, by_runbook(lambda s, _: roles.add_member(s, who)), now, also_ended=True
    )


def remove_member(connection: Connection, actor: Actor, incident_id: str, person: str, now: datetime) -> Changed:
    """Somebody belongs to it no more, and does not see it if it is restricted."""
    name_of = names(connection)
    return change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(lambda s, _: roles.remove_member(s, person, name_of)),
        now,
        also_ended=True,
    )


def restrict(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    restricted: bool,
    now: datetime,
    *,
    reason: str | None = None,
) -> Changed:
    """Show it to its members alone, or to everybody again. Whoever restricts it stays a member.

    Restricted by Tocsin itself with no member yet, the last resort become members: somebody must see it.
    """
    keep = (actor.person_id,) if actor.person_id else ()

    def decide(state: IncidentState, _: Runbook) -> list[Fact]:
        seers = keep if keep or state.incident.members else organisation_of(connection).last_resort
        return roles.restrict(state, restricted, reason, seers)

    changed = change_incident(connection, actor, incident_id, by_runbook(decide), now, also_ended=True)
    if changed.entries:
        hide_pages(connection, changed.state, now)
    return changed


def _person(connection: Connection, actor: Actor, person: str | None, field: str = "person") -> str:
    actor.require(Right.RESPONDER)
    if not person:
        if actor.person_id is None:
            raise Invalid(
                "this token belongs to nobody, so name the person (`tocsin role give`), or use a token of your own"
                " (`tocsin token create --data DIR --person YOU` on the server's machine)",
                field,
            )
        return actor.person_id
    return known_person(organisation_of(connection), person, field)


def role_is_filled(connection: Connection, changed: Changed, now: datetime) -> None:
    """Whoever is still being paged for the role is told that somebody has it."""
    incident, name_of = changed.state.incident, names(connection)
    for entry in changed.entries:
        if isinstance(entry.fact, RoleAssigned):
            why = f"{name_of(entry.fact.person)} is {role_word(entry.fact.role)}"
            withdraw_pages(connection, incident.id, entry.fact.role, why, now, cause=str(entry.seq))
