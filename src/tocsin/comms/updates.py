"""Updates in three boxes: who may post what, what waits for whose approval, what is late. Pure."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.incidents.wording import optional_text, text_of
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.clocks import clocks
from tocsin.runbook.events import services_of
from tocsin.runbook.model import Approval, Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.comms import (
    Audience,
    EscalationAnswered,
    Update,
    UpdateMissed,
    UpdatePosted,
    UpdateProposed,
    UpdateRejected,
)
from tocsin.timeline.facts.incidents import ENDED_PHASES
from tocsin.timeline.state import IncidentState

LONGEST_BOX = 4_000
LONGEST_AHEAD = timedelta(hours=24)
PublicState = Literal["investigating", "identified", "monitoring", "resolved"]


class WriteUpdate(BaseModel):
    """An update as somebody writes it. `next_at` is UTC: when the audience hears again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audience: Audience = "internal"
    known: str
    doing: str = ""
    next: str = ""
    headline: str | None = None
    components: tuple[str, ...] = ()
    status: PublicState = "investigating"
    next_at: datetime | None = None
    alone_reason: str | None = None
    """Why a lone responder approves their own external update."""


def write_update(
    state: IncidentState, bundle: Bundle, command: WriteUpdate, update_id: str, by: str | None, now: datetime
) -> list[Fact]:
    """An internal update goes out at once; an external one too, if it needs no approval or its author may give it."""
    if state.incident.phase in ENDED_PHASES:
        raise Conflict(f"the incident is {state.incident.phase}; nobody waits for an update")
    runbook = bundle.effective(services_of(state))
    proposed = _proposed(state, runbook, command, update_id, now)
    approval = approval_needed(state, runbook, command.audience)
    if approval is None:
        return [_posted(state, bundle, proposed, now)]
    reason = optional_text(command.alone_reason, "alone_reason")
    alone = reason is not None and approval.alone_with_reason and by is not None and is_alone(state, approval, by)
    if alone:
        return [_posted(state, bundle, proposed, now, approved_by=by, reason=reason)]
    if reason is not None:
        raise Conflict("somebody else can approve this update; leave the reason away and ask them")
    return [proposed]


def approve_update(
    state: IncidentState, bundle: Bundle, update_id: str, by: str | None, reason: str | None, now: datetime
) -> list[Fact]:
    """Let a proposed update go out. Its author may approve it only as a lone responder, with a reason that is shown."""
    update = _waiting(state, update_id)
    runbook = bundle.effective(services_of(state))
    approval = approval_needed(state, runbook, "external")
    if approval is not None:
        _may_approve(state, approval, update, by, reason)
    if update.next_at is not None and update.next_at <= now:
        update = update.model_copy(update={"next_at": _next_at(state, runbook, "external", None, now)})
    words = optional_text(reason, "reason")
    return [_posted(state, bundle, _again(update), now, approved_by=by, reason=words)]


def reject_update(state: IncidentState, update_id: str, reason: str) -> list[Fact]:
    """Send a proposed update back to its author, saying why."""
    _waiting(state, update_id)
    return [UpdateRejected(update_id=update_id, reason=text_of(reason, "reason"))]


def miss_update(state: IncidentState, audience: Audience, due_at: datetime) -> list[Fact]:
    """A clock ran out: recorded once for each due time, however long Tocsin itself was away."""
    if any(miss.audience == audience and miss.due_at == due_at for miss in state.comms.missed):
        return []
    holder = state.incident.roles.get("communications") or state.incident.roles.get("commander")
    return [UpdateMissed(audience=audience, due_at=due_at, told=(holder.person,) if holder else ())]


def answer_question(
    state: IncidentState, runbook: Runbook, question: str, answer: bool, note: str | None
) -> list[Fact]:
    """An answer to one of the runbook's escalation questions; saying the same again changes nothing."""
    if question not in runbook.questions:
        known = ", ".join(runbook.questions)
        raise Invalid(f"the runbook asks no question '{question}'; it asks {known}", "question")
    given = state.comms.answers.get(question)
    if given is not None and given.answer == answer:
        return []
    return [EscalationAnswered(question=question, answer=answer, note=optional_text(note, "note"))]


