"""Overrides: who takes whose shift."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Instant
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.identity.actor import Right
from tocsin.oncall import queries, usecases
from tocsin.oncall.queries import OverrideRow
from tocsin.oncall.usecases import AddOverride, CancelOverride, ChangeOverride

router = APIRouter(tags=["On call"])


class NewOverride(Body):
    schedule: str
    person: str
    starts_at: Instant
    ends_at: Instant
    reason: str = ""


class ChangedOverride(Body):
    """What is left out stays."""

    person: str | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    reason: str | None = None


@router.get("/overrides")
async def overrides(asked: Asked, schedule: str | None = None, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Overrides that are not over and were not taken back."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: queries.list_overrides(connection, schedule, asked.now))
    return answer(slice_of([each for each in found if each.cancelled_at is None], limit, cursor, _override))


@router.post("/overrides", status_code=201)
async def add_override(asked: Asked, body: NewOverride) -> Response:
    """Somebody takes a schedule for a time."""
    command = AddOverride(body.schedule, body.person, body.starts_at, body.ends_at, body.reason)

    def do(connection: Connection, now: datetime) -> Any:
        return _override(usecases.add_override(connection, asked.actor, command, now))

    return await asked.do(do, 201)


@router.patch("/overrides/{override}")
async def change_override(asked: Asked, override: str, body: ChangedOverride) -> Response:
    """Change an override that is not over, or end it early; the answer is the one that takes its place."""
    command = ChangeOverride(override, body.person, body.starts_at, body.ends_at, body.reason)

    def do(connection: Connection, now: datetime) -> Any:
        return _override(usecases.change_override(connection, asked.actor, command, now))

    return await asked.do(do)


@router.delete("/overrides/{override}")
async def cancel_override(asked: Asked, override: str) -> Response:
    """Take an override back."""

    def do(connection: Connection, now: datetime) -> Any:
        usecases.cancel_override(connection, asked.actor, CancelOverride(override), now)
        return {"id": override, "cancelled": True}

    return await asked.do(do)


def _override(row: OverrideRow) -> dict[str, Any]:
    return {**fields_of(row), "schedule": row.schedule_id, "person": row.person_id}
