"""Decisions, flags and held deploys."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Duration, Instant
from tocsin.api.fields import fields_of
from tocsin.api.incidents import Number, change
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.api.views import changed_view
from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.incidents.queries import incident_id_of
from tocsin.mitigation import queries, usecases
from tocsin.mitigation.decisions import Ended, NewDecision

router = APIRouter(tags=["Mitigation"])


class Decision(Body):
    """Something being done to the world. `by` counts from `started_at` (now, if left out)."""

    command: str = Field(description="The exact command or change.")
    expected: str
    by: Duration | None = None
    expected_by: Instant | None = None
    what: str = Field(default="command", examples=["command", "rollback", "flag", "scale", "restart", "config"])
    title: str | None = None
    executed_by: str | None = Field(default=None, description="Who did it, if not who asks.")
    host: str | None = None
    service: str | None = None
    change_id: str | None = None
    started_at: Instant | None = None


class Result(Body):
    """`happened_at` is for those who tell it late: when it showed, not in the future."""

    actual: str
    matched: str = Field(examples=["matched", "no_match", "unclear"])
    happened_at: Instant | None = None


class Output(Body):
    """How a command ended; the output bounded, its secrets masked where it ran."""

    ended_at: Instant | None = None
    exit_code: int | None = Field(default=None, ge=-(2**31), le=2**31 - 1)
    output: str | None = None
    output_truncated: bool = False


class MoreTime(Body):
    by: Duration = Field(description="From now.")


class Flag(Body):
    """`flag` is the one that was turned; left out: none helps."""

    flag: str | None = None
    note: str | None = None


class Hold(Body):
    """`services` left out: those that are hit; `["*"]`: all."""

    services: tuple[str, ...] | None = None
    reason: str | None = None
    until: Instant | None = None


class Release(Body):
    """`services` left out: all that the incident holds."""

    services: tuple[str, ...] | None = None
    reason: str | None = None


class Allow(Body):
    """`change_id` as the pipeline asks with it."""

    change_id: str
    reason: str
    service: str | None = None


@router.get("/incidents/{number}/decisions")
async def decisions(asked: Asked, number: Number, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What was done, in the order in which it began."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        return queries.decisions_of(connection, asked.actor, incident_id_of(connection, asked.actor, number))

    found = await asked.ask(ask)
    return answer(slice_of(found, limit, cursor, lambda each: {"id": each.decision_id, **each.model_dump(mode="json")}))


@router.post("/incidents/{number}/decisions", status_code=201)
async def open_decision(asked: Asked, number: Number, body: Decision) -> Response:
    """Something is being done: the exact command, and what is expected by when."""
    if body.by and body.expected_by:
        raise Invalid("say either by when or in what time the result is expected", "by")

    def do(connection: Connection, now: datetime) -> Any:
        fields = body.model_dump(exclude={"by"})
        if body.by:
            fields["expected_by"] = (body.started_at or now) + body.by
        incident_id = incident_id_of(connection, asked.actor, number)
        decision_id, changed = usecases.open_decision(connection, asked.actor, incident_id, NewDecision(**fields), now)
        return changed_view(connection, changed, decision_id=decision_id)

    return await asked.do(do, 201)


@router.post("/incidents/{number}/decisions/{decision}/output")
async def end_decision(asked: Asked, number: Number, decision: str, body: Output) -> Response:
    """The command ended; what came of it is still to be said."""
    ended = Ended(**dict(body))
    return await change(asked, number, lambda c, i, now: usecases.end_decision(c, asked.actor, i, decision, ended, now))


@router.post("/incidents/{number}/decisions/{decision}/result")
async def close_decision(asked: Asked, number: Number, decision: str, body: Result) -> Response:
    """What happened, and whether it was what was expected."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.close_decision(
            c, asked.actor, i, decision, body.actual, body.matched, now, happened_at=body.happened_at
        ),
    )


@router.post("/incidents/{number}/decisions/{decision}/more-time")
async def extend_decision(asked: Asked, number: Number, decision: str, body: MoreTime) -> Response:
    """More time before the result is asked for."""
    return await change(
        asked, number, lambda c, i, now: usecases.extend_decision(c, asked.actor, i, decision, now + body.by, now)
    )


@router.post("/incidents/{number}/flags")
async def answer_flag(asked: Asked, number: Number, body: Flag) -> Response:
    """Could a feature flag help? The one that was turned, or that none does."""
    return await change(
        asked, number, lambda c, i, now: usecases.answer_flag(c, asked.actor, i, now, flag=body.flag, note=body.note)
    )


@router.get("/incidents/{number}/actions")
async def ready_actions(asked: Asked, number: Number, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What the incident's runbooks have prepared to be run."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        return queries.ready_actions(connection, asked.actor, incident_id_of(connection, asked.actor, number))

    return answer(slice_of(await asked.ask(ask), limit, cursor, fields_of))


@router.get("/freeze")
async def check_freeze(
    asked: Asked,
    service: Annotated[str, Query(min_length=1, max_length=200)],
    change: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """May this be deployed? Answers 200 either way; for a restricted incident it names nothing.

    422 when the catalog knows no such service and nothing holds it: a misspelt name never reads as go.
    """
    now = asked.now
    verdict = await asked.ask(lambda connection: queries.check_freeze(connection, asked.actor, service, change, now))
    return answer(
        {
            "held": verdict.held,
            "reason": verdict.sentence,
            "incident": verdict.incident,
            "allowed": verdict.allowed,
            "as_of": now,
        }
    )


@router.get("/freezes")
async def freezes(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Every stop in force."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: queries.live_freezes(connection, asked.actor, asked.now))
    return answer(slice_of(found, limit, cursor, lambda each: {**fields_of(each), "incident": each.number}))


@router.post("/incidents/{number}/freeze")
async def hold(asked: Asked, number: Number, body: Hold) -> Response:
    """Hold deploys."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.hold_deploys(
            c, asked.actor, i, now, services=body.services, reason=body.reason, until=body.until
        ),
    )


@router.post("/incidents/{number}/freeze/release")
async def release(asked: Asked, number: Number, body: Release) -> Response:
    """Let deploys go again."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.release_deploys(c, asked.actor, i, now, services=body.services, reason=body.reason),
    )


@router.post("/incidents/{number}/freeze/allow")
async def allow(asked: Asked, number: Number, body: Allow) -> Response:
    """Let one change through: it may be the fix."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.allow_change(
            c, asked.actor, i, body.change_id, body.reason, now, service=body.service
        ),
    )
