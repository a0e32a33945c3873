"""When what a reminder asked for is done, so that nobody is kept by its page. Pure.

A reminder's subject is the clock's key (`runbook/clocks.py`), sometimes with what it is about after it.
"""

from tocsin.timeline.facts.comms import Audience
from tocsin.timeline.state import IncidentState


def why_done(what: str, state: IncidentState) -> str | None:
    """Why the reminder `what` (a page's subject after the incident's id) is needed no more; None: it still is."""
    kind, _, rest = what.partition(":")
    match kind:
        case "update.internal":
            return _update_posted("internal", rest, state)
        case "update.external":
            return _update_posted("external", rest, state)
        case "decision":
            decision = state.mitigation.decisions.get(rest.partition(":")[0])
            return None if decision and decision.is_open else "its result was said"
        case "vendor":
            engagement = state.comms.vendors.get(rest.partition(":")[0])
            return None if engagement and engagement.state == "waiting" else "the vendor was heard from"
        case "question":
            return "it was answered" if rest.partition(":")[0] in state.comms.answers else None
        case "resolve":
            return None if state.incident.phase == "watching" else "the watch is over"
        case "postmortem":
            return _postmortem_done(rest, state)
        case "followup":
            return _follow_up_done(rest, state)
    return None


def _update_posted(audience: Audience, rest: str, state: IncidentState) -> str | None:
    last = state.comms.last(audience)
    asked_after = rest.partition(":")[0]
    return None if asked_after == f"after-{last.update_id if last else 'declared'}" else "the update was posted"


def _postmortem_done(rest: str, state: IncidentState) -> str | None:
    review = state.review
    if review.published_at is not None:
        return "the postmortem is published"
    moved = review.due_at is None or not rest.startswith(review.due_at.isoformat())
    return "the review was moved" if moved else None


def _follow_up_done(rest: str, state: IncidentState) -> str | None:
    followup_id, _, due = rest.partition(":")
    followup = state.review.followups.get(followup_id)
    if followup is None or followup.state != "open":
        return "the follow-up is done"
    moved = followup.due_at is None or not due.startswith(followup.due_at.isoformat())
    return "the follow-up's day was moved" if moved else None
