"""Symptoms, impact, links and changes."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Instant
from tocsin.api.fields import fields_of
from tocsin.api.incidents import Number, change
from tocsin.api.lists import Cursor, Limit, page_of, read_cursor, slice_of
from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.incidents.queries import incident_id_of
from tocsin.triage import queries, usecases
from tocsin.triage.changes import NewChange
from tocsin.triage.decide import Impact
from tocsin.triage.queries import Candidate

router = APIRouter(tags=["Triage"])


class Symptom(Body):
    text: str
    happened_at: Instant | None = None


class ImpactChange(Body):
    """Who is hit; what is left out stays as it is. `services` is the whole new list."""

    services: tuple[str, ...] | None = None
    customers: str | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None


class Link(Body):
    url: str
    title: str | None = None
    what: str = Field(default="dashboard", examples=["dashboard", "logs", "trace", "ticket", "chat", "pr", "commit"])


class Suspect(Body):
    change_id: str
    suspect: bool = True
    reason: str | None = None


class ReportedChange(Body):
    """Something that was changed. `id` is the reporter's own: sent again it is the same change."""

    id: str | None = None
    service: str
    summary: str
    kind: str = Field(
        default="deploy", examples=["deploy", "flag", "config", "migration", "infrastructure", "rollback"]
    )
    version: str | None = None
    environment: str | None = None
    link: str | None = None
    author: str | None = None
    undo: str | None = Field(default=None, description="The command that takes it back.")
    labels: dict[str, str] = {}
    happened_at: Instant | None = None


@router.post("/incidents/{number}/symptoms", status_code=201)
async def symptom(asked: Asked, number: Number, body: Symptom) -> Response:
    """Something that is seen."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.add_symptom(c, asked.actor, i, body.text, now, happened_at=body.happened_at),
        201,
    )


@router.post("/incidents/{number}/impact")
async def impact(asked: Asked, number: Number, body: ImpactChange) -> Response:
    """Who is hit, and since when."""
    command = Impact(**dict(body))
    return await change(asked, number, lambda c, i, now: usecases.change_impact(c, asked.actor, i, command, now))


@router.post("/incidents/{number}/links", status_code=201)
async def link(asked: Asked, number: Number, body: Link) -> Response:
    """A dashboard, log search or whatever else the others should look at."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.add_link(c, asked.actor, i, body.url, now, title=body.title, what=body.what),
        201,
    )


@router.get("/incidents/{number}/changes")
async def suspects(asked: Asked, number: Number, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Changes before the impact, the newest first, each with its score and the reason for it."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        return queries.suspects_of(connection, asked.actor, incident_id_of(connection, asked.actor, number))

    return answer(slice_of(await asked.ask(ask), limit, cursor, _candidate))


@router.post("/incidents/{number}/suspects")
async def suspect(asked: Asked, number: Number, body: Suspect) -> Response:
    """Suspect a change, or clear it."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.mark_suspect(
            c, asked.actor, i, body.change_id, body.suspect, now, reason=body.reason
        ),
    )


@router.get("/incidents/{number}/blast-radius")
async def blast_radius(asked: Asked, number: Number) -> Response:
    """Who calls the services that are hit, and what those call."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        return queries.blast_radius_of(connection, asked.actor, incident_id_of(connection, asked.actor, number))

    return answer(await asked.ask(ask))


@router.post("/changes", status_code=201)
async def record_change(asked: Asked, body: ReportedChange) -> Response:
    """Tell that something was changed; for pipelines and people."""
    command = NewChange(**body.model_dump(exclude={"id"}), external_id=body.id)

    def do(connection: Connection, now: datetime) -> Any:
        kept = usecases.record_change(connection, asked.actor, command, now)
        return {"id": kept.id, "external_id": body.id or kept.id, "is_new": kept.is_new}

    return await asked.do(do, 201)


@router.get("/changes")
async def changes(
    asked: Asked,
    service: str | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Changes, the newest first."""
    asked.actor.require(Right.VIEWER)
    after = _place(cursor)
    found = await asked.ask(
        lambda connection: queries.list_changes(
            connection, asked.actor, service=service, since=since, until=until, after=after, limit=limit + 1
        )
    )
    return answer(page_of(found, limit, lambda each: (each.happened_at.isoformat(), each.id), fields_of))


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        **fields_of(candidate.change),
        "score": candidate.score.value,
        "reason": candidate.score.sentence,
        "suspect": candidate.suspect,
    }


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    place = read_cursor(cursor)
    try:
        return None if place is None else (datetime.fromisoformat(place[0]), str(place[1]))
    except (TypeError, ValueError, LookupError):
        raise Invalid("this cursor was not given out for this list", "cursor") from None
