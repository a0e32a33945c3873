"""What people arrange between themselves: swaps with consent, and leave."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Instant
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.errors import Forbidden
from tocsin.oncall.queries.between import list_leaves, list_swaps
from tocsin.oncall.queries.shadows import list_shadows
from tocsin.oncall.usecases.leave import AddLeave, add_leave, remove_leave
from tocsin.oncall.usecases.shadowing import AddShadow, add_shadow, end_shadow
from tocsin.oncall.usecases.swaps import OfferSwap, accept_swap, decline_swap, offer_swap, withdraw_swap

router = APIRouter(tags=["On call"])


class NewSwap(Body):
    """Your hours of a schedule for `to`; in a trade, theirs from `back_starts_at` to `back_ends_at` for you."""

    schedule: str
    to: str
    starts_at: Instant
    ends_at: Instant
    back_starts_at: Instant | None = None
    back_ends_at: Instant | None = None
    reason: str = ""


class NewLeave(Body):
    """Without `person` your own."""

    person: str | None = None
    starts_at: Instant
    ends_at: Instant
    note: str = ""


class NewShadow(Body):
    """Without `person` yourself; `of`: only while they have it, else whoever has it."""

    schedule: str
    person: str | None = None
    of: str | None = None
    starts_at: Instant | None = None
    ends_at: Instant


class Declined(Body):
    reason: str = ""


@router.get("/oncall/swaps")
async def swaps(
    asked: Asked,
    state: Literal["open", "accepted", "declined", "withdrawn", "lapsed", "all"] = "open",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Swaps asked by you or of you, to managers everybody's; the newest first."""
    found = await asked.ask(lambda connection: list_swaps(connection, asked.actor, state=state))
    return answer(slice_of(found, limit, cursor, fields_of))


@router.post("/oncall/swaps", status_code=201)
async def offer(asked: Asked, body: NewSwap) -> Response:
    """Offer hours of yours to somebody, who is told and has to agree."""
    command = OfferSwap(
        body.schedule, body.to, body.starts_at, body.ends_at, body.back_starts_at, body.back_ends_at, body.reason
    )
    return await asked.do(lambda c, now: {"id": offer_swap(c, asked.actor, command, now)}, 201)


@router.post("/oncall/swaps/{swap}/accept")
async def accept(asked: Asked, swap: str) -> Response:
    """Agree: both have their overrides at once."""

    def do(connection: Connection, now: datetime) -> Any:
        accept_swap(connection, asked.actor, swap, now)
        return {"id": swap, "state": "accepted"}

    return await asked.do(do)


@router.post("/oncall/swaps/{swap}/decline")
async def decline(asked: Asked, swap: str, body: Declined | None = None) -> Response:
    """Say no; who asked is told."""

    def do(connection: Connection, now: datetime) -> Any:
        decline_swap(connection, asked.actor, swap, now, body.reason if body else "")
        return {"id": swap, "state": "declined"}

    return await asked.do(do)


@router.delete("/oncall/swaps/{swap}")
async def withdraw(asked: Asked, swap: str) -> Response:
    """Take your own offer back."""

    def do(connection: Connection, now: datetime) -> Any:
        withdraw_swap(connection, asked.actor, swap, now)
        return {"id": swap, "state": "withdrawn"}

    return await asked.do(do)


@router.get("/oncall/leaves")
async def leaves(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Who is away now or will be; notes are for managers and for oneself."""
    found = await asked.ask(lambda connection: list_leaves(connection, asked.actor, asked.now))
    return answer(slice_of(found, limit, cursor, fields_of))


@router.post("/oncall/leaves", status_code=201)
async def leave(asked: Asked, body: NewLeave) -> Response:
    """Somebody is away: their shifts in that time are warned of, and stay theirs until somebody takes them."""
    person = body.person or asked.actor.person_id
    if person is None:
        raise Forbidden("this token is nobody's; say whose leave it is")
    command = AddLeave(person, body.starts_at, body.ends_at, body.note)
    return await asked.do(lambda c, now: {"id": add_leave(c, asked.actor, command, now)}, 201)


@router.delete("/oncall/leaves/{leave}")
async def end_leave(asked: Asked, leave: str) -> Response:
    """They are there after all."""

    def do(connection: Connection, now: datetime) -> Any:
        remove_leave(connection, asked.actor, leave, now)
        return {"id": leave, "removed": True}

    return await asked.do(do)


@router.get("/oncall/shadows")
async def shadows(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Who learns on which schedule now or later; they are told what whoever is on call is paged for, and owe nothing."""
    found = await asked.ask(lambda connection: list_shadows(connection, asked.actor, asked.now))
    return answer(slice_of(found, limit, cursor, fields_of))


@router.post("/oncall/shadows", status_code=201)
async def shadow(asked: Asked, body: NewShadow) -> Response:
    """Somebody shadows a schedule, or one person on it, from now on if it is not said from when."""
    person = body.person or asked.actor.person_id
    if person is None:
        raise Forbidden("this token is nobody's; say who shadows")

    def do(connection: Connection, now: datetime) -> Any:
        command = AddShadow(body.schedule, person, body.starts_at or now, body.ends_at, body.of)
        return {"id": add_shadow(connection, asked.actor, command, now)}

    return await asked.do(do, 201)


@router.delete("/oncall/shadows/{shadow}")
async def stop_shadowing(asked: Asked, shadow: str) -> Response:
    """They shadow no more."""

    def do(connection: Connection, now: datetime) -> Any:
        end_shadow(connection, asked.actor, shadow, now)
        return {"id": shadow, "ended": True}

    return await asked.do(do)
