"""Every clock of an incident, derived from its state: what is due, when, whose it is, what its firing records.

Nothing here counts or remembers. A clock's key names what it derives from, and the fact that its firing records
(`RECORDS`) changes that, so a fired clock is never wanted again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tocsin.engine.deadlines import WantedDeadline
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.durations import say_duration
from tocsin.runbook.events import services_of
from tocsin.runbook.model import ReminderClock, Runbook, UpdateClock
from tocsin.runbook.required_roles import required_roles
from tocsin.timeline.facts.incidents import ENDED_PHASES
from tocsin.timeline.facts.mitigation import Decision
from tocsin.timeline.state import IncidentState

COMMANDER = "commander"

# The kind of fact that the handler of each kind of deadline records. `reminded` carries the clock's key in `what`.
RECORDS: dict[str, str] = {
    "first_five.end": "first_five_ended",
    "update.nudge": "reminded",
    "update.due": "update_missed",
    "update.commander": "reminded",
    "role.empty": "role_shouted",
    "decision.due": "decision_due",
    "decision.again": "reminded",
    "freeze.lapse": "deploys_released",
    "vendor.due": "vendor_late",
    "question.unanswered": "reminded",
    "recovery.hold": "hold_passed",  # or hold_broken, or hold_started anew: the handler counts samples
    "recovery.watch": "watch_passed",  # or watch_paused
    "resolve.confirm": "reminded",
    "review.soon": "reminded",
    "postmortem.due": "postmortem_late",
    "followup.soon": "reminded",
    "followup.due": "followup_late",
    "followup.again": "reminded",
}


@dataclass(frozen=True)
class Clock:
    """One clock: `started_at` to `due_at` (UTC), whose it is (`role`), its words and its line in the runbook.

    `payload` is what a handler needs, in JSON's types; instants are ISO 8601.
    """

    kind: str
    key: str
    due_at: datetime
    started_at: datetime
    label: str
    section: str
    role: str | None = None
    payload: dict[str, str | int] = field(default_factory=dict)

    @property
    def is_shown(self) -> bool:
        """Whether people see it as a clock; reminders before and after one are not."""
        return self.kind in SHOWN


SHOWN = frozenset(
    {
        "first_five.end", "update.due", "decision.due", "vendor.due", "recovery.hold", "recovery.watch",
        "postmortem.due", "followup.due",
    }
)  # fmt: skip


def wanted(state: IncidentState, bundle: Bundle, now: datetime) -> list[WantedDeadline]:
    """Every deadline that the incident needs stored."""
    return [
        WantedDeadline(kind=clock.kind, key=clock.key, due_at=clock.due_at, payload={**clock.payload, "key": clock.key})
        for clock in clocks(state, bundle, now)
    ]


def clocks(state: IncidentState, bundle: Bundle, now: datetime) -> list[Clock]:
    """Every clock that runs, soonest first. The same state gives the same clocks, whatever `now` is."""
    del now  # rules take it; nothing derived here may depend on it, or a stored deadline would wander
    if state.incident.declared_at is None:
        return []
    runbook = bundle.effective(services_of(state))
    found: list[Clock] = [*_follow_ups(state, runbook), *_freezes(state)]
    if state.incident.phase not in ENDED_PHASES:
        found += [*_decisions(state, runbook), *_vendors(state, runbook), *_review(state, runbook)]
    if state.incident.is_open:
        found += _first_five(state, runbook)
        found += _updates(state, runbook, "internal", runbook.clocks.internal_update)
        found += _updates(state, runbook, "external", runbook.clocks.external_update)
        found += [*_roles(state, runbook), *_questions(state, runbook), *_recovery(state, runbook)]
    return sorted(found, key=lambda clock: (clock.due_at, clock.kind, clock.key))


def find_clock(state: IncidentState, bundle: Bundle, now: datetime, kind: str, key: str) -> Clock | None:
    """The clock that a fired deadline stood for, if the state still wants it: a handler's first question."""
    return next((clock for clock in clocks(state, bundle, now) if (clock.kind, clock.key) == (kind, key)), None)


def _told(state: IncidentState, key: str) -> bool:
    return key in state.incident.reminders


def _again(state: IncidentState, prefix: str, first: datetime, every: timedelta | None) -> tuple[str, datetime] | None:
    """The next of a row of reminders; after each, the next counts from when it was carried out."""
    told = [at for what, at in state.incident.reminders.items() if what.startswith(f"{prefix}:")]
    if not told:
        return f"{prefix}:1", first
    return (f"{prefix}:{len(told) + 1}", max(told) + every) if every else None


def _first_five(state: IncidentState, runbook: Runbook) -> Iterator[Clock]:
    start, limit = state.incident.clock_start, runbook.first_five.limit
    if start and limit and not state.incident.first_five_ended:
        section = runbook.section_of("first_five", "limit").partition(".")[0]
        yield Clock("first_five.end", "first_five", start + limit, start, "First five minutes", section, COMMANDER)


