"""A person's own rules of when they are paged by what."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body
from tocsin.identity.actor import Right
from tocsin.paging import usecases
from tocsin.paging.preferences import Rule

router = APIRouter(tags=["People"])


class Rules(Body):
    """All of them, in order; the first that fits decides."""

    rules: tuple[Rule, ...]


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
