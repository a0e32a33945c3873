"""The header: badges, clocks, the rail of phases."""

from datetime import timedelta

from tocsin.runbook import clocks as running
from tocsin.runbook.checklist import StepState, first_five
from tocsin.timeline.facts.incidents import ENDED_PHASES
from tocsin.web import format as say
from tocsin.web.pages.room.sources import Sources
from tocsin.web.views.common import Action, Badge, Clock, ClockState, Ref
from tocsin.web.views.room import RailStep

PHASE_WORDS = {
    "declared": "Declare",
    "triage": "Triage",
    "mitigating": "Mitigate",
    "restoring": "Restore",
    "watching": "Watch",
    "resolved": "Resolved",
    "review": "Postmortem",
    "closed": "Closed",
    "cancelled": "Cancelled",
    "merged": "Merged",
}
_STEPS = ("declared", "triage", "mitigating", "restoring", "watching", "resolved", "review")
_FIRST_CLOCKS = ("decision.due", "first_five.end", "recovery.hold", "recovery.watch", "postmortem.due")


def badges(sources: Sources) -> tuple[Badge, ...]:
    """What is special about it: held deploys, restricted, practice, ended."""
    incident, held = sources.state.incident, sources.state.mitigation.held
    found = []
    if held:
        every = "*" in held
        found.append(
            Badge(f"Deploys held on {'every service' if every else say.figure(len(held), 'service')}", "info", "snow")
        )
    if incident.restricted:
        found.append(Badge("Restricted to its members", "warn", "shield"))
    if incident.practice:
        found.append(Badge("Practice", "info", "eye"))
    if incident.phase in ENDED_PHASES:
        found.append(Badge(PHASE_WORDS[incident.phase], "line"))
    return tuple(found)


def tools(sources: Sources) -> tuple[Action, ...]:
    """The two buttons that are always there."""
    if not sources.may_change:
        return ()
    update = Action(
        "Post update",
        f"/incidents/{sources.state.incident.number}#comms",
        "primary",
        "speech",
        "U",
        dialog=False,
    )
    return (sources.action("Page someone", "page", icon="phone", key="P"), update)


def menu(sources: Sources) -> tuple[Action, ...]:
    """Everything that is done rarely."""
    if not sources.may_change:
        return ()
    held = bool(sources.state.mitigation.held)
    return (
        sources.action("Move phase…", "phase", icon="right"),
        sources.action("Rename…", "rename", icon="doc"),
        sources.action("Set impact…", "impact", icon="people"),
        sources.action("Release deploys…" if held else "Hold deploys…", "release" if held else "hold", icon="snow"),
        *((sources.action("Allow one change…", "allow", icon="rocket"),) if held else ()),
        sources.action("Add alerts…", "link", icon="bell"),
        sources.action("Add a symptom…", "symptom", icon="eye"),
        sources.action(
            "Open to everybody…" if sources.state.incident.restricted else "Restrict…", "restrict", icon="shield"
        ),
        sources.action("Members…", "members", icon="people"),
        sources.action("Move to the current runbook…", "runbook", icon="book"),
        sources.action("Merge…", "merge", icon="branch"),
        sources.action("Cancel incident…", "cancel", icon="x"),
    )


def clock_row(sources: Sources) -> tuple[Clock, ...]:
    """Elapsed, customer impact, the soonest result or the first five minutes, updates due, now: at most six."""
    incident, triage, now = sources.state.incident, sources.state.triage, sources.now
    assert incident.declared_at is not None
    row = []
    if incident.is_open:
        row.append(
            Clock("Elapsed", incident.declared_at, "up", f"since declare, {say.moment(incident.declared_at, now)}")
        )
    if triage.impact_started_at and triage.impact_ended_at is None and incident.is_open:
        meta = f"since {say.moment(triage.impact_started_at, now)}, ongoing"
        row.append(Clock("Customer impact", triage.impact_started_at, "up", meta, tone="impact"))
    # while they run, the first five minutes go before the result of a decision
    kinds: tuple[str, ...] = ("first_five.end", *_FIRST_CLOCKS) if not incident.first_five_ended else _FIRST_CLOCKS
    if all(step.done for step in sources_steps(sources)):
        kinds = tuple(kind for kind in kinds if kind != "first_five.end")
    soonest = next((clock for kind in kinds for clock in sources.clocks if clock.kind == kind), None)
    if overrun := _first_five_overrun(sources):
        row.append(overrun)
    elif soonest:
        row.append(_due(sources, soonest))
    for audience in ("internal", "external"):
        due = next(
            (c for c in sources.clocks if c.kind == "update.due" and c.payload.get("audience") == audience), None
        )
        if due:
            row.append(_due(sources, due))
    row.append(Clock("Now", now, "now", f"UTC, {say.full_day(now)}"))
    return tuple(row[-6:] if len(row) > 6 else row)


