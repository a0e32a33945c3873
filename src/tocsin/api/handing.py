"""Handovers at shift change: what is open, what rang, what was noted, and that it was read."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.identity.actor import Actor, Right
from tocsin.incidents.queries.handover import Situation, became_of, situation
from tocsin.oncall.queries import find_schedule, on_call
from tocsin.oncall.queries.handing import Handover, held_since, last_handovers
from tocsin.oncall.usecases.handing import WriteNote, confirm_handover, write_note
from tocsin.organisation.queries import everything

router = APIRouter(tags=["On call"])
_DAY = timedelta(days=1)


class NewNote(Body):
    text: str


@router.get("/schedules/{schedule}/handover")
async def handover(asked: Asked, schedule: str) -> Response:
    """What to know when taking a schedule over: the last handover with its pages and notes, and what is open now."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        return _handover_now(connection, asked.actor, schedule, asked.now)

    return answer(await asked.ask(ask))


@router.get("/schedules/{schedule}/handovers")
async def handovers(asked: Asked, schedule: str, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """A schedule's handovers, the newest first: from whom to whom, when, its notes, and whether it was read."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> list[Handover]:
        find_schedule(connection, schedule)
        return last_handovers(connection, schedule, 500)

    return answer(slice_of(await asked.ask(ask), limit, cursor, fields_of))


@router.post("/schedules/{schedule}/handover/notes", status_code=201)
async def note(asked: Asked, schedule: str, body: NewNote) -> Response:
    """A note for whoever comes next, by who has the schedule or had it within four hours; managers may too."""

    def do(connection: Connection, now: datetime) -> Any:
        return {"id": write_note(connection, asked.actor, WriteNote(schedule, body.text), now)}

    return await asked.do(do, 201)


@router.post("/handovers/{handover}/read")
async def read(asked: Asked, handover: str) -> Response:
    """Who came says that they have read it."""

    def do(connection: Connection, now: datetime) -> Any:
        confirm_handover(connection, asked.actor, handover, now)
        return {"id": handover, "read": True}

    return await asked.do(do)


def _handover_now(connection: Connection, actor: Actor, schedule: str, now: datetime) -> dict[str, Any]:
    find_schedule(connection, schedule)
    present = on_call(connection, schedule, now)
    names = {id: each.name for id, each in everything(connection).people.items()}
    last = next(iter(last_handovers(connection, schedule)), None)
    since = held_since(connection, schedule, present.person, now) if present.person else None
    seen = situation(connection, actor, schedule, since or now - _DAY, now)
    ended = situation(connection, actor, schedule, last.began_at, last.changed_at) if last else None
    return {
        "schedule": schedule,
        "person": present.person,
        "since": since,
        "until": present.until,
        "then": present.next_person,
        "last": {**fields_of(last), "pages": _pages(ended, names)} if last and ended else None,
        "incidents": [fields_of(each) for each in seen.incidents],
        "groups": [
            {"id": each.id, "title": each.title, "severity": each.severity, "state": each.state, "firing": each.firing}
            for each in seen.groups
        ],
        "pages": _pages(seen, names),
        "notes": [fields_of(each) for each in seen.notes],
    }


def _pages(seen: Situation, names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "title": each.title,
            "opened_at": each.opened_at,
            "state": each.standing,
            "became": became_of(each, names),
        }
        for each in seen.pages
    ]
