"""How a person is reached: their methods, and their own rules of when they are paged by what."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, Desk, answer
from tocsin.api.body import Body
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.identity.actor import Right
from tocsin.paging import usecases
from tocsin.paging.preferences import Rule

router = APIRouter(tags=["People"])


class NewMethod(Body):
    kind: str = Field(examples=["email", "ntfy", "webhook"])
    target: str
    label: str = ""


class Code(Body):
    code: str


class Rules(Body):
    """All of them, in order; the first that fits decides."""

    rules: tuple[Rule, ...]


@router.get("/people/{person}/methods")
async def methods(asked: Asked, person: str, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """How a person can be reached, in the order in which it is tried."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: usecases.list_methods(connection, asked.actor, person))
    return answer(slice_of(found, limit, cursor, fields_of))


@router.post("/people/{person}/methods", status_code=201)
async def add_method(asked: Asked, person: str, body: NewMethod) -> Response:
    """Add a method; a code is sent by it, which must be entered before pages go that way."""

    def do(connection: Connection, now: datetime) -> Any:
        added = usecases.add_method(connection, asked.actor, person, body.kind, body.target, now, label=body.label)
        return {"id": added.id, "secret": added.secret}

    return await asked.do(do, 201, told_once=("secret",))


@router.post("/methods/{method}/code")
async def send_code(asked: Asked, method: str) -> Response:
    """Send another code."""
    return await _method(asked, method, lambda c, now: usecases.send_code(c, asked.actor, method, now))


@router.post("/methods/{method}/verify")
async def verify_method(asked: Asked, method: str, body: Code) -> Response:
    """Enter the code that came by the method."""
    return await _method(asked, method, lambda c, now: usecases.verify_method(c, asked.actor, method, body.code, now))


@router.post("/methods/{method}/vouch")
async def vouch_for_method(asked: Asked, method: str) -> Response:
    """An administrator vouches for a method without a code."""
    return await _method(asked, method, lambda c, now: usecases.prove_method(c, asked.actor, method, now))


@router.post("/methods/{method}/test")
async def test_method(asked: Asked, method: str) -> Response:
    """Send a test page by it."""
    return await _method(asked, method, lambda c, now: usecases.test_method(c, asked.actor, method, now))


@router.delete("/methods/{method}")
async def remove_method(asked: Asked, method: str) -> Response:
    """Take a method away."""
    return await _method(asked, method, lambda c, now: usecases.remove_method(c, asked.actor, method, now))


@router.get("/people/{person}/rules")
async def rules(asked: Asked, person: str) -> Response:
    """The person's own rules: at which hours and for how bad a thing which methods are used; without methods, quiet."""
    asked.actor.require(Right.VIEWER)
    return answer(await asked.ask(lambda connection: _rules(connection, asked, person)))


@router.put("/people/{person}/rules")
async def set_rules(asked: Asked, person: str, body: Rules) -> Response:
    """Put these rules in the place of those before. What is critical or Sev1 pierces every quiet one."""

    def do(connection: Connection, now: datetime) -> Any:
        usecases.set_rules(connection, asked.actor, person, body.rules, now)
        return _rules(connection, asked, person)

    return await asked.do(do)


def _rules(connection: Connection, asked: Asked, person: str) -> Any:
    found = usecases.list_rules(connection, asked.actor, person)
    return {"rules": [{**rule.model_dump(mode="json"), "sentence": rule.sentence()} for rule in found]}


async def _method(asked: Desk, method: str, work: Any) -> Response:
    def do(connection: Connection, now: datetime) -> Any:
        work(connection, now)
        return {"id": method}

    return await asked.do(do)