def _first_five_overrun(sources: Sources) -> Clock | None:
    """Five minutes are over and steps are still open: the clock stays, loud, and counts up."""
    incident, limit = sources.state.incident, sources.runbook.first_five.limit
    steps = sources_steps(sources)
    left = [step.title for step in steps if not step.done]
    if not (incident.first_five_ended and incident.is_open and left and limit and incident.clock_start):
        return None
    meta = f"{len(steps) - len(left)} of {len(steps)} done, open: {left[0].lower()}"
    return Clock(
        "First five minutes", incident.clock_start + limit, "down", meta, sources.chapter("first_five", "limit")
    )


def _due(sources: Sources, clock: running.Clock) -> Clock:
    by = f"by {say.moment(clock.due_at, sources.now)}"
    length = clock.due_at - clock.started_at
    labels = {"first_five.end": "First five minutes", "recovery.hold": "Hold", "recovery.watch": "Watch ends"}
    label, meta = labels.get(clock.kind, clock.label), by
    tone: ClockState | None = None
    if clock.kind == "update.due":
        label, meta = (
            f"{clock.label.removesuffix(' update') if clock.label.startswith('Status') else clock.label} due",
            (f"{by}, every {say.every(length)}"),
        )
    elif clock.kind == "decision.due":
        decision = sources.state.mitigation.decisions[str(clock.payload["decision_id"])]
        label = "Did it work?" if not decision.title else f"{decision.title}: did it work?"
        meta = f"{decision.expected[:40]}{'…' if len(decision.expected) > 40 else ''} {by}"
    elif clock.kind in ("recovery.hold", "recovery.watch"):
        tone = "hold"
        meta = f"{by}, {say.every(length)} without a failing check"
    elif clock.kind == "first_five.end":
        steps = sources_steps(sources)
        meta = f"{sum(step.done for step in steps)} of {len(steps)} done, ends {say.moment(clock.due_at, sources.now)}"
    return Clock(label, clock.due_at, "down", meta, Ref(clock.section), clock.started_at, tone)


def sources_steps(sources: Sources) -> tuple[StepState, ...]:
    """The steps of the first five minutes."""
    return first_five(sources.state, sources.runbook)


def rail(sources: Sources) -> tuple[RailStep, ...]:
    """Seven phases: past ones with their time, the present one running, later ones with what they wait for."""
    incident = sources.state.incident
    present = incident.phase if incident.phase in _STEPS else ("review" if incident.phase == "closed" else "")
    spent: dict[str, timedelta] = {}
    for span, after in zip(incident.phases, (*incident.phases[1:], None), strict=False):
        end = after.entered_at if after else (incident.ended_at or sources.now)
        spent[span.phase] = spent.get(span.phase, timedelta()) + (end - span.entered_at)
    at = _STEPS.index(present) if present else len(_STEPS)
    steps = []
    for index, phase in enumerate(_STEPS):
        name = PHASE_WORDS[phase]
        if index < at or incident.phase == "closed":
            steps.append(RailStep(name, _past_note(sources, phase, spent), "done"))
        elif index == at:
            entered = incident.phases[-1].entered_at
            steps.append(RailStep(name, "", "now", entered, _share(sources, phase)))
        else:
            steps.append(RailStep(name, _gate_note(sources, phase)))
    return tuple(steps)


def _past_note(sources: Sources, phase: str, spent: dict[str, timedelta]) -> str:
    incident = sources.state.incident
    if phase == "declared":
        if incident.first_paged_at and incident.declared_at and incident.first_paged_at < incident.declared_at:
            return f"{say.duration(incident.declared_at - incident.first_paged_at)} from first page"
        return "by hand" if not incident.groups else "from an alert"
    return say.duration(spent[phase]) if phase in spent else "skipped"


def _gate_note(sources: Sources, phase: str) -> str:
    gate, checks = sources.runbook.gates.get(phase), sources.state.recovery.checks  # type: ignore[call-overload]
    match phase:
        case "mitigating":
            return "first action taken"
        case "restoring":
            return f"needs {len(checks)} of {len(checks)} criteria" if checks else "needs criteria"
        case "watching":
            return f"criteria hold {say.every(gate.hold)}" if gate and gate.hold else "criteria hold"
        case "resolved":
            watch = f"{say.every(gate.watch)} clean" if gate and gate.watch else ""
            return watch or ("commander decides" if gate and gate.confirmed_by else "")
        case "review":
            within = sources.runbook.review.within or {}
            span = within.get(sources.state.incident.severity)
            return f"within {say.every(span)}" if span else "by choice"
    return ""


def _share(sources: Sources, phase: str) -> float | None:
    """How much of what the next gate waits for is there."""
    recovery = sources.state.recovery
    if phase == "mitigating" and recovery.checks:
        passing = sum(check.verdict == "pass" for check in recovery.checks.values())
        return round(0.1 + 0.9 * passing / len(recovery.checks), 2)
    kind = {"restoring": "recovery.hold", "watching": "recovery.watch"}.get(phase)
    running_clock = next((clock for clock in sources.clocks if clock.kind == kind), None)
    if running_clock and running_clock.due_at > running_clock.started_at:
        done = (sources.now - running_clock.started_at) / (running_clock.due_at - running_clock.started_at)
        return round(min(1.0, max(0.02, done)), 2)
    return 0.2
