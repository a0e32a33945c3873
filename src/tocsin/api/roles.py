"""Who leads, writes, works and knows; and who may see a restricted incident."""

from fastapi import APIRouter
from starlette.responses import Response

from tocsin.api.asking import Asked
from tocsin.api.body import Body
from tocsin.api.incidents import Number, change
from tocsin.incidents import usecases

router = APIRouter(tags=["Incidents"])


class RoleAssignment(Body):
    """`person` left out: whoever asks takes it."""

    role: str
    person: str | None = None
    replace: bool = False


class RoleReason(Body):
    role: str
    reason: str | None = None


class Handover(Body):
    role: str
    to: str
    note: str | None = None


class RoleName(Body):
    role: str


class Deputy(Body):
    person: str


class Restriction(Body):
    restricted: bool
    reason: str | None = None


class Member(Body):
    person: str
    member: bool = True


@router.post("/incidents/{number}/roles")
async def assign_role(asked: Asked, number: Number, body: RoleAssignment) -> Response:
    """Take a role, or give it."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.assign_role(c, asked.actor, i, body.role, body.person, now, replace=body.replace),
    )


@router.post("/incidents/{number}/roles/release")
async def release_role(asked: Asked, number: Number, body: RoleReason) -> Response:
    """Leave a role empty."""
    return await change(
        asked, number, lambda c, i, now: usecases.release_role(c, asked.actor, i, body.role, now, reason=body.reason)
    )


@router.post("/incidents/{number}/roles/handover")
async def offer_handover(asked: Asked, number: Number, body: Handover) -> Response:
    """Offer a role to another person, who must say yes."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.offer_handover(c, asked.actor, i, body.role, body.to, now, note=body.note),
    )


@router.post("/incidents/{number}/roles/accept")
async def accept_handover(asked: Asked, number: Number, body: RoleName) -> Response:
    """The yes of whom the role was offered to."""
    return await change(asked, number, lambda c, i, now: usecases.accept_handover(c, asked.actor, i, body.role, now))


@router.post("/incidents/{number}/roles/decline")
async def decline_handover(asked: Asked, number: Number, body: RoleReason) -> Response:
    """The no of whom the role was offered to."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.decline_handover(c, asked.actor, i, body.role, now, reason=body.reason),
    )


@router.post("/incidents/{number}/deputy")
async def deputy(asked: Asked, number: Number, body: Deputy) -> Response:
    """Name the commander's deputy."""
    return await change(asked, number, lambda c, i, now: usecases.name_deputy(c, asked.actor, i, body.person, now))


@router.post("/incidents/{number}/restricted")
async def restrict(asked: Asked, number: Number, body: Restriction) -> Response:
    """Show it to its members alone, or to everybody again."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.restrict(c, asked.actor, i, body.restricted, now, reason=body.reason),
    )


@router.post("/incidents/{number}/members")
async def member(asked: Asked, number: Number, body: Member) -> Response:
    """Add or remove one of those who may see it when it is restricted."""
    carry_out = usecases.add_member if body.member else usecases.remove_member
    return await change(asked, number, lambda c, i, now: carry_out(c, asked.actor, i, body.person, now))
