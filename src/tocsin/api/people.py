"""People, invitations, tokens and the audit trail."""

from datetime import datetime

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Duration
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, page_of, read_cursor, slice_of
from tocsin.errors import Invalid, NotFound
from tocsin.identity.accounts import (
    Account,
    account_of,
    all_accounts,
    change_right,
    deactivate_account,
    reactivate_account,
)
from tocsin.identity.actor import Right
from tocsin.identity.queries import audit_rows
from tocsin.identity.sessions import create_token, list_tokens, revoke_token
from tocsin.organisation import usecases as organisation

router = APIRouter(tags=["People"])


class Invitation(Body):
    """A further person who may sign in. `person` is their slug.

    Whom the organisation has already keeps the name and e-mail that it has; others need both.
    """

    person: str = Field(min_length=1, max_length=100, examples=["dana"])
    name: str = Field(default="", max_length=200)
    email: str | None = None
    time_zone: str = Field(default="UTC", examples=["Africa/Lagos"])
    right: str = Field(default="responder", examples=["viewer", "responder", "manager", "admin"])


class NewToken(Body):
    """A token for oneself, or with the right of an administrator for nobody (`mine: false`)."""

    name: str = Field(min_length=1, max_length=200)
    scopes: list[str] = Field(min_length=1, examples=[["respond"], ["freeze:read"]])
    expires_in: Duration | None = None
    mine: bool = True


class PersonChange(Body):
    """What an administrator changes of an account."""

    right: str | None = None
    active: bool | None = None


@router.get("/me")
async def me(asked: Asked) -> Response:
    """Who the token or session is, with right and scopes."""
    actor = asked.actor
    return answer(
        {
            "id": actor.id,
            "kind": actor.kind,
            "name": actor.name,
            "person": actor.person_id,
            "right": actor.right.word,
            "scopes": sorted(actor.scopes) if actor.scopes is not None else None,
        }
    )


@router.get("/people")
async def people(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Everybody who may sign in."""
    asked.actor.require(Right.VIEWER)
    return answer(slice_of(await asked.ask(all_accounts), limit, cursor, person_view))


@router.get("/people/{person}")
async def one_person(asked: Asked, person: str) -> Response:
    """One person."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: account_of(connection, person))
    if found is None:
        raise NotFound(f"{person} has no account; invite them first")
    return answer(person_view(found))


@router.patch("/people/{person}")
async def change_person(asked: Asked, person: str, body: PersonChange) -> Response:
    """Change a person's right, or end and resume their account."""
    right = _right(body.right) if body.right is not None else None

    def work(connection: Connection, now: datetime) -> object:
        if right is not None:
            change_right(connection, asked.actor, person, right, now)
        if body.active is not None:
            (reactivate_account if body.active else deactivate_account)(connection, asked.actor, person, now)
        found = account_of(connection, person)
        return person_view(found) if found else None

    return await asked.do(work)


@router.post("/invitations", status_code=201)
async def invite(asked: Asked, body: Invitation) -> Response:
    """Invite a person, who can be on call from now on; answers with the link that lets them in once, told this one time."""
    right = _right(body.right)
    base = asked.parts.settings.outside_url

    def work(connection: Connection, now: datetime) -> object:
        wanted = organisation.Invitation(body.person, right, body.name, body.email, body.time_zone)
        invited = organisation.invite_person(connection, asked.actor, wanted, now)
        return {"person": body.person, "name": invited.name, "link": f"{base}/sign-in/{invited.secret}"}

    return await asked.do(work, 201, told_once=("link",))


@router.get("/tokens")
async def tokens(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """One's own tokens; all of them for an administrator."""
    asked.actor.require(Right.VIEWER)
    rows = await asked.ask(lambda connection: list_tokens(connection, asked.actor))
    return answer(slice_of(rows, limit, cursor, lambda row: {**fields_of(row), "right": row.right.word}))


@router.post("/tokens", status_code=201)
async def new_token(asked: Asked, body: NewToken) -> Response:
    """Make a token; its secret is told this one time."""

    def work(connection: Connection, now: datetime) -> object:
        token_id, secret = create_token(
            connection,
            asked.actor,
            body.name,
            body.scopes,
            now,
            person_id=asked.actor.person_id if body.mine else None,
            expires_at=now + body.expires_in if body.expires_in else None,
        )
        return {"id": token_id, "name": body.name, "scopes": sorted(set(body.scopes)), "token": secret}

    return await asked.do(work, 201, told_once=("token",))


@router.delete("/tokens/{token}")
async def end_token(asked: Asked, token: str = Path(description="Its id.")) -> Response:
    """Revoke a token at once."""

    def work(connection: Connection, now: datetime) -> object:
        revoke_token(connection, asked.actor, token, now)
        return {"id": token, "revoked": True}

    return await asked.do(work)


@router.get("/audit")
async def audit(asked: Asked, actor: str | None = None, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """What was done outside of incidents' timelines, newest first."""
    before = read_cursor(cursor)
    rows = await asked.ask(
        lambda connection: audit_rows(connection, asked.actor, by=actor, before=before, limit=limit + 1)
    )
    return answer(page_of(rows, limit, lambda row: row.id, fields_of))


def person_view(account: Account) -> dict[str, object]:
    """A person as the API tells them."""
    return {
        "id": account.person_id,
        "name": account.name,
        "email": account.email,
        "right": account.right.word,
        "created_at": account.created_at,
        "deactivated_at": account.deactivated_at,
    }


def _right(word: str) -> Right:
    try:
        return Right.parse(word)
    except ValueError as error:
        raise Invalid(str(error), "right") from None
