"""Declaring and leading incidents."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import PlainTextResponse, Response

from tocsin.api.asking import Asked, Desk, answer
from tocsin.api.body import Body, Instant
from tocsin.api.lists import Cursor, Limit, page_of, read_cursor
from tocsin.api.reading.incidents import Filter, list_incidents
from tocsin.api.views import changed_view, entry_views, names, state_view
from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.incidents import usecases
from tocsin.incidents.command import Changed, read_bundle
from tocsin.incidents.decide import Declare
from tocsin.incidents.document import incident_document
from tocsin.incidents.queries import incident_id_of, read_entries, state_of
from tocsin.runbook.events import services_of

router = APIRouter(tags=["Incidents"])

Number = Annotated[str, Path(description="An incident's number: 147 or INC-147.", examples=["147"])]
Change = Callable[[Connection, str, datetime], Changed]


class NewIncident(Body):
    """What is known at the declare."""

    title: str
    severity: int = Field(description="1 is the worst, 3 the least.", examples=[2])
    services: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    restricted: bool = False
    practice: bool = False
    impact_started_at: Instant | None = None
    reason: str | None = None


class Title(Body):
    title: str


class SeverityChange(Body):
    severity: int
    reason: str | None = None


class PhaseChange(Body):
    phase: str
    reason: str | None = None


class Note(Body):
    text: str
    happened_at: Instant | None = None


class Correction(Body):
    corrects: int = Field(ge=1, le=2_000_000_000, description="The entry's seq.")
    text: str | None = None
    happened_at: Instant | None = None


class Tick(Body):
    step: str
    note: str | None = None


class GroupLink(Body):
    group: str


class Merge(Body):
    into: int | str = Field(description="The number of the incident that goes on.")
    reason: str | None = None


class Reason(Body):
    reason: str


class Redaction(Body):
    entry: int = Field(ge=1, le=2_000_000_000, description="The entry's seq.")
    fields: tuple[str, ...] = ()
    reason: str | None = None


async def change(asked: Desk, number: str, work: Change, status: int = 200, **more: Any) -> Response:
    """Carry out a command on the incident with this number; answers its new state and the entries made."""

    def do(connection: Connection, now: datetime) -> Any:
        incident_id = incident_id_of(connection, asked.actor, number)
        return changed_view(connection, work(connection, incident_id, now), **more)

    return await asked.do(do, status)


@router.get("/incidents")
async def incidents(
    asked: Asked,
    state: Literal["open", "closed", "all"] = "open",
    severity: Annotated[int | None, Query(ge=1, le=3)] = None,
    practice: bool | None = None,
    service: Annotated[str | None, Query(max_length=100, description="The id of a service that is hit.")] = None,
    team: Annotated[str | None, Query(max_length=100, description="The id of a team whose services are hit.")] = None,
    since: Annotated[Instant | None, Query(description="Declared at or after.")] = None,
    until: Annotated[Instant | None, Query(description="Declared before.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Words of the title, or a number.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Incidents, the newest first."""
    asked.actor.require(Right.VIEWER)
    before = read_cursor(cursor)
    if before is not None and not isinstance(before, int):
        raise Invalid("this cursor was not given out for this list", "cursor")
    wanted = Filter(state, severity, practice, q, service, team, since, until)
    rows = await asked.ask(
        lambda connection: list_incidents(connection, asked.actor, wanted, before=before, limit=limit + 1)
    )
    return answer(page_of(rows, limit, lambda row: row.number, lambda row: dict(row._mapping)))


@router.post("/incidents", status_code=201)
async def declare(asked: Asked, body: NewIncident) -> Response:
    """Declare an incident; what the runbook says follows."""
    command = Declare(**dict(body))

    def do(connection: Connection, now: datetime) -> Any:
        return changed_view(connection, usecases.declare(connection, asked.actor, command, now))

    return await asked.do(do, 201)


@router.get("/incidents/{number}")
async def incident(asked: Asked, number: Number) -> Response:
    """The whole state: phase, roles, clocks, gates, checklist, checks, decisions."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        state = state_of(connection, asked.actor, incident_id_of(connection, asked.actor, number))
        return state_view(connection, asked.actor, state, asked.now)

    return answer(await asked.ask(ask))


@router.get("/incidents/{number}/timeline")
async def timeline(
    asked: Asked,
    number: Number,
    after: Annotated[int | None, Query(ge=0, le=2_000_000_000, description="Only entries with a larger seq.")] = None,
    kind: Annotated[list[str] | None, Query(description="Only these kinds; may be repeated.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The timeline, oldest first."""
    asked.actor.require(Right.VIEWER)
    place = read_cursor(cursor)
    if place is not None and not isinstance(place, int):
        raise Invalid("this cursor was not given out for this list", "cursor")
    start = max(place or 0, after or 0)

    def ask(connection: Connection) -> Any:
        incident_id = incident_id_of(connection, asked.actor, number)
        entries = read_entries(connection, incident_id, after=start, limit=limit + 1, kinds=kind)
        return page_of(entry_views(connection, entries), limit, lambda view: view["seq"])

    return answer(await asked.ask(ask))


