"""Heartbeats: what must be heard of every so often."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.alerts.heartbeats import Heartbeat
from tocsin.alerts.queries import heartbeats as queries
from tocsin.alerts.usecases import heartbeats as usecases
from tocsin.alerts.usecases.heartbeats import CreateHeartbeat
from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Duration
from tocsin.api.lists import Cursor, Limit, slice_of

router = APIRouter(tags=["Heartbeats"])


class NewHeartbeat(Body):
    """`every` is how often it is heard of, `grace` how much later it may be."""

    name: str
    every: Duration
    grace: Duration = timedelta(minutes=1)
    service: str | None = None
    severity: str = "error"


@router.get("/heartbeats")
async def heartbeats(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """All heartbeats; what is late first."""
    found = await asked.ask(lambda connection: queries.heartbeats(connection, asked.actor))
    return answer(slice_of(found, limit, cursor, _fields))


@router.post("/heartbeats", status_code=201)
async def new_heartbeat(asked: Asked, body: NewHeartbeat) -> Response:
    """A further one; answers with its secret URL, told this one time. Its first beat arms it."""
    command = CreateHeartbeat(body.name, body.every, body.grace, body.service, body.severity)

    def do(connection: Connection, now: datetime) -> Any:
        made, secret = usecases.create_heartbeat(connection, asked.actor, command, now)
        return {**_fields(made), "url": f"{asked.parts.settings.outside_url}/heartbeat/{secret}"}

    return await asked.do(do, 201, told_once=("url",))


@router.post("/heartbeats/{heartbeat}/beat")
async def beat(asked: Asked, heartbeat: str) -> Response:
    """It lives: the next beat is awaited from now on."""
    return await asked.do(lambda c, now: _fields(usecases.beat_heartbeat(c, asked.actor, heartbeat, now)))


@router.post("/heartbeats/{heartbeat}/pause")
async def pause(asked: Asked, heartbeat: str) -> Response:
    """Nothing is awaited of it until it is resumed."""
    return await asked.do(lambda c, now: _fields(usecases.pause_heartbeat(c, asked.actor, heartbeat, now)))


@router.post("/heartbeats/{heartbeat}/resume")
async def resume(asked: Asked, heartbeat: str) -> Response:
    """It is awaited again from its next beat on."""
    return await asked.do(lambda c, now: _fields(usecases.resume_heartbeat(c, asked.actor, heartbeat, now)))


@router.delete("/heartbeats/{heartbeat}")
async def remove(asked: Asked, heartbeat: str) -> Response:
    """It is awaited no more."""

    def do(connection: Connection, now: datetime) -> Any:
        usecases.remove_heartbeat(connection, asked.actor, heartbeat, now)
        return {"id": heartbeat, "removed": True}

    return await asked.do(do)


def _fields(each: Heartbeat) -> dict[str, Any]:
    moments = {"last_at": each.last_at, "due_at": each.due_at, "paused_at": each.paused_at}
    return {
        "id": each.id,
        "name": each.name,
        "service": each.service,
        "severity": each.severity,
        "every_seconds": int(each.every.total_seconds()),
        "grace_seconds": int(each.grace.total_seconds()),
        "state": "paused" if each.paused_at else each.state,
        **{name: at.isoformat() if at else None for name, at in moments.items()},
    }
