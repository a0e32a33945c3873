"""What people do in the review. One transaction each; the read tables are written with the facts."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.engine.deliveries import send_later
from tocsin.errors import NotFound
from tocsin.identity.actor import SYSTEM, Actor
from tocsin.identity.visibility import visible_by_incident
from tocsin.ids import new_id
from tocsin.incidents.command import Changed, change_incident
from tocsin.incidents.usecases.moving import FromRunbook, by_runbook
from tocsin.incidents.usecases.neighbours import known_person, organisation_of
from tocsin.review import decide
from tocsin.runbook.model import Runbook
from tocsin.store.columns import upsert
from tocsin.store.database import announce
from tocsin.store.tables.review import followups, postmortems
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.incidents import RoleAssigned
from tocsin.timeline.facts.review import FollowupAdded, FollowupChanged, PostmortemPublished, ReviewScheduled
from tocsin.timeline.journal import read_entries
from tocsin.timeline.state import IncidentState

INVITATION = "review_invitation"


def schedule_review(
    connection: Connection, actor: Actor, incident_id: str, now: datetime, *, meeting_at: datetime | None = None
) -> Changed:
    """Set the review, or move its meeting; those who had a role are invited by e-mail with a calendar entry."""
    return change_review(
        connection,
        actor,
        incident_id,
        lambda state, runbook: decide.schedule_review(
            state, runbook, now, meeting_at=meeting_at, had_role=people_with_role(connection, incident_id)
        ),
        now,
    )


def people_with_role(connection: Connection, incident_id: str) -> tuple[str, ...]:
    """Everybody who ever had a role in the incident, in the order in which they took one."""
    facts = (entry.fact for entry in read_entries(connection, incident_id))
    return tuple(dict.fromkeys(fact.person for fact in facts if isinstance(fact, RoleAssigned)))


def draft_postmortem(connection: Connection, actor: Actor, incident_id: str, now: datetime) -> Changed:
    """Make the draft."""
    return change_review(connection, actor, incident_id, lambda state, _: decide.draft(state), now)


def save_sections(
    connection: Connection, actor: Actor, incident_id: str, sections: Mapping[str, str], now: datetime
) -> Changed:
    """Write sections by their ids; those that did not change are left as they are."""

    def rule(state: IncidentState, _: Runbook) -> list[Fact]:
        facts: list[Fact] = []
        for section, text in sections.items():
            facts += decide.save_section(state, section, text)
        return facts

    return change_review(connection, actor, incident_id, rule, now)


def publish_postmortem(connection: Connection, actor: Actor, incident_id: str, now: datetime) -> Changed:
    """Publish it; Conflict tells what is still missing."""
    return change_review(connection, actor, incident_id, decide.publish, now)


def add_followup(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    kind: str,
    title: str,
    now: datetime,
    *,
    owner: str | None = None,
    due_at: datetime | None = None,
) -> tuple[Changed, str]:
    """Note work that comes of the incident; returns its id too. `due_at` is UTC."""
    followup_id = new_id()
    person = known_person(organisation_of(connection), owner, "owner") if owner else None
    changed = change_review(
        connection, actor, incident_id, lambda *_: decide.add_followup(followup_id, kind, title, person, due_at), now
    )
    return changed, followup_id


def change_followup(
    connection: Connection,
    actor: Actor,
    followup_id: str,
    now: datetime,
    *,
    owner: str | None = None,
    due_at: datetime | None = None,
    state: str | None = None,
    note: str | None = None,
) -> Changed:
    """Give a follow-up another owner, day or state."""
    incident_id = connection.execute(
        select(followups.c.incident_id).where(
            followups.c.id == followup_id, visible_by_incident(actor, followups.c.incident_id)
        )
    ).scalar()
    if incident_id is None:
        raise NotFound("there is no such follow-up")
    person = known_person(organisation_of(connection), owner, "owner") if owner else None
    return change_review(
        connection,
        actor,
        incident_id,
        lambda s, _: decide.change_followup(s, followup_id, owner=person, due_at=due_at, new_state=state, note=note),
        now,
    )


def mark_artifact(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    what: str,
    now: datetime,
    *,
    available: bool = True,
    title: str | None = None,
    url: str | None = None,
) -> Changed:
    """Add an artifact for the postmortem, or say that there is none of its kind."""
    return change_review(
        connection, actor, incident_id, lambda s, _: decide.mark_artifact(s, what, available, title, url), now
    )


def change_review(connection: Connection, actor: Actor, incident_id: str, rule: FromRunbook, now: datetime) -> Changed:
    """Change an incident, also one that has ended, and bring the review's read tables up to it.

    What changed may be all that the gate to review, or to closed, waited for: then the incident moves on.
    """
    changed = change_incident(connection, actor, incident_id, by_runbook(rule), now, also_ended=True)
    if changed.entries:
        _write_tables(connection, changed, actor, now)
        for entry in changed.entries:
            if isinstance(entry.fact, ReviewScheduled):
                _invite(connection, changed, entry.seq, now)
        announce(connection, "reviews")
        moved = change_incident(connection, SYSTEM, incident_id, by_runbook(decide.open_gate), now, also_ended=True)
        return Changed(moved.state, (*changed.entries, *moved.entries))
    return changed


def _write_tables(connection: Connection, changed: Changed, actor: Actor, now: datetime) -> None:
    state, incident_id = changed.state, changed.state.incident.id
    review, facts = state.review, [entry.fact for entry in changed.entries]
    touched = {fact.followup_id for fact in facts if isinstance(fact, FollowupAdded | FollowupChanged)}
    for each in (review.followups[followup_id] for followup_id in touched):
        row = {
            "id": each.followup_id,
            "incident_id": incident_id,
            "kind": each.what,
            "title": each.title,
            "owner": each.owner,
            "due_at": each.due_at,
            "state": each.state,
            "created_at": each.at,
            "ended_at": now if each.state != "open" else None,
        }
        upsert(connection, followups, row, ["id"])
    if review.due_at is not None:
        draft: dict[str, object] = {
            "incident_id": incident_id,
            "state": "published" if review.published_at else "draft",
            "sections": {},
            "version": state.seq,
            "meeting_at": review.meeting_at,
            "due_at": review.due_at,
            "drafted_at": review.drafted_at or now,
            "published_at": review.published_at,
        }
        if any(isinstance(fact, PostmortemPublished) for fact in facts):
            draft["published_by"] = actor.person_id
        upsert(connection, postmortems, draft, ["incident_id"])


def _invite(connection: Connection, changed: Changed, seq: int, now: datetime) -> None:
    """One e-mail for each person who had a role; the same entry never invites twice."""
    state = changed.state
    meeting_at, incident = state.review.meeting_at, state.incident
    if meeting_at is None or incident.practice:
        return
    organisation = organisation_of(connection)
    for person_id in state.review.invited:
        person = organisation.people.get(person_id)
        if person is None or not person.email:
            continue
        send_later(
            connection,
            lane="smtp",
            kind=INVITATION,
            subject_kind="incident",
            subject_id=incident.id,
            idempotency_key=f"review:{incident.id}:{seq}:{person_id}",
            payload={
                "incident_id": incident.id,
                "person_id": person_id,
                "seq": seq,
                "meeting_at": meeting_at.isoformat(),
            },
            on_unknown="resend",
            now=now,
        )
