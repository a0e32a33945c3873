"""Integrations, and what they sent that could not be understood."""

from datetime import datetime, timedelta
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.alerts.usecases import fold_received
from tocsin.api.asking import Asked, Desk, answer
from tocsin.api.body import Body
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.intake import queries as intake
from tocsin.intake import usecases as intake_usecases
from tocsin.intake.usecases import ChangeIntegration, CreateIntegration

router = APIRouter(tags=["Intake"])


class NewIntegration(Body):
    """`sender` says what it sends; `service` is what its alerts are about when they do not say.

    `key`: one that senders have already, from the product before; 20 to 200 letters, digits, `-`, `_`, `.` or `~`.
    """

    name: str
    sender: str = Field(default="generic", examples=["alertmanager", "generic"])
    service: str | None = None
    key: str | None = None


class ChangedIntegration(Body):
    """What is not named stays; `""` and 0 take away.

    `signing_key`: every body must be signed with it, HMAC-SHA256. `per_minute`: more requests are answered with 429.
    `mapping`: how bodies of the sender `mapped` become alerts, in YAML.
    """

    service: str | None = None
    signing_key: str | None = None
    per_minute: int | None = None
    mapping: str | None = None


class Rotation(Body):
    """For how many hours the old key is good yet; at most 720."""

    overlap_hours: int = Field(default=0, ge=0, le=720)


@router.get("/integrations")
async def integrations(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Configured senders with the counts of what came."""
    found = await asked.ask(lambda connection: intake.integrations_now(connection, asked.actor))
    return answer(slice_of(found, limit, cursor, fields_of))


@router.post("/integrations", status_code=201)
async def new_integration(asked: Asked, body: NewIntegration) -> Response:
    """A further sender; answers with its secret URL, told this one time."""
    command = CreateIntegration(body.name, body.sender, body.service, body.key)

    def do(connection: Connection, now: datetime) -> Any:
        made, secret = intake_usecases.create_integration(connection, asked.actor, command, now)
        return {
            "id": made.id,
            "name": made.name,
            "sender": made.sender,
            "service": made.service,
            "url": _url(asked, secret),
        }

    return await asked.do(do, 201, told_once=("url",))


@router.post("/integrations/{integration}/rotate")
async def rotate(asked: Asked, integration: str, body: Rotation | None = None) -> Response:
    """A new secret URL; the old one is unknown from now on, or after `overlap_hours`."""
    overlap = timedelta(hours=body.overlap_hours if body else 0)

    def do(connection: Connection, now: datetime) -> Any:
        secret = intake_usecases.rotate_integration(connection, asked.actor, integration, now, overlap=overlap)
        return {"id": integration, "url": _url(asked, secret)}

    return await asked.do(do, told_once=("url",))


@router.patch("/integrations/{integration}")
async def change(asked: Asked, integration: str, body: ChangedIntegration) -> Response:
    """Set its service, its limit, or the key that its bodies must be signed with."""
    command = ChangeIntegration(body.signing_key, body.per_minute, body.service, body.mapping)

    def do(connection: Connection, now: datetime) -> Any:
        intake_usecases.change_integration(connection, asked.actor, integration, command, now)
        return fields_of(intake.integration(connection, asked.actor, integration))

    return await asked.do(do)


@router.delete("/integrations/{integration}")
async def disable(asked: Asked, integration: str) -> Response:
    """Its URL is unknown from now on; what it sent stays."""

    def do(connection: Connection, now: datetime) -> Any:
        intake_usecases.disable_integration(connection, asked.actor, integration, now)
        return {"id": integration, "disabled": True}

    return await asked.do(do)


@router.get("/set-aside")
async def set_aside(
    asked: Asked,
    state: Literal["waiting", "replayed", "discarded"] = "waiting",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """What could not be understood, with its reason; the newest first, at most a thousand."""
    found = await asked.ask(lambda connection: intake.set_aside_now(connection, asked.actor, state=state, limit=1000))
    return answer(slice_of(found, limit, cursor, fields_of))


@router.get("/set-aside/{item}")
async def one_set_aside(asked: Asked, item: str) -> Response:
    """One thing that was set aside, with its content."""
    return answer(fields_of(await asked.ask(lambda connection: intake.set_aside_one(connection, asked.actor, item))))


@router.post("/set-aside/{item}/replay")
async def replay(asked: Asked, item: str) -> Response:
    """Read it again, and take in what can be understood now."""

    def do(connection: Connection, now: datetime) -> Any:
        return fields_of(intake_usecases.replay_set_aside(connection, asked.actor, item, fold_received, now))

    return await asked.do(do)


@router.post("/set-aside/{item}/discard")
async def discard(asked: Asked, item: str) -> Response:
    """It is not needed; it stays on record."""

    def do(connection: Connection, now: datetime) -> Any:
        intake_usecases.discard_set_aside(connection, asked.actor, item, now)
        return {"id": item, "state": "discarded"}

    return await asked.do(do)


def _url(asked: Desk, secret: str) -> str:
    return f"{asked.parts.settings.outside_url}/in/{secret}"