def _updates(
    state: IncidentState, runbook: Runbook, audience: Literal["internal", "external"], clock: UpdateClock | None
) -> Iterator[Clock]:
    """The cadence, its nudge before, and the word to the commander after a miss. A miss is recorded once."""
    incident = state.incident
    every = clock.every.get(incident.severity) if clock else None
    last = state.comms.last(audience)
    since = last.at if last else incident.declared_at
    promised = last.next_at if last and last.next_at and last.next_at > last.at else None
    if clock is None or since is None or (every is None and promised is None):
        return
    misses = [miss for miss in state.comms.missed if miss.audience == audience and miss.at >= since]
    name = f"update.{audience}:after-{last.update_id if last else 'declared'}"
    section = runbook.section_of("clocks", f"{audience}_update")
    label = "Internal update" if audience == "internal" else "Status page update"
    due, start = _update_due(state, since, every, promised, misses[-1].at if misses else None)
    payload: dict[str, str | int] = {"audience": audience}
    if due is not None:
        key = f"{name}:{len(misses)}"
        timed = {**payload, "due_at": due.isoformat()}
        yield Clock("update.due", key, due, start, label, section, clock.role, timed)
        if clock.nudge and clock.nudge < due - start and not _told(state, f"{key}:nudge"):
            soon = f"{label} is due in {say_duration(clock.nudge)}"
            yield Clock("update.nudge", f"{key}:nudge", due - clock.nudge, start, soon, section, clock.role, timed)
    if misses and clock.then_commander and clock.role != COMMANDER:
        key, late = f"{name}:{len(misses) - 1}:commander", misses[-1].at
        if not _told(state, key):
            yield Clock(
                "update.commander",
                key,
                late + clock.then_commander,
                late,
                f"{label} is late",
                section,
                COMMANDER,
                payload,
            )


def _update_due(
    state: IncidentState,
    since: datetime,
    every: timedelta | None,
    promised: datetime | None,
    missed_at: datetime | None,
) -> tuple[datetime | None, datetime]:
    """When the next update is due, and from when its interval counts."""
    if missed_at:
        return (missed_at + every if every else None), missed_at
    if every is None:
        return promised, since
    changed = state.incident.severity_since
    if changed and since + every <= changed:
        since = changed  # the new severity's shorter interval was already over when it began
    due = since + every
    return (min(due, promised) if promised and promised > since else due), since


def _roles(state: IncidentState, runbook: Runbook) -> Iterator[Clock]:
    clock, incident = runbook.clocks.empty_role, state.incident
    if clock is None:
        return
    for need in required_roles(state, runbook):
        if need.empty_since is None:
            continue
        count = incident.role_shouts.get(need.role, 0)
        shouted = incident.role_shouted_at.get(need.role)
        start = need.empty_since
        if shouted and shouted >= start:
            if clock.every is None:
                continue
            start, due = shouted, shouted + clock.every
        else:
            changed = incident.severity_since
            if changed and start + clock.after <= changed:
                start = changed
            due = start + clock.after
        label = f"{need.title} is empty"
        payload: dict[str, str | int] = {"role": need.role, "count": count + 1}
        yield Clock("role.empty", f"role:{need.role}:{count + 1}", due, start, label, need.section, need.role, payload)


def _decisions(state: IncidentState, runbook: Runbook) -> Iterator[Clock]:
    clock = runbook.clocks.decision_result
    section = runbook.section_of("clocks", "decision_result")
    for decision in state.mitigation.decisions.values():
        if not decision.is_open:
            continue
        due = _result_due(decision, clock)
        payload: dict[str, str | int] = {"decision_id": decision.decision_id}
        label = f"Result of {decision.title or decision.command.splitlines()[0][:60]}" if decision.command else "Result"
        name = f"decision:{decision.decision_id}"
        if due is not None:
            key, timed = f"{name}:{due.isoformat()}", {**payload, "due_at": due.isoformat()}
            yield Clock("decision.due", key, due, decision.started_at, label, section, COMMANDER, timed)
        elif clock and clock.every and decision.due_told:
            told = decision.asked_at or decision.due_told[-1]
            if again := _again(state, f"{name}:again", told + clock.every, clock.every):
                yield Clock("decision.again", again[0], again[1], told, label, section, COMMANDER, payload)


def _result_due(decision: Decision, clock: ReminderClock | None) -> datetime | None:
    """When its result is asked for; None when it was already, and nobody asked for more time."""
    if decision.expected_by is not None:
        return None if decision.expected_by in decision.due_told else decision.expected_by
    return None if clock is None or decision.due_told else decision.started_at + clock.after


def _freezes(state: IncidentState) -> Iterator[Clock]:
    """Deploys held until a time go again by themselves; those that were held together go together.

    Only people hold until a time, so no section of the runbook says it.
    """
    until = {(held.since, held.until): None for held in state.mitigation.held.values() if held.until is not None}
    for since, due in until:
        if due is not None:
            payload: dict[str, str | int] = {"since": since.isoformat(), "due_at": due.isoformat()}
            key = f"freeze:{since.isoformat()}:{due.isoformat()}"
            yield Clock("freeze.lapse", key, due, since, "Deploys go again", "", COMMANDER, payload)


