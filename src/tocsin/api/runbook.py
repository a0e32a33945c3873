"""The runbook: as it is in force, and checked, explained, simulated."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tocsin.api.asking import Asked, Desk, answer
from tocsin.api.body import Body
from tocsin.api.fields import fields_of
from tocsin.errors import NotFound
from tocsin.identity.actor import Right
from tocsin.organisation.queries import everything
from tocsin.runbook.bundle import default_text
from tocsin.runbook.check import check_text, checked_runbook
from tocsin.runbook.explain import explain_text
from tocsin.runbook.simulate import simulate

router = APIRouter(tags=["Runbook"])


class Text(Body):
    """`text` is the Markdown; left out: the organisation's own as it is now."""

    text: str | None = Field(default=None, max_length=1_000_000)


class CheckText(Text):
    """With `service` the text is a service's runbook, which adds to the base and tightens it."""

    service: bool = False


class Night(Text):
    severity: int = Field(default=1, ge=1, le=3)


@router.get("/runbook")
async def runbook(asked: Asked, service: str | None = None) -> Response:
    """The Markdown in force: the base, or a service's own."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        organisation = everything(connection)
        if service is None:
            return {"service": None, "text": organisation.base_runbook or default_text()}
        if service not in organisation.services:
            raise NotFound(f"there is no service '{service}'")
        return {"service": service, "text": organisation.runbook_for(service)}

    return answer(await asked.ask(ask))


@router.post("/runbook/check")
async def check(asked: Asked, body: CheckText) -> Response:
    """Every mistake, and every sentence that disagrees with its block."""
    text, base = await _text(asked, body)

    def work() -> Any:
        found = check_text(text, checked_runbook(base) if body.service else None)
        return {"findings": [{**fields_of(each), "sentence": str(each)} for each in found]}

    return answer(await run_in_threadpool(work))


@router.post("/runbook/explain")
async def explain(asked: Asked, body: Text) -> Response:
    """In plain sentences what happens when."""
    text, _ = await _text(asked, body)
    return answer({"explained": await run_in_threadpool(explain_text, text)})


@router.post("/runbook/simulate")
async def play(asked: Asked, body: Night) -> Response:
    """A night on a simulated clock: the timeline that it would make."""
    text, _ = await _text(asked, body)
    return answer({"timeline": (await run_in_threadpool(simulate, text, body.severity)).splitlines()})


async def _text(asked: Desk, body: Text) -> tuple[str, str]:
    asked.actor.require(Right.VIEWER)
    base = await asked.ask(lambda connection: everything(connection).base_runbook) or default_text()
    return (body.text if body.text is not None else base), base