@router.get("/incidents/{number}/document.md")
async def document(asked: Asked, number: Number) -> Response:
    """The shared document as Markdown."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> str:
        incident_id = incident_id_of(connection, asked.actor, number)
        state = state_of(connection, asked.actor, incident_id)
        runbook = read_bundle(connection, state.incident.bundle_digest).effective(services_of(state))
        return incident_document(state, read_entries(connection, incident_id), runbook, names(connection), asked.now)

    return PlainTextResponse(await asked.ask(ask), media_type="text/markdown")


@router.post("/incidents/{number}/title")
async def rename(asked: Asked, number: Number, body: Title) -> Response:
    """Give it another title."""
    return await change(asked, number, lambda c, i, now: usecases.rename(c, asked.actor, i, body.title, now))


@router.post("/incidents/{number}/severity")
async def severity(asked: Asked, number: Number, body: SeverityChange) -> Response:
    """Raise the severity at once, or lower it with a reason."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.change_severity(c, asked.actor, i, body.severity, now, reason=body.reason),
    )


@router.post("/incidents/{number}/phase")
async def phase(asked: Asked, number: Number, body: PhaseChange) -> Response:
    """Move it to a phase whose gate is met."""
    return await change(
        asked, number, lambda c, i, now: usecases.change_phase(c, asked.actor, i, body.phase, now, reason=body.reason)
    )


@router.post("/incidents/{number}/gates/override", tags=["Verification"])
async def override_gate(asked: Asked, number: Number, body: PhaseChange) -> Response:
    """Enter a phase though its gate is not met; the reason is shown for ever."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.change_phase(c, asked.actor, i, body.phase, now, reason=body.reason, override=True),
    )


@router.post("/incidents/{number}/notes", status_code=201)
async def note(asked: Asked, number: Number, body: Note) -> Response:
    """A line on the timeline."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.add_note(c, asked.actor, i, body.text, now, happened_at=body.happened_at),
        201,
    )


@router.post("/incidents/{number}/corrections", status_code=201)
async def correct(asked: Asked, number: Number, body: Correction) -> Response:
    """A new entry that says what is right of an earlier one."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.correct_entry(
            c, asked.actor, i, body.corrects, now, text=body.text, happened_at=body.happened_at
        ),
        201,
    )


@router.post("/incidents/{number}/checklist")
async def tick(asked: Asked, number: Number, body: Tick) -> Response:
    """Tick a step of the first five minutes."""
    return await change(
        asked, number, lambda c, i, now: usecases.tick_step(c, asked.actor, i, body.step, now, note=body.note)
    )


@router.post("/incidents/{number}/groups")
async def link_group(asked: Asked, number: Number, body: GroupLink) -> Response:
    """Add an alert group."""
    return await change(asked, number, lambda c, i, now: usecases.link_group(c, asked.actor, i, body.group, now))


@router.post("/incidents/{number}/merge")
async def merge(asked: Asked, number: Number, body: Merge) -> Response:
    """End it in another incident, which goes on."""

    def do(connection: Connection, now: datetime) -> Any:
        gone = incident_id_of(connection, asked.actor, number)
        into = incident_id_of(connection, asked.actor, body.into)
        ended, survivor = usecases.merge(connection, asked.actor, gone, into, now, reason=body.reason)
        return changed_view(connection, ended, survivor)

    return await asked.do(do)


@router.post("/incidents/{number}/cancel")
async def cancel(asked: Asked, number: Number, body: Reason) -> Response:
    """It was no incident."""
    return await change(asked, number, lambda c, i, now: usecases.cancel(c, asked.actor, i, body.reason, now))


@router.post("/incidents/{number}/runbook")
async def move_runbook(asked: Asked, number: Number) -> Response:
    """Go on under the runbooks as they are now."""
    return await change(asked, number, lambda c, i, now: usecases.move_to_current_runbook(c, asked.actor, i, now))


@router.post("/incidents/{number}/redactions")
async def redact(asked: Asked, number: Number, body: Redaction) -> Response:
    """Remove an entry's free text here and wherever it was copied; the chain stays whole."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.redact_entry(
            c, asked.actor, i, body.entry, now, fields=body.fields, reason=body.reason
        ),
    )
