"""The invented night: who does what when, what an effect leads to, and what is recorded when a clock has run out."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from tocsin.runbook.bundle import Bundle
from tocsin.runbook.checklist import first_five
from tocsin.runbook.clocks import Clock
from tocsin.runbook.effects import (
    Capture,
    DraftPostmortem,
    EngageVendor,
    Freeze,
    OpenChannel,
    PagePolicy,
    PageRole,
    PageSchedule,
    PageTeam,
    Post,
    Remind,
    Require,
    Restrict,
    ScheduleReview,
    Thaw,
)
from tocsin.runbook.events import services_of
from tocsin.runbook.interpret import OwedEffect, render
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.comms import (
    EscalationAnswered,
    TeamEngaged,
    UpdateMissed,
    UpdatePosted,
    VendorEngaged,
    VendorLate,
)
from tocsin.timeline.facts.incidents import (
    Asked,
    ChannelOpened,
    ChannelPosted,
    Declared,
    FirstFiveEnded,
    Reminded,
    RestrictionChanged,
    RoleAssigned,
    RoleShouted,
)
from tocsin.timeline.facts.mitigation import (
    DecisionClosed,
    DecisionDue,
    DecisionOpened,
    DeploysHeld,
    DeploysReleased,
    FlagAnswered,
)
from tocsin.timeline.facts.paging import PageRecorded
from tocsin.timeline.facts.recovery import Attested, HoldPassed, VerdictChanged, WatchPassed
from tocsin.timeline.facts.review import (
    ArtifactMarked,
    FollowupAdded,
    FollowupLate,
    PostmortemDrafted,
    PostmortemLate,
    PostmortemPublished,
    ReviewScheduled,
)
from tocsin.timeline.facts.triage import EvidenceAsked, SymptomAdded
from tocsin.timeline.state import IncidentState

Act: TypeAlias = Callable[[IncidentState], Fact | None]
Planned: TypeAlias = tuple[timedelta, str, Act]

START = datetime(2026, 11, 19, 2, 7, 15, tzinfo=UTC)
SERVICE = "checkout-api"
CAST = {
    "on-call": "Mara",
    "commander": "Dana",
    "communications": "Inês",
    "operations": "Jonas",
    "expert": "Ravi",
    "security": "Security",
    "legal": "Legal",
}

SEEN, KEPT = timedelta(seconds=48), timedelta(seconds=45)


def _always(fact: Fact) -> Act:
    return lambda _state: fact


def _after(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def first_hours(severity: int, bundle: Bundle) -> Iterator[Planned]:
    """What people do by themselves on this night. One update comes late, to show what then happens."""
    declared = Declared(
        number=1,
        title="Checkout fails for card payments",
        severity=severity,
        services=(SERVICE,),
        first_paged_at=START,
        impact_started_at=START - _after(3),
        bundle_digest=bundle.digest,
    )
    yield _after(1.2), "on-call", _always(declared)
    yield _after(1.2), "tocsin", _always(_page("group", "step", "on-call"))
    yield _after(1.2), "tocsin", _always(_page("group", "acknowledged", "on-call"))
    yield _after(3), "on-call", _always(SymptomAdded(text="4 of 10 card payments answer 502."))
    yield _after(4.2), "operations", _always(FlagAnswered(answer="no_flag_helps"))
    opened = DecisionOpened(
        decision_id="d1",
        what="rollback",
        title="the rollback",
        command="deployctl rollback checkout-api --to 2026.11.18-3",
        expected="The error rate falls under 1% within ten minutes.",
        service=SERVICE,
        started_at=START + _after(9),
    )
    yield _after(9), "operations", _always(opened)
    closed = DecisionClosed(decision_id="d1", actual="Errors at 0.2% since the rollback.", matched="matched")
    yield _after(21), "operations", _always(closed)
    yield _after(22), "commander", _recovered
    for minutes in (14, 28, 60, 74):
        yield _after(minutes), "communications", _update("internal", minutes)
    for minutes in (26, 52, 78):
        yield _after(minutes), "communications", _update("external", minutes)


def _recovered(state: IncidentState) -> Fact | None:
    """Every check passes: measured ones by themselves, a person's by their word."""
    for check_id, check in state.recovery.checks.items():
        if check.verdict != "pass":
            if check.spec.kind == "person":
                return Attested(check_id=check_id, verdict="pass", note="Ten test payments went through.")
            return VerdictChanged(check_id=check_id, verdict="pass", previous=check.verdict)
    return None


def _update(audience: str, minutes: int) -> Act:
    def act(state: IncidentState) -> Fact | None:
        severe_enough = audience == "internal" or state.incident.severity < 3
        if not state.incident.is_open or not severe_enough:
            return None
        return UpdatePosted(
            update_id=f"{audience}-{minutes}",
            audience="internal" if audience == "internal" else "external",
            known="Card payments fail for some customers.",
            doing="We undo a recent update.",
            next="We look again soon.",
            approved_by="commander" if audience == "external" else None,
        )

    return act


def _page(purpose: str, event: str, person: str, role: str | None = None) -> PageRecorded:
    return PageRecorded(
        page_id=f"{purpose}-{role or person}", log_seq=1, event=event, purpose=purpose, role=role, person=person
    )


