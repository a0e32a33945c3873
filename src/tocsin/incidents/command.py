"""The only way to write an incident: lock, fold, decide, append, interpret, reconcile, in one transaction.

Later stages call `change_incident` with their own pure `decide`. Effects of the runbook's rules become tasks; they
are carried out by the stage that owns them, never in this transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from tocsin.alerts.usecases.groups import claim_for_incident, release_claims
from tocsin.engine.deadlines import reconcile
from tocsin.engine.tasks import owe
from tocsin.errors import Conflict, NotFound
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.identity.visibility import visible_incidents
from tocsin.ids import new_id
from tocsin.incidents.reminders import why_done
from tocsin.paging.page import WithdrawPage
from tocsin.paging.queries import reminders_of
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.clocks import wanted
from tocsin.runbook.events import services_of
from tocsin.runbook.interpret import OwedEffect, RuleFailure, effects
from tocsin.store.columns import insert_or_ignore, lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.timeline import bundles, entries, incidents, members
from tocsin.timeline import journal
from tocsin.timeline.chain import GENESIS
from tocsin.timeline.entry import Entry, NewFact
from tocsin.timeline.facts.incidents import ENDED_PHASES, RuleFailed
from tocsin.timeline.state import STATE_VERSION, IncidentState, apply, fold

Decide = Callable[[IncidentState, Bundle, datetime], Sequence[NewFact]]
MOVED = "incident_moved"  # a task for recovery: look whether checks, sampling or a gate must follow
_MOVING = frozenset(
    {"declared", "phase_changed", "impact_changed", "group_linked", "bundle_pinned", "check_defined", "check_removed",
     "attested", "gate_overridden", "decision_opened", "severity_changed"}
)  # fmt: skip
EFFECT = "effect."  # a rule's effect of kind `freeze` is a task of kind `effect.freeze`


@dataclass(frozen=True)
class Changed:
    """What a command made: the state after it, and the entries it appended (none when nothing had to change)."""

    state: IncidentState
    entries: tuple[Entry, ...]

    @property
    def number(self) -> int:
        """The incident's number."""
        return self.state.incident.number


def change_incident(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    decide: Decide,
    now: datetime,
    *,
    right: Right = Right.RESPONDER,
    also_ended: bool = False,
    recorded_as: Actor | None = None,
) -> Changed:
    """Let `decide` look at the locked state and append the facts that it returns.

    `recorded_as`: whose doing the facts are, when Tocsin copies them from where they were done (a page).
    Raises Forbidden without the right, NotFound when the actor may not know of the incident, Conflict when it has
    ended (unless `also_ended`), and whatever `decide` raises.
    """
    actor.require(right)
    head = _locked_head(connection, actor, incident_id)
    state = state_of_head(connection, head)
    if state.incident.phase in ENDED_PHASES and not also_ended:
        raise Conflict(f"INC-{head.number} is {state.incident.phase}; nothing more can be changed in it")
    bundle = read_bundle(connection, head.bundle_digest)
    facts = list(decide(state, bundle, now))
    if not facts:
        return Changed(state, ())
    return _append(connection, recorded_as or actor, head, state, facts, now)


def create_incident(
    connection: Connection, actor: Actor, number: int, bundle: Bundle, facts: Sequence[NewFact], now: datetime
) -> Changed:
    """Begin a chain with its first facts (the first is *declared*). The caller took the number in this transaction."""
    incident_id = new_id()
    pin_bundle(connection, bundle, now)
    head = {
        "id": incident_id,
        "number": number,
        "seq": 0,
        "head_hash": GENESIS,
        "head_signature": "",
        "state_version": STATE_VERSION,
        "state": IncidentState().model_dump_json(),
        "bundle_digest": bundle.digest,
        "title": "",
        "severity": 0,
        "phase": "declared",
        "declared_at": now,
        "updated_at": now,
        "restricted": False,
        "practice": False,
    }
    connection.execute(insert(incidents).values(**head))
    row = connection.execute(select(incidents).where(incidents.c.id == incident_id)).one()
    return _append(connection, actor, row, IncidentState(), list(facts), now)


def pin_bundle(connection: Connection, bundle: Bundle, now: datetime) -> str:
    """Keep the bundle by its digest, for as long as an incident is pinned to it."""
    insert_or_ignore(connection, bundles, {"digest": bundle.digest, "content": bundle.to_text(), "created_at": now})
    return bundle.digest


def read_bundle(connection: Connection, digest: str) -> Bundle:
    """A pinned bundle."""
    content = connection.execute(select(bundles.c.content).where(bundles.c.digest == digest)).scalar()
    if content is None:
        raise NotFound(f"the runbook {digest[:12]}… is not stored; restore it from a backup")
    return Bundle.from_text(content)


def state_of_head(connection: Connection, head: Row[Any]) -> IncidentState:
    """The state from the head's snapshot; folded again when the snapshot is of another version."""
    if head.state_version == STATE_VERSION:
        return IncidentState.model_validate_json(head.state)
    return fold(journal.read_entries(connection, head.id))


def refold(connection: Connection, incident_id: str) -> IncidentState:
    """Fold the chain anew and write the snapshot, as after a redaction. Emits nothing."""
    state = fold(journal.read_entries(connection, incident_id))
    connection.execute(update(incidents).where(incidents.c.id == incident_id).values(**_read_columns(state)))
    return state


