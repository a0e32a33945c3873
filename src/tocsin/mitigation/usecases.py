"""What is done to the world during an incident, recorded as it is done: one function, one transaction each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from tocsin.identity.actor import Actor
from tocsin.ids import new_id
from tocsin.incidents.command import Changed, change_incident
from tocsin.incidents.usecases.moving import advance, by_runbook
from tocsin.incidents.usecases.neighbours import known_person, organisation_of, withdraw_page
from tocsin.incidents.wording import told_instant
from tocsin.mitigation import decisions, freeze
from tocsin.mitigation.decisions import Ended, NewDecision
from tocsin.runbook.bundle import Bundle
from tocsin.store.database import announce
from tocsin.store.tables.mitigation import allowed_changes, freezes
from tocsin.store.tables.triage import changes
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.mitigation import DecisionRan
from tocsin.timeline.state import IncidentState

FREEZE = "freeze"  # the topic of what asks whether deploys are held


@dataclass(frozen=True)
class Run:
    """One whole run of `tocsin run`: what was decided and how it ended (None: it still runs)."""

    decision: NewDecision
    ended: Ended | None = field(default=None)


def hold_deploys(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    now: datetime,
    *,
    services: Sequence[str] | None = None,
    reason: str | None = None,
    until: datetime | None = None,
    rule: str | None = None,
) -> Changed:
    """Hold deploys on services, by default on those that are hit; pipelines are told from this moment on."""
    catalog = organisation_of(connection).services

    def hold(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle
        facts = freeze.hold(state, services, catalog, rule=rule, reason=reason, until=until, now=at)
        return [NewFact(fact=fact) for fact in facts]

    changed = change_incident(connection, actor, incident_id, hold, now)
    keep_freezes(connection, actor, changed, now)
    return changed


def release_deploys(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    now: datetime,
    *,
    services: Sequence[str] | None = None,
    reason: str | None = None,
    happened_at: datetime | None = None,
) -> Changed:
    """Let deploys go again, on some services or on all that this incident holds; also after it has ended.

    `happened_at` (UTC, not in the future) is for a freeze that ended by its own time; now, if left out.
    """

    def release(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle, at
        facts = freeze.release(state, services, reason)
        return [NewFact(fact=fact, happened_at=happened_at) for fact in facts]

    changed = change_incident(connection, actor, incident_id, release, now, also_ended=True)
    keep_freezes(connection, actor, changed, now, reason)
    return changed


def allow_change(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    change_id: str,
    reason: str,
    now: datetime,
    *,
    service: str | None = None,
) -> Changed:
    """Let one change through this incident's freeze: it may be the fix. Its id is the one that the pipeline asks with."""
    named = select(changes.c.service).where(changes.c.external_id == change_id.strip())
    by_change = connection.execute(named.order_by(changes.c.happened_at.desc()).limit(1)).scalar()
    changed = change_incident(
        connection,
        actor,
        incident_id,
        by_runbook(lambda state, _: freeze.allow(state, change_id, reason, service, by_change)),
        now,
    )
    keep_freezes(connection, actor, changed, now)
    return changed


def answer_flag(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    now: datetime,
    *,
    flag: str | None = None,
    note: str | None = None,
) -> Changed:
    """Could a feature flag help? `flag` is the one that was turned; without, none does."""
    return change_incident(
        connection, actor, incident_id, by_runbook(lambda state, _: decisions.answer_flag(state, flag, note)), now
    )


def open_decision(
    connection: Connection, actor: Actor, incident_id: str, new: NewDecision, now: datetime
) -> tuple[str, Changed]:
    """Something is being done; returns its id. The first one begins mitigation."""
    return record_run(connection, actor, incident_id, Run(new), now)


