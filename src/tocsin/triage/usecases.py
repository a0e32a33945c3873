"""What responders say and keep during triage, and what tools report: one function, one transaction each."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.errors import NotFound
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.ids import new_id
from tocsin.incidents.command import Changed, change_incident
from tocsin.incidents.queries import state_of
from tocsin.incidents.usecases.declaring import pin_services
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import organisation_of
from tocsin.runbook.bundle import Bundle
from tocsin.store.blobs import put_blob
from tocsin.store.columns import insert_or_ignore
from tocsin.store.database import announce
from tocsin.store.tables.triage import changes
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.triage import EvidenceAsked
from tocsin.timeline.state import IncidentState
from tocsin.triage import decide
from tocsin.triage.changes import NewChange, checked
from tocsin.triage.decide import Impact
from tocsin.triage.evidence import NewEvidence, evidence_fact

CHANGES = "changes"  # the topic of live screens


@dataclass(frozen=True)
class RecordedChange:
    """A stored change: its id, and whether it is new or was reported before."""

    id: str
    is_new: bool


def add_symptom(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    text: str,
    now: datetime,
    *,
    happened_at: datetime | None = None,
) -> Changed:
    """Something that is seen."""
    return change_incident(
        connection, actor, incident_id, lambda _, __, at: decide.add_symptom(text, happened_at, at), now
    )


def change_impact(connection: Connection, actor: Actor, incident_id: str, impact: Impact, now: datetime) -> Changed:
    """Who is hit. A service that joins brings its runbook and checks, and its alerts join the incident from now on."""
    organisation = organisation_of(connection)
    if impact.services is not None:
        impact = replace(impact, services=tuple(organisation.current_id("service", each) for each in impact.services))

    def change(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle
        return [NewFact(fact=fact) for fact in decide.change_impact(state, impact, organisation.services, at)]

    changed = change_incident(connection, actor, incident_id, change, now)
    if not changed.entries or not impact.services:
        return changed
    pinned = pin_services(connection, incident_id, impact.services, now)
    return Changed(pinned.state, (*changed.entries, *pinned.entries))


def add_link(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    url: str,
    now: datetime,
    *,
    title: str | None = None,
    what: str = "dashboard",
) -> Changed:
    """A dashboard, log search, trace or whatever else the others should look at; also while the review collects them."""
    link_id = new_id()
    return change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(lambda state, _: decide.add_link(state, link_id, url, title, what)),
        now,
    )


def mark_suspect(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    change_id: str,
    suspect: bool,
    now: datetime,
    *,
    reason: str | None = None,
) -> Changed:
    """Suspect a reported change, or clear it."""
    if connection.execute(select(changes.c.id).where(changes.c.id == change_id)).first() is None:
        raise NotFound("there is no such change")
    return change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(lambda state, _: decide.mark_suspect(state, change_id, suspect, reason)),
        now,
    )


def record_change(connection: Connection, actor: Actor, change: NewChange, now: datetime) -> RecordedChange:
    """Keep a reported change. The reporter's own id makes a report that is sent again the same one."""
    actor.require(Right.RESPONDER, "changes:write")
    kept = checked(change, now)
    change_id = new_id()
    row = {
        "id": change_id,
        "external_id": kept.external_id or change_id,
        "kind": kept.kind,
        "service": organisation_of(connection).current_id("service", kept.service),
        "environment": kept.environment,
        "version": kept.version,
        "summary": kept.summary,
        "link": kept.link,
        "author": kept.author,
        "undo": kept.undo,
        "labels": dict(kept.labels),
        "happened_at": kept.happened_at or now,
        "recorded_at": now,
        "reported_by": actor.id,
    }
    if insert_or_ignore(connection, changes, row):
        announce(connection, CHANGES)
        return RecordedChange(change_id, is_new=True)
    known = select(changes.c.id).where(changes.c.service == row["service"], changes.c.external_id == row["external_id"])
    return RecordedChange(str(connection.execute(known).scalar_one()), is_new=False)


def add_evidence(
    connection: Connection, actor: Actor, incident_id: str, evidence: NewEvidence, now: datetime
) -> tuple[str, Changed]:
    """Keep an artefact by its SHA-256; returns its id. The same bytes under the same title are kept once.

    Also after the incident has ended, since the review collects artefacts.
    """
    number = state_of(connection, actor, incident_id).incident.number
    fact = evidence_fact(evidence, f"{number}-{new_id()}", now)
    found = fact.evidence_id

    def keep(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        nonlocal found
        del bundle, at
        for known in state.triage.evidence:
            if (known.sha256, known.title, known.host) == (fact.sha256, fact.title, fact.host):
                found = known.evidence_id
                return []
        return [NewFact(fact=fact, happened_at=fact.captured_at)]

    changed = change_incident(connection, actor, incident_id, keep, now, also_ended=True)
    if changed.entries:
        put_blob(connection, evidence.content)
    return found, changed


def ask_for_evidence(connection: Connection, incident_id: str, what: str, text: str, now: datetime) -> Changed:
    """The runbook asks for a capture before it is gone; asked once."""

    def ask(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle, at
        if text in state.triage.evidence_asked or not state.incident.is_open:
            return []
        return [NewFact(fact=EvidenceAsked(what=what, text=text))]

    return change_incident(connection, SYSTEM, incident_id, ask, now, also_ended=True)
