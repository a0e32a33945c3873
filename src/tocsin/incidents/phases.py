"""Moving through the phases: gates that open by themselves, and steps that a person takes, with their word."""

from tocsin.errors import Conflict, Invalid
from tocsin.incidents.wording import optional_text
from tocsin.runbook.gates import Missing, missing, opens_by_itself
from tocsin.runbook.model import Runbook
from tocsin.runbook.parts import PHASES, Phase
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.incidents import PhaseChanged
from tocsin.timeline.facts.recovery import GateOverridden
from tocsin.timeline.state import IncidentState

_OPENED_HERE = ("triage", "mitigating")  # later gates are opened by what samples the checks


def open_gate(state: IncidentState, runbook: Runbook) -> list[Fact]:
    """The move into triage or mitigating, when its gate has just opened; otherwise nothing."""
    phase = opens_by_itself(state, runbook)
    if phase not in _OPENED_HERE or phase is None:
        return []
    return [PhaseChanged(phase=phase, previous=state.incident.phase, automatic=True)]


def phase_of(word: str) -> Phase:
    """A phase that a person may ask for; Invalid for any other word."""
    if word not in PHASES or word == "declared":
        raise Invalid(f"'{word}' is no phase to move to; those are {', '.join(PHASES[1:])}", "phase")
    return next(phase for phase in PHASES if phase == word)


def change_phase(
    state: IncidentState,
    runbook: Runbook,
    phase: Phase,
    reason: str | None,
    *,
    by: str | None,
    override: bool = False,
) -> list[Fact]:
    """A person moves the incident. Forward, each gate on the way must be met, or is overridden for a reason that stays.

    `by` is the person, whose word a gate may need. Going back needs a reason.
    """
    current = state.incident.phase
    if current == phase:
        return []
    if current not in PHASES:
        raise Conflict(f"the incident is {current}; it moves no more")
    why = optional_text(reason, "reason")
    start, end = PHASES.index(current), PHASES.index(phase)
    if end < start:
        if why is None:
            raise Invalid(f"going back from {current} to {phase} needs a reason", "reason")
        return [PhaseChanged(phase=phase, previous=current, reason=why)]
    facts: list[Fact] = []
    for step in PHASES[start + 1 : end + 1]:
        lacking = missing(state, runbook, step, confirmed=may_confirm(state, runbook, step, by))
        if not lacking:
            continue
        if not override:
            raise Conflict(f"{step} is not open yet: {said(lacking)}")
        if why is None:
            raise Invalid("overriding a gate needs a reason; it is shown for ever", "reason")
        facts.append(GateOverridden(gate=step, missing=tuple(each.sentence for each in lacking), reason=why))
    return [*facts, PhaseChanged(phase=phase, previous=current, reason=why)]


def said(lacking: tuple[Missing, ...]) -> str:
    """What is missing, as one line."""
    return " ".join(each.sentence for each in lacking)


def may_confirm(state: IncidentState, runbook: Runbook, phase: Phase, person: str | None) -> bool:
    """Whether it is this person's word that the gate needs: the holder of the role, or the commander's deputy."""
    gate = runbook.gates.get(phase)
    if gate is None or gate.confirmed_by is None or person is None:
        return False
    holder = state.incident.roles.get(gate.confirmed_by)
    return person in (holder.person if holder else None, state.incident.deputy)
