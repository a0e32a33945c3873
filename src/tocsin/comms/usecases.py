"""What people do to keep others informed, and to call others in. One transaction each."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, insert

from tocsin.comms import updates, vendors
from tocsin.comms.updates import WriteUpdate
from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import Actor
from tocsin.ids import new_id
from tocsin.incidents.command import Changed, change_incident
from tocsin.incidents.handlers.effects import ask
from tocsin.incidents.staffing import Demand, demand_for_team, name_in
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import known_person, organisation_of
from tocsin.incidents.wording import text_of
from tocsin.organisation.model.fields import Target
from tocsin.organisation.snapshot import Organisation
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.findings import nearest
from tocsin.runbook.model import Runbook
from tocsin.store.database import announce
from tocsin.store.tables.comms import status_posts
from tocsin.timeline.entry import Fact, NewFact
from tocsin.timeline.facts.comms import TeamEngaged, UpdatePosted
from tocsin.timeline.state import IncidentState


def write_update(
    connection: Connection, actor: Actor, incident_id: str, command: WriteUpdate, now: datetime
) -> tuple[Changed, str]:
    """Post an update, or propose it where it needs an approval; returns the update's id too."""
    update_id, organisation = new_id(), organisation_of(connection)
    command = command.model_copy(update={"components": known_services(command.components, organisation)})

    def decide(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        facts = updates.write_update(state, bundle, command, update_id, actor.person_id, at)
        return [NewFact(fact=fact) for fact in facts]

    changed = change_incident(connection, actor, incident_id, decide, now)
    publish(connection, changed, now)
    return changed, update_id


def approve_update(
    connection: Connection, actor: Actor, incident_id: str, update_id: str, reason: str | None, now: datetime
) -> Changed:
    """Let a proposed update go out."""

    def decide(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        facts = updates.approve_update(state, bundle, update_id, actor.person_id, reason, at)
        return [NewFact(fact=fact) for fact in facts]

    changed = change_incident(connection, actor, incident_id, decide, now)
    publish(connection, changed, now)
    return changed


def reject_update(
    connection: Connection, actor: Actor, incident_id: str, update_id: str, reason: str, now: datetime
) -> Changed:
    """Send a proposed update back."""
    return change_incident(
        connection, actor, incident_id, by_runbook(lambda s, _: updates.reject_update(s, update_id, reason)), now
    )


def answer_question(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    question: str,
    answer: bool,
    now: datetime,
    *,
    note: str | None = None,
) -> Changed:
    """Answer one of the runbook's escalation questions; its rules page whom the answer asks for."""

    def rule(state: IncidentState, runbook: Runbook) -> list[Fact]:
        return updates.answer_question(state, runbook, question, answer, note)

    return change_incident(connection, actor, incident_id, by_runbook(rule), now)


def call_in(connection: Connection, actor: Actor, incident_id: str, to: str, reason: str, now: datetime) -> Changed:
    """Call in a team, a person or an escalation policy by its id; `secondary` is the hit services' second team.

    Raises Invalid with the nearest name for anything else, Conflict when the team is there already.
    """
    organisation = organisation_of(connection)
    why = text_of(reason, "reason")
    subject, kind = to.strip(), ""

    def rule(state: IncidentState, _: Runbook) -> Iterable[Fact]:
        nonlocal subject, kind
        if subject == "secondary":
            subject = _secondary(state, organisation)
        kind = _kind_of(subject, organisation)
        if subject in state.comms.teams:
            raise Conflict(f"{subject} was called in already")
        return [TeamEngaged(team=subject, why=why)]

    changed = change_incident(connection, actor, incident_id, by_runbook(rule), now)
    demand = {
        "team": lambda: demand_for_team(subject, organisation),
        "policy": lambda: Demand(policy=subject),
        "person": lambda: Demand((Target(person=known_person(organisation, subject, "to")),)),
    }[kind]()
    title = f"{name_in(organisation, subject)} needed: {changed.state.incident.title}"
    ask(connection, changed.state, "team", f"{incident_id}:{subject}", title, demand, now, why=why)
    return changed


def engage_vendor(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    vendor: str,
    now: datetime,
    *,
    reference: str | None = None,
    contact: str | None = None,
) -> tuple[Changed, str]:
    """Open an engagement with a vendor; returns its id too."""
    engagement_id, organisation = new_id(), organisation_of(connection)

    def rule(state: IncidentState, runbook: Runbook) -> list[Fact]:
        return vendors.engage_vendor(
            state, runbook, organisation, vendor, engagement_id, now, reference=reference, contact=contact
        )

    return change_incident(connection, actor, incident_id, by_runbook(rule), now), engagement_id


def note_vendor(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    engagement_id: str,
    state: Literal["waiting", "answered", "ended"],
    text: str,
    now: datetime,
    *,
    respond_by: datetime | None = None,
) -> Changed:
    """Note what a vendor said, or that it ended."""
    return change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(lambda s, _: vendors.note_vendor(s, engagement_id, state, text, respond_by, now)),
        now,
    )


def publish(connection: Connection, changed: Changed, now: datetime) -> None:
    """Put external updates that have just gone out onto the status page; practice and restricted ones never."""
    incident = changed.state.incident
    if incident.practice or incident.restricted:
        return
    organisation = organisation_of(connection)
    for entry in changed.entries:
        fact = entry.fact
        if not isinstance(fact, UpdatePosted) or fact.audience != "external":
            continue
        connection.execute(delete(status_posts).where(status_posts.c.id == fact.update_id))
        connection.execute(
            insert(status_posts).values(
                id=fact.update_id,
                incident_id=incident.id,
                seq=entry.seq,
                headline=fact.headline or "",
                known=fact.known,
                doing=fact.doing,
                next=fact.next,
                components=public_names(fact.components, organisation),
                state=fact.status,
                posted_at=now,
                next_at=fact.next_at,
            )
        )
        announce(connection, "status")


def known_services(services: Iterable[str], organisation: Organisation) -> tuple[str, ...]:
    """The services by their present ids; Invalid, with the nearest name, for one that does not exist."""
    found = tuple(organisation.current_id("service", service) for service in services)
    for service in found:
        if service not in organisation.services:
            nearby = nearest(service, organisation.services)
            raise Invalid(f"there is no service '{service}'. {nearby}".strip(), "components")
    return found


def public_names(services: Iterable[str], organisation: Organisation) -> list[str]:
    """What customers call these services; those without a public name do not appear."""
    named = (organisation.services.get(service) for service in services)
    return list(dict.fromkeys(each.public_name for each in named if each is not None and each.public_name))


def _secondary(state: IncidentState, organisation: Organisation) -> str:
    for service in state.triage.services:
        known = organisation.services.get(service)
        if known is not None and known.secondary_team:
            return known.secondary_team
    raise Invalid("no service of this incident names a second team; name one yourself", "to")


def _kind_of(subject: str, organisation: Organisation) -> str:
    for kind, names in (
        ("team", organisation.teams),
        ("person", organisation.active_people),
        ("policy", organisation.policies),
    ):
        if subject in names:
            return kind
    known = [*organisation.teams, *organisation.active_people, *organisation.policies]
    raise Invalid(f"there is no team, person or policy '{subject}'. {nearest(subject, known)}".strip(), "to")
