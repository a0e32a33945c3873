"""Pages: what rings, and what people answer to it."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection, select
from starlette.responses import Response

from tocsin.api.alerts import Snooze
from tocsin.api.asking import Asked, Desk, answer
from tocsin.api.body import Body, until
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, page_of, read_cursor
from tocsin.errors import Invalid
from tocsin.identity.actor import Actor, Right
from tocsin.identity.visibility import visible_incidents
from tocsin.incidents.queries import incident_id_of, state_of
from tocsin.organisation.queries import everything
from tocsin.paging import queries, usecases
from tocsin.paging.queries import PageView
from tocsin.paging.queries.simulating import whom
from tocsin.paging.usecases.handing import MOST_ASKED
from tocsin.paging.usecases.many import MOST
from tocsin.store.tables.timeline import incidents

router = APIRouter(tags=["Pages"])


class NewPage(Body):
    """`to` is a person, team, schedule, service or policy, by its id."""

    to: str = Field(min_length=1, examples=["dana", "checkout-api"])
    text: str
    detail: str = ""
    incident: int | str | None = None


class Reason(Body):
    reason: str


class OptionalReason(Body):
    reason: str = ""


class Reassignment(Body):
    """`to` is a person, team, schedule, service or policy, by its id."""

    to: str = Field(min_length=1, max_length=200, examples=["dana", "checkout"])
    reason: str = ""


class Helpers(Body):
    """Each of `to` is a person, team, schedule, service or policy, by its id, and gets a page of its own."""

    to: list[str] = Field(min_length=1, max_length=MOST_ASKED)
    text: str = ""


class PageNote(Body):
    text: str


class ManyPages(Body):
    pages: list[str] = Field(min_length=1, max_length=MOST)


@router.get("/pages")
async def pages(
    asked: Asked,
    state: Literal["open", "snoozed", "acknowledged", "ended", "live", "all"] = "live",
    person: str | None = None,
    incident: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Pages, the newest first; `live` are those that have not ended, `snoozed` those that are quiet until a time."""
    asked.actor.require(Right.VIEWER)
    before = read_cursor(cursor)
    if before is not None and not isinstance(before, str):
        raise Invalid("this cursor was not given out for this list", "cursor")

    def ask(connection: Connection) -> Any:
        of = incident_id_of(connection, asked.actor, incident) if incident else None
        found = queries.pages_list(
            connection, asked.actor, state=state, person=person, incident_id=of, limit=limit + 1, before=before
        )
        numbers = _numbers(connection, asked.actor, found)
        return page_of(found, limit, lambda page: page.id, lambda page: page_view(page, numbers))

    return answer(await asked.ask(ask))


@router.post("/pages", status_code=201)
async def page_by_hand(asked: Asked, body: NewPage) -> Response:
    """Page a person, team, schedule, service or policy now, until someone acknowledges."""

    def do(connection: Connection, now: datetime) -> Any:
        to, policy = whom(everything(connection), body.to)
        about: dict[str, Any] = {}
        if body.incident is not None:
            incident_id = incident_id_of(connection, asked.actor, body.incident)
            incident = state_of(connection, asked.actor, incident_id).incident
            about = {
                "incident_id": incident_id,
                "restricted": incident.restricted,
                "practice": incident.practice,
            }
        page_id = usecases.page_person(
            connection, asked.actor, to, body.text, now, detail=body.detail, policy=policy, **about
        )
        return _page(connection, asked.actor, page_id)

    return await asked.do(do, 201)


@router.get("/pages/{page}")
async def page(asked: Asked, page: str) -> Response:
    """One page with its log: attempts, receipts, reasons."""
    asked.actor.require(Right.VIEWER)
    return answer(await asked.ask(lambda connection: _page(connection, asked.actor, page)))


@router.post("/pages/{page}/acknowledge")
async def acknowledge(asked: Asked, page: str) -> Response:
    """Take the page. When somebody was faster, the answer says who; that is 200 too."""

    def do(connection: Connection, now: datetime) -> Any:
        done = usecases.acknowledge_page(connection, asked.actor, page, now, via=_via(asked))
        return {**fields_of(done), "acknowledged_by": done.by_name}

    return await asked.do(do)


@router.post("/pages/acknowledge")
async def acknowledge_many(asked: Asked, body: ManyPages) -> Response:
    """Take many pages; each is answered for by itself, so one that is over keeps none from being taken."""

    def do(connection: Connection, now: datetime) -> Any:
        answers = usecases.acknowledge_pages(connection, asked.actor, body.pages, now, via=_via(asked))
        return {"items": [_answered(each) for each in answers]}

    return await asked.do(do)