def _locked_head(connection: Connection, actor: Actor, incident_id: str) -> Row[Any]:
    query = select(incidents).where(incidents.c.id == incident_id, visible_incidents(actor))
    head = connection.execute(lock_rows(connection, query)).one_or_none()
    if head is None:
        raise NotFound("there is no such incident")
    return head


def _append(
    connection: Connection, actor: Actor, head: Row[Any], state: IncidentState, facts: list[NewFact], now: datetime
) -> Changed:
    last = connection.execute(
        select(entries.c.recorded_at).where(entries.c.incident_id == head.id, entries.c.seq == head.seq)
    ).scalar()
    appended = journal.append(
        connection, head.id, actor, facts, now, seq=head.seq, head_hash=head.head_hash, last_recorded_at=last
    )
    before = state
    due: list[OwedEffect] = []
    failures: list[RuleFailure] = []
    for entry in appended:
        state = apply(state, entry)
        for outcome in effects(state, entry, read_bundle(connection, state.incident.bundle_digest)):
            if isinstance(outcome, RuleFailure):
                failures.append(outcome)
            else:
                due.append(outcome)
    if failures:
        told = [NewFact(fact=RuleFailed(rule=failure.rule, error=failure.error)) for failure in failures]
        more = journal.append(
            connection,
            head.id,
            SYSTEM,
            told,
            now,
            seq=appended[-1].seq,
            head_hash=appended[-1].hash,
            last_recorded_at=appended[-1].recorded_at,
        )
        for entry in more:
            state = apply(state, entry)
        appended.extend(more)
    _owe_effects(connection, head.id, state, due, now)
    _write_head(connection, head.id, state, appended[-1], now)
    _write_members(connection, head.id, state)
    if _claimed(before) != _claimed(state):
        keep_claims(connection, state, now)
    if before.incident.is_open and not state.incident.is_open:
        owe(connection, "incident_over", "incident", head.id, {}, now, key=f"{head.id}:{state.seq}")
    bundle = read_bundle(connection, state.incident.bundle_digest)
    reconcile(connection, "incident", head.id, wanted(state, bundle, now), now)
    if any(entry.kind in _MOVING for entry in appended):
        owe(connection, MOVED, "incident", head.id, {"incident_id": head.id}, now)
    _end_reminders(connection, head.id, state, now)
    announce(connection, f"incident:{head.id}")
    announce(connection, "incidents")
    return Changed(state, tuple(appended))


def _end_reminders(connection: Connection, incident_id: str, state: IncidentState, now: datetime) -> None:
    """Owe the end of pages that remind of what is done."""
    for subject in reminders_of(connection, incident_id):
        if why := why_done(subject.removeprefix(f"{incident_id}:"), state):
            asked = WithdrawPage(subject_kind="deadline", subject_id=subject, why=why).model_dump(mode="json")
            owe(connection, "withdraw_page", "deadline", subject, asked, now, key=f"deadline:{subject}:{state.seq}")


def _claimed(state: IncidentState) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """What decides which future alerts join the incident instead of paging."""
    return state.incident.is_open, services_of(state), tuple(state.incident.groups)


def keep_claims(connection: Connection, state: IncidentState, now: datetime) -> None:
    """What an open incident claims of future alerts; nothing once it is resolved, and practice never does."""
    incident = state.incident
    if incident.is_open and not incident.practice:
        claim_for_incident(connection, incident.id, services_of(state), tuple(incident.groups), now)
    else:
        release_claims(connection, incident.id, now)


def _owe_effects(
    connection: Connection, incident_id: str, state: IncidentState, due: Sequence[OwedEffect], now: datetime
) -> None:
    """One task for each effect; its payload is the OwedEffect and the incident's `number`."""
    for owed in due:
        owe(
            connection,
            f"{EFFECT}{owed.effect.kind}",
            "incident",
            incident_id,
            {**owed.model_dump(mode="json"), "number": state.incident.number},
            now,
            key=owed.key,
            paging=owed.effect.kind.startswith("page_"),
        )


def _read_columns(state: IncidentState) -> dict[str, Any]:
    incident = state.incident
    return {
        "state_version": STATE_VERSION,
        "state": state.model_dump_json(),
        "bundle_digest": incident.bundle_digest,
        "title": incident.title,
        "severity": incident.severity,
        "phase": incident.phase,
        "restricted": incident.restricted,
        "practice": incident.practice,
        "declared_at": incident.declared_at,
        "resolved_at": incident.resolved_at,
    }


def _write_head(connection: Connection, incident_id: str, state: IncidentState, last: Entry, now: datetime) -> None:
    connection.execute(
        update(incidents)
        .where(incidents.c.id == incident_id)
        .values(
            **_read_columns(state),
            seq=last.seq,
            head_hash=last.hash,
            head_signature=journal.sign_head(connection, incident_id, last.seq, last.hash),
            updated_at=now,
        )
    )


def _write_members(connection: Connection, incident_id: str, state: IncidentState) -> None:
    known = set(connection.execute(select(members.c.person_id).where(members.c.incident_id == incident_id)).scalars())
    wanted_members = set(state.incident.members)
    for person in sorted(wanted_members - known):
        connection.execute(insert(members).values(incident_id=incident_id, person_id=person))
    if gone := known - wanted_members:
        connection.execute(
            members.delete().where(members.c.incident_id == incident_id, members.c.person_id.in_(sorted(gone)))
        )
