"""The first five minutes: each step, whether it is done, when and by whom."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.runbook.events import known_of_state
from tocsin.runbook.expression import Expression, ExpressionError, Known, holds, names_in
from tocsin.runbook.model import Runbook
from tocsin.timeline.facts.incidents import Milestone
from tocsin.timeline.state import IncidentState


@dataclass(frozen=True)
class StepState:
    """One step: `at` (UTC) and `by` tell when it came true and who did it, where the timeline knows."""

    id: str
    title: str
    done: bool
    at: datetime | None
    by: str | None
    hint: str | None
    role: str | None
    automatic: bool
    section: str


def first_five(state: IncidentState, runbook: Runbook) -> tuple[StepState, ...]:
    """Every step of the checklist in the runbook's order. A person's tick counts as done."""
    known = known_of_state(state)
    steps = []
    for step_id, step in runbook.first_five.steps.items():
        ticked = state.incident.ticked.get(step_id)
        try:
            done = holds(step.done_when.tree, known)
        except ExpressionError:
            done = False  # a condition that can't be evaluated leaves the step to a person
        reached = ticked or (_reached(step.done_when.tree, state, known) if done else None)
        steps.append(
            StepState(
                id=step_id,
                title=step.title,
                done=done or ticked is not None,
                at=reached.at if reached else None,
                by=reached.by if reached else None,
                hint=step.hint,
                role=step.role,
                automatic=step.by == "system",
                section=runbook.section_of("first_five", "steps", step_id),
            )
        )
    return tuple(steps)


def _reached(tree: Expression, state: IncidentState, known: dict[str, Known]) -> Milestone | None:
    """The last of the milestones that the condition names."""
    named = [
        state.incident.milestones[name]
        for name in names_in(tree)
        if name in state.incident.milestones and name in known
    ]
    return max(named, key=lambda milestone: milestone.at, default=None)