@router.post("/pages/{page}/snooze")
async def snooze(asked: Asked, page: str, body: Snooze) -> Response:
    """Keep a page quiet until a time; then, if it still stands, it begins again."""

    def do(connection: Connection, now: datetime) -> Any:
        at = until(now, body.until, body.length)
        usecases.snooze_page(connection, asked.actor, page, at, now, reason=body.reason)
        return _page(connection, asked.actor, page)

    return await asked.do(do)


@router.post("/pages/{page}/escalate")
async def escalate(asked: Asked, page: str, body: OptionalReason) -> Response:
    """Pass it on to the next step now."""

    def do(connection: Connection, now: datetime) -> Any:
        usecases.pass_on_page(connection, asked.actor, page, now, reason=body.reason)
        return _page(connection, asked.actor, page)

    return await asked.do(do)


@router.post("/pages/{page}/reassign")
async def reassign(asked: Asked, page: str, body: Reassignment) -> Response:
    """Give it to others, who are paged at once; whoever had it is told."""

    def do(connection: Connection, now: datetime) -> Any:
        usecases.reassign_page(connection, asked.actor, page, body.to, now, reason=body.reason)
        return _page(connection, asked.actor, page)

    return await asked.do(do)


@router.post("/pages/{page}/responders", status_code=201)
async def ask_to_help(asked: Asked, page: str, body: Helpers) -> Response:
    """Page more people about the same; who has the page keeps it."""

    def do(connection: Connection, now: datetime) -> Any:
        opened = usecases.ask_to_help(connection, asked.actor, page, body.to, now, text=body.text)
        return {"items": [_page(connection, asked.actor, each) for each in opened]}

    return await asked.do(do, 201)


@router.post("/pages/{page}/decline")
async def decline(asked: Asked, page: str, body: OptionalReason) -> Response:
    """Say that one can't help, to a page that asks for it."""

    def do(connection: Connection, now: datetime) -> Any:
        usecases.decline_page(connection, asked.actor, page, now, reason=body.reason)
        return _page(connection, asked.actor, page)

    return await asked.do(do)


@router.post("/pages/{page}/notes", status_code=201)
async def note(asked: Asked, page: str, body: PageNote) -> Response:
    """Write down what was found; after the acknowledgement that keeps the page from beginning again."""

    def do(connection: Connection, now: datetime) -> Any:
        usecases.note_on_page(connection, asked.actor, page, body.text, now)
        return _page(connection, asked.actor, page)

    return await asked.do(do, 201)


@router.post("/pages/{page}/end")
async def end(asked: Asked, page: str, body: Reason) -> Response:
    """End a page; everybody who was paged is told."""

    def do(connection: Connection, now: datetime) -> Any:
        usecases.end_page(connection, asked.actor, page, body.reason, now)
        return _page(connection, asked.actor, page)

    return await asked.do(do)


def _via(asked: Desk) -> str:
    return "cli" if asked.request.headers.get("user-agent", "").startswith("tocsin/") else "api"


def _answered(one: usecases.Answered) -> dict[str, Any]:
    done = one.acknowledged
    return {
        "page_id": one.page_id,
        "acknowledged": done is not None,
        "yours": done is not None and done.yours,
        "acknowledged_by": done.by_name if done is not None else None,
        "sentence": one.sentence,
    }


def page_view(page: PageView, numbers: dict[str, int]) -> dict[str, Any]:
    """A page as the API tells it, with the number of its incident; `state` may be `snoozed`, until `snoozed_until`."""
    return {**fields_of(page), "state": page.standing, "incident": numbers.get(page.incident_id or "")}


def _page(connection: Connection, actor: Actor, page_id: str) -> dict[str, Any]:
    found = queries.page_detail(connection, actor, page_id)
    view = page_view(found.page, _numbers(connection, actor, [found.page]))
    lines = [{**fields_of(line), "kind": line.event} for line in found.log]
    helpers = [page_view(each, _numbers(connection, actor, [each])) for each in found.helpers]
    return {**view, "log": lines, "next_people": found.next_people, "helpers": helpers}


def _numbers(connection: Connection, actor: Actor, found: list[PageView]) -> dict[str, int]:
    ids = {page.incident_id for page in found if page.incident_id}
    if not ids:
        return {}
    query = select(incidents.c.id, incidents.c.number).where(incidents.c.id.in_(ids), visible_incidents(actor))
    return {row.id: row.number for row in connection.execute(query)}
