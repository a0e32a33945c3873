"""The incident changes: severity, phase, name, notes, the checklist, its runbook."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection

from tocsin.errors import NotFound
from tocsin.identity.actor import SYSTEM, Actor
from tocsin.incidents import checklist, decide, phases, severity
from tocsin.incidents.command import Changed, change_incident, pin_bundle
from tocsin.incidents.staffing import bundle_for
from tocsin.incidents.usecases.neighbours import organisation_of
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.events import services_of
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Entry, Fact, NewFact
from tocsin.timeline.facts.incidents import ServicePinned
from tocsin.timeline.journal import read_entries
from tocsin.timeline.state import IncidentState

FromRunbook = Callable[[IncidentState, Runbook], Iterable[Fact]]


def by_runbook(rule: FromRunbook) -> Callable[[IncidentState, Bundle, datetime], list[NewFact]]:
    """A decide that needs the state and what the pinned runbook says for the services that are hit."""

    def decide_by_it(state: IncidentState, bundle: Bundle, now: datetime) -> list[NewFact]:
        del now
        return [NewFact(fact=fact) for fact in rule(state, bundle.effective(services_of(state)))]

    return decide_by_it


def advance(connection: Connection, incident_id: str, now: datetime) -> Changed:
    """Move into triage or mitigating where the gate has opened by itself; otherwise nothing."""
    return change_incident(connection, SYSTEM, incident_id, by_runbook(phases.open_gate), now)


def rename(connection: Connection, actor: Actor, incident_id: str, title: str, now: datetime) -> Changed:
    """Give it a better name."""
    return change_incident(connection, actor, incident_id, by_runbook(lambda s, _: decide.rename(s, title)), now)


def change_severity(
    connection: Connection, actor: Actor, incident_id: str, level: int, now: datetime, *, reason: str | None = None
) -> Changed:
    """Raise at once, lower with a reason; roles, clocks and approvals follow."""
    return change_incident(
        connection, actor, incident_id, by_runbook(lambda s, _: severity.change_severity(s, level, reason)), now
    )


def change_phase(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    phase: str,
    now: datetime,
    *,
    reason: str | None = None,
    override: bool = False,
) -> Changed:
    """Move it by hand. A gate that is not met raises Conflict with what is missing, unless it is overridden."""
    wanted = phases.phase_of(phase)
    return change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(
            lambda state, runbook: phases.change_phase(
                state, runbook, wanted, reason, by=actor.person_id, override=override
            )
        ),
        now,
    )


def add_note(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    text: str,
    now: datetime,
    *,
    happened_at: datetime | None = None,
) -> Changed:
    """A line on the timeline; also after the incident has ended, since the review finds more."""
    return change_incident(
        connection, actor, incident_id, lambda _, __, at: decide.note(text, happened_at, at), now, also_ended=True
    )


def correct_entry(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    seq: int,
    now: datetime,
    *,
    text: str | None = None,
    happened_at: datetime | None = None,
) -> Changed:
    """A new entry that names the one which is wrong."""

    def correct(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del state, bundle
        target = entry_of(connection, incident_id, seq)
        return [NewFact(fact=fact) for fact in decide.correct(target, text, happened_at, at)]

    return change_incident(connection, actor, incident_id, correct, now, also_ended=True)


def entry_of(connection: Connection, incident_id: str, seq: int) -> Entry:
    """One entry; NotFound. The caller has checked that the incident may be seen."""
    found = read_entries(connection, incident_id, after=seq - 1, limit=1) if seq > 0 else []
    if not found or found[0].seq != seq:
        raise NotFound(f"this incident has no entry {seq}")
    return found[0]


def tick_step(
    connection: Connection, actor: Actor, incident_id: str, step: str, now: datetime, *, note: str | None = None
) -> Changed:
    """A person says that a step of the first five minutes is done."""
    return change_incident(
        connection, actor, incident_id, by_runbook(lambda s, r: checklist.tick_step(s, r, step, note)), now
    )


def move_to_current_runbook(connection: Connection, actor: Actor, incident_id: str, now: datetime) -> Changed:
    """Go on under the runbooks as they are now; without this an incident keeps those that it was declared under."""
    organisation = organisation_of(connection)

    def move(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        current = bundle_for(services_of(state), organisation)
        if current.digest == bundle.digest:
            return []
        pin_bundle(connection, current, at)
        previous = state.incident.bundle_digest
        fact = ServicePinned(bundle_digest=current.digest, previous=previous, why="moved_to_current")
        return [NewFact(fact=fact)]

    return change_incident(connection, actor, incident_id, move, now)
