"""Schedules that are made and changed here: a preview by the same rules, then saved from now on."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.fields import fields_of
from tocsin.api.organisation import view_of
from tocsin.errors import NotFound
from tocsin.identity.actor import Right
from tocsin.oncall.queries import find_schedule
from tocsin.oncall.queries.editing import preview
from tocsin.oncall.queries.imported import calendar_state
from tocsin.oncall.usecases.editing import SaveSchedule, remove_schedule, save_schedule
from tocsin.oncall.usecases.importing import fetch_calendar
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import source

router = APIRouter(tags=["On call"])


@router.get("/schedules/{schedule}")
async def schedule(asked: Asked, schedule: str) -> Response:
    """One schedule with its rotations; `source` says whether files own it, and which line."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: source(connection, "schedule", schedule))
    if found is None:
        raise NotFound(f"there is no schedule '{schedule}'")
    return answer(view_of(schedule, found))


@router.put("/schedules/{schedule}")
async def save(asked: Asked, schedule: str, body: Schedule) -> Response:
    """Make a schedule, or make it be so from now on; who was on call never changes. One from files is refused."""

    def do(connection: Connection, now: datetime) -> Any:
        save_schedule(connection, asked.actor, SaveSchedule(schedule, body), now)
        found = source(connection, "schedule", schedule)
        assert found is not None
        return view_of(schedule, found)

    return await asked.do(do)


@router.post("/schedules/{schedule}/preview")
async def look_ahead(asked: Asked, schedule: str, body: Schedule) -> Response:
    """Six weeks of a schedule as it would be: its shifts, its gaps, and when somebody else than now has it. Saves nothing."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: preview(connection, schedule, body, asked.now))
    return answer(
        {
            "from": found.start,
            "to": found.end,
            "shifts": [{"starts_at": each.start, "ends_at": each.end, "person": each.person} for each in found.shifts],
            "gaps": [{"starts_at": each.start, "ends_at": each.end} for each in found.gaps],
            "changes": [
                {"starts_at": each.start, "ends_at": each.end, "before": each.before, "after": each.after}
                for each in found.changes
            ],
        }
    )


@router.get("/schedules/{schedule}/calendar")
async def calendar(asked: Asked, schedule: str) -> Response:
    """How the calendar stands from which the schedule is read: when it was fetched, what was not understood."""
    asked.actor.require(Right.VIEWER)
    return answer(await asked.ask(lambda connection: _calendar(connection, schedule)))


@router.post("/schedules/{schedule}/calendar/fetch")
async def fetch(asked: Asked, schedule: str) -> Response:
    """Fetch it now; what came of it stands in GET a moment later."""

    def do(connection: Connection, now: datetime) -> Any:
        fetch_calendar(connection, asked.actor, schedule, now)
        return _calendar(connection, schedule)

    return await asked.do(do)


def _calendar(connection: Connection, schedule: str) -> Any:
    state = calendar_state(connection, schedule, find_schedule(connection, schedule))
    if state is None:
        raise NotFound(f"the schedule '{schedule}' is read from no calendar")
    return fields_of(state)


@router.delete("/schedules/{schedule}")
async def remove(asked: Asked, schedule: str) -> Response:
    """Remove a schedule that nothing pages."""

    def do(connection: Connection, now: datetime) -> Any:
        remove_schedule(connection, asked.actor, schedule, now)
        return {"id": schedule, "removed": True}

    return await asked.do(do)