def happens(owed: OwedEffect, state: IncidentState, bundle: Bundle) -> Iterator[Planned]:
    """What an effect leads to on this night."""
    at_once, effect = timedelta(0), owed.effect
    match effect:
        case PageRole(role=role) | PageSchedule(role=str(role)) | PagePolicy(role=str(role)):
            if role not in state.incident.roles:
                yield at_once, "tocsin", _always(_page("role", "step", role, role))
                yield SEEN, "tocsin", _always(_page("role", "acknowledged", role, role))
                yield SEEN + KEPT, role, _always(RoleAssigned(role=role, person=role, how="taken"))
        case PageSchedule(schedule=name) | PagePolicy(policy=name):
            yield at_once, "tocsin", _always(_page("person", "step", name))
        case PageTeam(team=team, why=why):
            yield at_once, "tocsin", _always(TeamEngaged(team=team, why=why or "the runbook says so", rule=owed.rule))
            yield SEEN, "tocsin", _always(_page("person", "acknowledged", team))
        case OpenChannel():
            yield at_once, "tocsin", _always(ChannelOpened(channel="room", name="#inc-1"))
        case Freeze(scope=scope):
            services = ("*",) if scope == "all" else services_of(state)
            yield at_once, "tocsin", _always(DeploysHeld(services=services, rule=owed.rule))
        case Thaw():
            yield at_once, "tocsin", _always(DeploysReleased(services=tuple(state.mitigation.held)))
        case Post(text=text):
            yield at_once, "tocsin", _always(ChannelPosted(text=render(text, state)))
        case Remind(role=role, text=text):
            yield at_once, "tocsin", _always(Reminded(what=owed.key, role=role, text=text))
        case Capture(what=what):
            yield at_once, "tocsin", _always(EvidenceAsked(what="snapshot", text=what))
        case Require(answer=str(name)):
            question = bundle.effective(services_of(state)).questions.get(name)
            text = question.ask if question else name
            asked = Asked(question=name, text=text, role=question.role if question else None)
            yield at_once, "tocsin", _always(asked)
            yield _after(6), "commander", _always(EscalationAnswered(question=name, answer=name == "data_or_auth"))
        case Require(role=role):
            yield at_once, "tocsin", _always(Reminded(what=owed.key, role=role, text="This role is needed now."))
        case EngageVendor(vendor=vendor):
            yield at_once, "tocsin", _always(VendorEngaged(engagement_id=vendor or "vendor", vendor=vendor or "vendor"))
        case Restrict():
            yield at_once, "tocsin", _always(RestrictionChanged(restricted=True))
        case ScheduleReview():
            yield from _reviewed(state, bundle, effect)
        case DraftPostmortem():
            yield at_once, "tocsin", _always(PostmortemDrafted())


def _reviewed(state: IncidentState, bundle: Bundle, effect: ScheduleReview) -> Iterator[Planned]:
    """The review, what it leads to, and its end."""
    within = effect.within or bundle.effective(services_of(state)).review.within or {}
    limit, resolved = within.get(state.incident.highest_severity), state.incident.resolved_at
    if limit is None or resolved is None:
        return
    due = resolved + limit
    scheduled = ReviewScheduled(due_at=due, meeting_at=due - limit / 2, invited=tuple(state.incident.roles))
    yield timedelta(0), "tocsin", _always(scheduled)
    held = limit / 2 + timedelta(hours=1)
    for index, kind in enumerate(bundle.base.review.artifacts):
        yield held + _after(index), "commander", _always(ArtifactMarked(what=kind, available=index < 3, title="kept"))
    follow_up = FollowupAdded(
        followup_id="f1",
        what="detection",
        title="Alert on failed card payments by region",
        owner="operations",
        due_at=due + timedelta(days=7),
    )
    yield held + _after(20), "commander", _always(follow_up)
    yield held + _after(40), "commander", _always(PostmortemPublished())


def fired(clock: Clock, state: IncidentState, bundle: Bundle) -> Fact | None:
    """The fact that is recorded when a clock has run out (`clocks.RECORDS`)."""
    payload = {name: str(value) for name, value in clock.payload.items()}
    due = datetime.fromisoformat(payload["due_at"]) if "due_at" in payload else clock.due_at
    match clock.kind:
        case "first_five.end":
            steps = first_five(state, bundle.effective(services_of(state)))
            return FirstFiveEnded(open_steps=tuple(step.id for step in steps if not step.done))
        case "update.due":
            return UpdateMissed(audience="internal" if payload["audience"] == "internal" else "external", due_at=due)
        case "role.empty":
            return RoleShouted(role=payload["role"], candidate=None, count=int(payload["count"]))
        case "decision.due":
            return DecisionDue(decision_id=payload["decision_id"], due_at=due)
        case "freeze.lapse":
            held = state.mitigation.held.values()
            return DeploysReleased(services=tuple(each.service for each in held if each.until == due))
        case "vendor.due":
            return VendorLate(engagement_id=payload["engagement_id"], due_at=due)
        case "recovery.hold":
            return HoldPassed()
        case "recovery.watch":
            return WatchPassed()
        case "postmortem.due":
            return PostmortemLate(due_at=due)
        case "followup.due":
            return FollowupLate(followup_id=payload["followup_id"], due_at=due)
    return Reminded(what=clock.key, role=clock.role, text=clock.label)