def approval_needed(state: IncidentState, runbook: Runbook, audience: Audience) -> Approval | None:
    """Who must agree before it leaves; None when nobody."""
    approval = runbook.approvals.external_update if audience == "external" else None
    return approval if approval is not None and state.incident.severity in approval.severities else None


def approvers(state: IncidentState, approval: Approval) -> tuple[str, ...]:
    """The people who may approve now: the holders of the roles that the runbook names."""
    incident = state.incident
    found = [incident.deputy if role == "deputy" else None for role in approval.by]
    found += [incident.roles[role].person for role in approval.by if role in incident.roles]
    return tuple(dict.fromkeys(person for person in found if person is not None))


def is_alone(state: IncidentState, approval: Approval, person: str) -> bool:
    """Whether nobody but the person could approve."""
    return all(other == person for other in approvers(state, approval))


def _may_approve(state: IncidentState, approval: Approval, update: Update, by: str | None, reason: str | None) -> None:
    allowed = approvers(state, approval)
    if by is None or (allowed and by not in allowed):
        names = ", ".join(allowed) or "the incident commander, once there is one"
        raise Conflict(f"this update is approved by {names}")
    own = update.author == by
    if (own or not allowed) and not is_alone(state, approval, by):
        raise Conflict("an update is approved by somebody else than its author")
    if (own or not allowed) and not optional_text(reason, "reason"):
        raise Invalid("you approve your own update: say why nobody else can; it is shown", "reason")


def _waiting(state: IncidentState, update_id: str) -> Update:
    update = state.comms.proposed.get(update_id)
    if update is None:
        raise NotFound("no such update waits for approval; it may have been decided already")
    return update


def _proposed(
    state: IncidentState, runbook: Runbook, command: WriteUpdate, update_id: str, now: datetime
) -> UpdateProposed:
    if command.next_at is not None and not now < command.next_at <= now + LONGEST_AHEAD:
        raise Invalid("the next update lies in the future, at most 24 hours ahead", "next_at")
    return UpdateProposed(
        update_id=update_id,
        audience=command.audience,
        known=text_of(command.known, "known", LONGEST_BOX),
        doing=optional_text(command.doing, "doing", LONGEST_BOX) or "",
        next=optional_text(command.next, "next", LONGEST_BOX) or "",
        headline=optional_text(command.headline, "headline", 200),
        components=command.components or (services_of(state) if command.audience == "external" else ()),
        status=command.status,
        next_at=_next_at(state, runbook, command.audience, command.next_at, now),
    )


def _next_at(
    state: IncidentState, runbook: Runbook, audience: Audience, asked: datetime | None, now: datetime
) -> datetime | None:
    """What the author promised, else the runbook's cadence while the incident is open."""
    if asked is not None or not state.incident.is_open:
        return asked
    clock = runbook.clocks.internal_update if audience == "internal" else runbook.clocks.external_update
    every = clock.every.get(state.incident.severity) if clock else None
    return now + every if every else None


def _posted(
    state: IncidentState,
    bundle: Bundle,
    proposed: UpdateProposed,
    now: datetime,
    *,
    approved_by: str | None = None,
    reason: str | None = None,
) -> UpdatePosted:
    return UpdatePosted(
        **proposed.model_dump(),
        approved_by=approved_by,
        approval_reason=reason,
        late_seconds=_late_seconds(state, bundle, proposed.audience, now),
    )


def _late_seconds(state: IncidentState, bundle: Bundle, audience: Audience, now: datetime) -> int:
    """How long after its due time; 0 when in time. After misses it counts from the first since the last update."""
    last = state.comms.last(audience)
    since = last.at if last else state.incident.declared_at
    missed = [
        miss.due_at for miss in state.comms.missed if miss.audience == audience and (not since or miss.at >= since)
    ]
    due = missed[:1] or [
        clock.due_at
        for clock in clocks(state, bundle, now)
        if clock.kind == "update.due" and clock.payload.get("audience") == audience
    ]
    return max(0, int((now - due[0]).total_seconds())) if due else 0


def _again(update: Update) -> UpdateProposed:
    return UpdateProposed(
        update_id=update.update_id,
        audience=update.audience,
        known=update.known,
        doing=update.doing,
        next=update.next,
        headline=update.headline,
        components=update.components,
        status=update.status,
        next_at=update.next_at,
    )