def _vendors(state: IncidentState, runbook: Runbook) -> Iterator[Clock]:
    clock = runbook.clocks.vendor
    limit = clock.reply_within.get(state.incident.severity) if clock else None
    section = runbook.section_of("clocks", "vendor")
    for engagement in state.comms.vendors.values():
        if engagement.state != "waiting":
            continue
        due = engagement.respond_by
        if due is None and limit is not None and not engagement.late_told:
            due = engagement.opened_at + limit
        if due is None or due in engagement.late_told:
            continue
        payload: dict[str, str | int] = {"engagement_id": engagement.engagement_id, "due_at": due.isoformat()}
        key, label = f"vendor:{engagement.engagement_id}:{due.isoformat()}", f"Answer of {engagement.vendor}"
        role = clock.role if clock else COMMANDER
        yield Clock("vendor.due", key, due, engagement.opened_at, label, section, role, payload)


def _questions(state: IncidentState, runbook: Runbook) -> Iterator[Clock]:
    clock = runbook.clocks.unanswered
    if clock is None:
        return
    for question in state.incident.questions.values():
        if question.question in state.comms.answers:
            continue
        again = _again(state, f"question:{question.question}", question.asked_at + clock.after, clock.every)
        if again:
            section = runbook.section_of("questions", question.question)
            role, payload = question.role or COMMANDER, {"question": question.question}
            yield Clock("question.unanswered", *again, question.asked_at, question.text, section, role, {**payload})


def _recovery(state: IncidentState, runbook: Runbook) -> Iterator[Clock]:
    recovery = state.recovery
    if recovery.hold_started_at and not recovery.hold_passed_at:
        start = recovery.hold_started_at
        due, section = start + timedelta(seconds=recovery.hold_seconds), runbook.section_of("gates", "watching", "hold")
        yield Clock("recovery.hold", f"hold:{start.isoformat()}", due, start, "All criteria pass together", section)
    if recovery.watch_counting_since and not recovery.watch_passed_at:
        start = recovery.watch_counting_since
        due = start + timedelta(seconds=max(0, recovery.watch_seconds - recovery.watch_counted))
        section = runbook.section_of("gates", "resolved", "watch")
        yield Clock("recovery.watch", f"watch:{start.isoformat()}", due, start, "Watch for regression", section)
    gate, clock = runbook.gates.get("resolved"), runbook.clocks.unanswered
    if state.incident.phase == "watching" and recovery.watch_passed_at and gate and gate.confirmed_by:
        passed = recovery.watch_passed_at
        if again := _again(state, f"resolve:{passed.isoformat()}", passed, clock.every if clock else None):
            section, label = runbook.section_of("gates", "resolved"), "The watch is over: confirm that it is resolved"
            yield Clock("resolve.confirm", *again, passed, label, section, gate.confirmed_by)


def _review(state: IncidentState, runbook: Runbook) -> Iterator[Clock]:
    review = state.review
    if review.due_at is None or review.published_at is not None or state.incident.is_open:
        return
    start = state.incident.resolved_at or review.due_at
    section, payload = runbook.section_of("review", "within"), {"due_at": review.due_at.isoformat()}
    name = f"postmortem:{review.due_at.isoformat()}"
    if review.due_at not in review.late_told:
        yield Clock("postmortem.due", name, review.due_at, start, "Postmortem", section, COMMANDER, {**payload})
        before = runbook.review.remind_before
        if before and not _told(state, f"{name}:soon"):
            label = f"The postmortem is due in {say_duration(before)}"
            yield Clock(
                "review.soon", f"{name}:soon", review.due_at - before, start, label, section, COMMANDER, {**payload}
            )


def _follow_ups(state: IncidentState, runbook: Runbook) -> Iterator[Clock]:
    rule, section = runbook.review.follow_ups, runbook.section_of("review", "follow_ups")
    for followup in state.review.followups.values():
        due = followup.due_at
        if followup.state != "open" or due is None:
            continue
        payload: dict[str, str | int] = {"followup_id": followup.followup_id, "due_at": due.isoformat()}
        name = f"followup:{followup.followup_id}:{due.isoformat()}"
        if due not in followup.late_told:
            yield Clock("followup.due", name, due, followup.at, followup.title, section, None, payload)
            before = rule.remind_before if rule else None
            if before and due - before > followup.at and not _told(state, f"{name}:soon"):
                yield Clock(
                    "followup.soon", f"{name}:soon", due - before, followup.at, followup.title, section, None, payload
                )
        elif rule and rule.remind_late_every:
            every = rule.remind_late_every
            if again := _again(state, f"{name}:late", due + every, every):
                yield Clock("followup.again", *again, due, followup.title, section, None, payload)