def record_run(connection: Connection, actor: Actor, incident_id: str, run: Run, now: datetime) -> tuple[str, Changed]:
    """A decision together with how its command ended, as `tocsin run` hands it over, maybe hours later."""
    organisation = organisation_of(connection)
    new = run.decision
    if new.executed_by:
        new = replace(new, executed_by=known_person(organisation, new.executed_by, "who"))
    if new.service:
        new = replace(new, service=organisation.current_id("service", new.service))
    decision_id = new_id()

    def record(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del state, bundle
        opened = decisions.open_decision(decision_id, new, at)
        facts = [NewFact(fact=opened, happened_at=opened.started_at)]
        if run.ended:
            output, cut = decisions.bounded(run.ended.output)
            ended_at = max(told_instant(run.ended.ended_at, "ended_at", at) or at, opened.started_at)
            ran = DecisionRan(
                decision_id=decision_id,
                ended_at=ended_at,
                exit_code=run.ended.exit_code,
                output=output,
                output_truncated=run.ended.output_truncated or cut,
            )
            facts.append(NewFact(fact=ran, happened_at=ended_at))
        return facts

    changed = change_incident(connection, actor, incident_id, record, now)
    moved = advance(connection, incident_id, now)
    return decision_id, Changed(moved.state, (*changed.entries, *moved.entries))


def end_decision(
    connection: Connection, actor: Actor, incident_id: str, decision_id: str, ended: Ended, now: datetime
) -> Changed:
    """The command ended: exit code and bounded output; what came of it is still to be said."""

    def end(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle
        facts = decisions.end_decision(state, decision_id, ended, at)
        return [NewFact(fact=fact, happened_at=fact.ended_at) for fact in facts]

    return change_incident(connection, actor, incident_id, end, now)


def close_decision(
    connection: Connection,
    actor: Actor,
    incident_id: str,
    decision_id: str,
    actual: str,
    matched: str,
    now: datetime,
    *,
    happened_at: datetime | None = None,
) -> Changed:
    """What happened, and whether it was what was expected: matched, no_match or unclear.

    `happened_at` is for those who tell it late: never in the future (Invalid), and not before the decision began.
    """

    def close(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle
        facts = decisions.close_decision(state, decision_id, actual, matched)
        when = decisions.result_at(state, decision_id, happened_at, at)
        return [NewFact(fact=fact, happened_at=when) for fact in facts]

    changed = change_incident(connection, actor, incident_id, close, now)
    if changed.entries:
        subject = f"{incident_id}:decision:{decision_id}"
        withdraw_page(connection, "deadline", subject, "its result was recorded", now, cause="closed")
    return changed


def extend_decision(
    connection: Connection, actor: Actor, incident_id: str, decision_id: str, until: datetime, now: datetime
) -> Changed:
    """More time before the result is asked for."""

    def extend(state: IncidentState, bundle: Bundle, at: datetime) -> list[NewFact]:
        del bundle
        return [NewFact(fact=fact) for fact in decisions.extend_decision(state, decision_id, until, at)]

    return change_incident(connection, actor, incident_id, extend, now)


def keep_freezes(
    connection: Connection, actor: Actor, changed: Changed, now: datetime, reason: str | None = None
) -> None:
    """Make the rows that pipelines ask about what the incident's facts say, in the same transaction."""
    if not changed.entries:
        return
    incident, mitigation = changed.state.incident, changed.state.mitigation
    mine = freezes.c.incident_id == incident.id
    live = set(connection.execute(select(freezes.c.service).where(mine, freezes.c.thawed_at.is_(None))).scalars())
    for service in sorted(set(mitigation.held) - live):
        held = mitigation.held[service]
        row = {
            "id": new_id(),
            "incident_id": incident.id,
            "service": service,
            "restricted": incident.restricted,
            "reason": held.reason or "",
            "started_by": actor.id,
            "starts_at": now,
            "ends_at": held.until,
        }
        connection.execute(insert(freezes).values(**row))
    _thaw(connection, incident.id, sorted(live - set(mitigation.held)), actor, reason, now)
    _keep_allowed(connection, changed.state, actor, now)
    announce(connection, FREEZE)


def _thaw(
    connection: Connection, incident_id: str, services: Iterable[str], actor: Actor, reason: str | None, now: datetime
) -> None:
    for service in services:
        connection.execute(
            update(freezes)
            .where(freezes.c.incident_id == incident_id, freezes.c.service == service, freezes.c.thawed_at.is_(None))
            .values(thawed_at=now, thawed_by=actor.id, thaw_reason=reason)
        )


def _keep_allowed(connection: Connection, state: IncidentState, actor: Actor, now: datetime) -> None:
    mine = allowed_changes.c.incident_id == state.incident.id
    live = select(allowed_changes.c.service, allowed_changes.c.change_id).where(
        mine, allowed_changes.c.ended_at.is_(None)
    )
    known = {(row.service, row.change_id) for row in connection.execute(live)}
    for allowed in state.mitigation.allowed:
        if (allowed.service, allowed.change_id) in known or not state.mitigation.held:
            continue
        row = {
            "id": new_id(),
            "incident_id": state.incident.id,
            "service": allowed.service,
            "change_id": allowed.change_id,
            "reason": allowed.reason,
            "allowed_by": actor.id,
            "allowed_at": now,
        }
        connection.execute(insert(allowed_changes).values(**row))
    if not state.mitigation.held:
        over = update(allowed_changes).where(mine, allowed_changes.c.ended_at.is_(None))
        connection.execute(over.values(ended_at=now))
