"""The first five minutes: ticked by a person where no fact ticks them, counted at the end."""

from tocsin.errors import Conflict, Invalid
from tocsin.incidents.wording import optional_text
from tocsin.runbook.checklist import first_five
from tocsin.runbook.findings import nearest
from tocsin.runbook.model import Runbook
from tocsin.timeline.facts.incidents import ChecklistTicked, FirstFiveEnded
from tocsin.timeline.state import IncidentState


def tick_step(state: IncidentState, runbook: Runbook, step: str, note: str | None) -> list[ChecklistTicked]:
    """A person says that a step is done. What is done stays as it is; what Tocsin sees itself is no one's to tick."""
    steps = {each.id: each for each in first_five(state, runbook)}
    known = steps.get(step)
    if known is None:
        raise Invalid(f"the first five minutes have no step '{step}'. {nearest(step, steps)}".strip(), "step")
    if known.done:
        return []
    if known.automatic:
        raise Conflict(f"“{known.title}” ticks itself as soon as it is true; it is not yet")
    return [ChecklistTicked(step=step, note=optional_text(note, "note"))]


def end_first_five(state: IncidentState, runbook: Runbook) -> list[FirstFiveEnded]:
    """What was still open when the five minutes were over; once only."""
    if state.incident.first_five_ended:
        return []
    return [FirstFiveEnded(open_steps=tuple(each.id for each in first_five(state, runbook) if not each.done))]
