"""Gates between phases: what is missing before one may be entered, and which opens by itself."""

from dataclasses import dataclass

from tocsin.runbook.durations import say_duration
from tocsin.runbook.model import Gate, Need, Runbook
from tocsin.runbook.parts import PHASES, Phase
from tocsin.timeline.state import IncidentState


@dataclass(frozen=True)
class Missing:
    """One thing that a gate waits for: its name, a sentence for people, its line in the runbook."""

    need: str
    sentence: str
    section: str


def next_phase(phase: str) -> Phase | None:
    """The phase after this one on the way forward; None at the end and off the way."""
    if phase not in PHASES or phase == PHASES[-1]:
        return None
    return PHASES[PHASES.index(phase) + 1]


def missing(state: IncidentState, runbook: Runbook, phase: Phase, confirmed: bool = False) -> tuple[Missing, ...]:
    """What still keeps the incident from entering the phase; nothing when its gate was overridden meanwhile.

    `confirmed`: the person whose word the gate needs gives it now.
    """
    gate = runbook.gates.get(phase)
    if gate is None or _overridden(state, phase):
        return ()
    found = [_need(need, state, runbook, phase) for need in gate.needs]
    found += [_hold(gate, state, runbook, phase), _watch(gate, state, runbook, phase)]
    if gate.confirmed_by and not confirmed:
        role = runbook.roles.get(gate.confirmed_by)
        title = (role.title if role else gate.confirmed_by).lower()
        section = runbook.section_of("gates", phase, "confirmed_by")
        found.append(Missing("confirmed", f"The {title} must confirm it.", section))
    return tuple(each for each in found if each is not None)


def following(state: IncidentState, runbook: Runbook) -> Phase | None:
    """The phase that comes next for this incident: with no review to hold, closed follows resolved."""
    if state.incident.phase == "resolved" and not wants_review(state, runbook):
        return "closed"
    return next_phase(state.incident.phase)


def wants_review(state: IncidentState, runbook: Runbook) -> bool:
    """Whether a review takes place: by the worst severity it ever had, or because one was scheduled."""
    within = runbook.review.within or {}
    return state.review.due_at is not None or within.get(state.incident.highest_severity) is not None


def opens_by_itself(state: IncidentState, runbook: Runbook) -> Phase | None:
    """The next phase if nothing is missing for it and it needs nobody's word; otherwise None.

    An incident without review is closed by a person, who might still want one.
    """
    phase = next_phase(state.incident.phase)
    if phase is None or phase not in runbook.gates or missing(state, runbook, phase):
        return None
    if phase == "review" and not wants_review(state, runbook):
        return None
    return phase


def _overridden(state: IncidentState, phase: str) -> bool:
    entered = state.incident.phases[-1].entered_at if state.incident.phases else None
    return any(
        override.gate == phase and (entered is None or override.at >= entered) for override in state.recovery.overrides
    )


def _need(need: Need, state: IncidentState, runbook: Runbook, phase: str) -> Missing | None:
    reviewed = state.review.due_at is not None
    followups = [each for each in state.review.followups.values() if each.state != "dropped"]
    marked = {artifact.what for artifact in state.review.artifacts}
    unmarked = [kind for kind in runbook.review.artifacts if kind not in marked]
    unowned = [each.title for each in followups if each.owner is None or each.due_at is None]
    failing = _failing(state)
    open_decisions = sum(decision.is_open for decision in state.mitigation.decisions.values())
    met, sentence = {
        "severity_set": (state.incident.declared_at is not None, "No severity is set."),
        "mitigation_started": (bool(state.mitigation.decisions), "No mitigating action has begun."),
        "criteria_pass": (state.recovery.all_pass, failing),
        "decisions_closed": (not open_decisions, f"{open_decisions} decisions have no result yet."),
        "review_scheduled": (reviewed or not wants_review(state, runbook), "No review is scheduled."),
        "postmortem_published": (
            state.review.published_at is not None or not reviewed,
            "The postmortem is not published.",
        ),
        "follow_ups_owned": (not unowned, f"Without owner or day: {', '.join(unowned)}."),
        "artifacts_marked": (not unmarked or not reviewed, f"Neither added nor marked: {', '.join(unmarked)}."),
    }[need]
    return None if met else Missing(need, sentence, runbook.section_of("gates", phase, "needs"))


def _failing(state: IncidentState) -> str:
    checks = state.recovery.checks.values()
    if not checks:
        return "There are no recovery criteria yet."
    words = {"fail": "fails", "no_data": "has no data", None: "has not been measured"}
    return " ".join(f"{each.spec.name} {words[each.verdict]}." for each in checks if each.verdict != "pass")


def _hold(gate: Gate, state: IncidentState, runbook: Runbook, phase: str) -> Missing | None:
    if gate.hold is None or state.recovery.hold_passed_at is not None:
        return None
    sentence = f"All criteria must pass together for {say_duration(gate.hold)}."
    return Missing("hold", sentence, runbook.section_of("gates", phase, "hold"))


def _watch(gate: Gate, state: IncidentState, runbook: Runbook, phase: str) -> Missing | None:
    if gate.watch is None or state.recovery.watch_passed_at is not None:
        return None
    sentence = f"The watch must run for {say_duration(gate.watch)} without regression."
    return Missing("watch", sentence, runbook.section_of("gates", phase, "watch"))
