"""What keeps alerts from paging: silences, and the services' maintenance hours."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.alerts import queries
from tocsin.alerts.queries.quiet import maintenance_to_come
from tocsin.alerts.usecases import (
    ChangeSilence,
    CreateSilence,
    cancel_silence,
    change_silence,
    create_silence,
)
from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Duration, Instant, until
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, slice_of

router = APIRouter(tags=["Alerts"])


class NewSilence(Body):
    """`match` are labels that an alert must carry; either `until` or `for`."""

    match: dict[str, str]
    until: Instant | None = None
    length: Duration | None = Field(default=None, alias="for")
    starts_at: Instant | None = None
    reason: str


class ChangedSilence(Body):
    """Either `until` or `for`, counted from now; without `reason` it stays what it was."""

    until: Instant | None = None
    length: Duration | None = Field(default=None, alias="for")
    reason: str | None = None


@router.get("/maintenance")
async def maintenance_hours(asked: Asked) -> Response:
    """The services' maintenance hours that are now or begin within eight days, in order; they come from the files."""
    found = await asked.ask(lambda connection: maintenance_to_come(connection, asked.actor, asked.now))
    return answer({"items": [{**fields_of(each), "now": each.starts_at <= asked.now} for each in found]})


@router.get("/silences")
async def silences(asked: Asked, over: bool = False, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Silences in force or to come; with `over` those that ended."""
    found = await asked.ask(lambda connection: queries.silences(connection, asked.actor, asked.now, over=over))
    return answer(slice_of(found, limit, cursor, fields_of))


@router.post("/silences", status_code=201)
async def silence(asked: Asked, body: NewSilence) -> Response:
    """Keep matching alerts from paging until a time."""

    def do(connection: Connection, now: datetime) -> Any:
        command = CreateSilence(
            match=body.match,
            ends_at=until(body.starts_at or now, body.until, body.length),
            reason=body.reason,
            starts_at=body.starts_at,
        )
        return fields_of(create_silence(connection, asked.actor, command, now))

    return await asked.do(do, 201)


@router.patch("/silences/{silence}")
async def alter_silence(asked: Asked, silence: str, body: ChangedSilence) -> Response:
    """Let a silence end later or sooner."""

    def do(connection: Connection, now: datetime) -> Any:
        command = ChangeSilence(silence, until(now, body.until, body.length), body.reason)
        return fields_of(change_silence(connection, asked.actor, command, now))

    return await asked.do(do)


@router.delete("/silences/{silence}")
async def end_silence(asked: Asked, silence: str) -> Response:
    """End a silence."""

    def do(connection: Connection, now: datetime) -> Any:
        cancel_silence(connection, asked.actor, silence, now)
        return {"id": silence, "cancelled": True}

    return await asked.do(do)
