"""Updates, escalation, vendors, and the public status page."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Duration, Instant
from tocsin.api.incidents import Number, change
from tocsin.api.views import changed_view
from tocsin.comms import usecases
from tocsin.comms.queries import public_status
from tocsin.comms.updates import PublicState, WriteUpdate
from tocsin.errors import Invalid
from tocsin.incidents.queries import incident_id_of
from tocsin.parts import Parts

router = APIRouter(tags=["Communication"])


class NewUpdate(Body):
    """Three boxes, and when the audience hears again: `next_at` or `next_in`."""

    audience: Literal["internal", "external"] = "internal"
    known: str
    doing: str = ""
    next: str = ""
    headline: str | None = None
    components: tuple[str, ...] = ()
    status: PublicState = "investigating"
    next_at: Instant | None = None
    next_in: Duration | None = None
    alone_reason: str | None = Field(default=None, description="Why a lone responder approves their own.")


class OptionalReason(Body):
    reason: str | None = None


class Reason(Body):
    reason: str


class QuestionAnswer(Body):
    answer: bool
    note: str | None = None


class CallIn(Body):
    """`team` may be a person's or a policy's id too; `secondary` is the hit services' second team."""

    team: str
    why: str


class Engage(Body):
    vendor: str
    reference: str | None = None
    contact: str | None = None


class VendorNote(Body):
    state: Literal["waiting", "answered", "ended"] = "answered"
    text: str
    respond_by: Instant | None = None


@router.post("/incidents/{number}/updates", status_code=201)
async def write_update(asked: Asked, number: Number, body: NewUpdate) -> Response:
    """Post an update, or propose it where it needs an approval."""
    if body.next_at and body.next_in:
        raise Invalid("say either when or in what time the next one comes", "next_in")

    def do(connection: Connection, now: datetime) -> Any:
        incident_id = incident_id_of(connection, asked.actor, number)
        fields = body.model_dump(exclude={"next_in"})
        if body.next_in:
            fields["next_at"] = now + body.next_in
        changed, update_id = usecases.write_update(connection, asked.actor, incident_id, WriteUpdate(**fields), now)
        waits = update_id in changed.state.comms.proposed
        return changed_view(connection, changed, update_id=update_id, waits_for_approval=waits)

    return await asked.do(do, 201)


@router.post("/incidents/{number}/updates/{update}/approve")
async def approve_update(asked: Asked, number: Number, update: str, body: OptionalReason) -> Response:
    """Let a proposed update go out."""
    return await change(
        asked, number, lambda c, i, now: usecases.approve_update(c, asked.actor, i, update, body.reason, now)
    )


@router.post("/incidents/{number}/updates/{update}/reject")
async def reject_update(asked: Asked, number: Number, update: str, body: Reason) -> Response:
    """Send a proposed update back."""
    return await change(
        asked, number, lambda c, i, now: usecases.reject_update(c, asked.actor, i, update, body.reason, now)
    )


@router.post("/incidents/{number}/questions/{question}")
async def answer_question(asked: Asked, number: Number, question: str, body: QuestionAnswer) -> Response:
    """Answer an escalation question; the runbook says what follows."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.answer_question(c, asked.actor, i, question, body.answer, now, note=body.note),
    )


@router.post("/incidents/{number}/escalations", status_code=201)
async def call_in(asked: Asked, number: Number, body: CallIn) -> Response:
    """Call in a further team: it is paged."""
    return await change(
        asked, number, lambda c, i, now: usecases.call_in(c, asked.actor, i, body.team, body.why, now), 201
    )


@router.post("/incidents/{number}/vendors", status_code=201)
async def engage_vendor(asked: Asked, number: Number, body: Engage) -> Response:
    """Open an engagement with a vendor; its clock runs from now."""

    def do(connection: Connection, now: datetime) -> Any:
        incident_id = incident_id_of(connection, asked.actor, number)
        changed, engagement_id = usecases.engage_vendor(
            connection,
            asked.actor,
            incident_id,
            body.vendor,
            now,
            reference=body.reference,
            contact=body.contact,
        )
        return changed_view(connection, changed, engagement_id=engagement_id)

    return await asked.do(do, 201)


@router.post("/incidents/{number}/vendors/{engagement}")
async def note_vendor(asked: Asked, number: Number, engagement: str, body: VendorNote) -> Response:
    """Note what a vendor said; an answer stops its clock."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.note_vendor(
            c, asked.actor, i, engagement, body.state, body.text, now, respond_by=body.respond_by
        ),
    )


@router.get("/status", openapi_extra={"security": []})
async def status(request: Request) -> Response:
    """What the public status page says; needs no sign-in."""
    parts: Parts = request.app.state.parts
    now = parts.database.clock.now()
    return answer(await parts.database.read_async(lambda connection: public_status(connection, now)))
