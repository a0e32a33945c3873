"""Postmortems and follow-ups."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import PlainTextResponse, Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Instant
from tocsin.api.fields import fields_of
from tocsin.api.incidents import Number, change
from tocsin.api.lists import Cursor, Limit, page_of, read_cursor, slice_of
from tocsin.api.views import changed_view
from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import Right
from tocsin.incidents.queries import incident_id_of, state_of
from tocsin.organisation.queries import everything
from tocsin.review import queries, usecases
from tocsin.review.invitation import Guest, invitation
from tocsin.review.postmortem import shape, times
from tocsin.review.queries import FollowupRow

router = APIRouter(tags=["Review"])


class Sections(Body):
    """One `section` with its `text`, or several as `sections`; in Markdown."""

    section: str | None = None
    text: str | None = None
    sections: dict[str, str] = {}

    def all(self) -> dict[str, str]:
        """Every section that is said."""
        if (self.section is None) != (self.text is None):
            raise Invalid("a section goes with its text", "section" if self.section is None else "text")
        one = {self.section: self.text} if self.section is not None and self.text is not None else {}
        if not (one or self.sections):
            raise Invalid("say which section is written", "section")
        return {**self.sections, **one}


class Meeting(Body):
    meeting_at: Instant | None = None


class Followup(Body):
    title: str
    what: str = Field(examples=["detection", "defence", "tests", "docs"])
    owner: str | None = None
    due_at: Instant | None = None


class FollowupChange(Body):
    owner: str | None = None
    due_at: Instant | None = None
    state: Literal["open", "done", "dropped"] | None = None
    note: str | None = None


class Artifact(Body):
    what: str = Field(examples=["logs", "prs", "commits", "dashboards", "chats"])
    available: bool = True
    title: str | None = None
    url: str | None = None


@router.get("/incidents/{number}/postmortem")
async def postmortem(asked: Asked, number: Number) -> Response:
    """When it is due, what was written, the times and the shape of the incident."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        state = state_of(connection, asked.actor, incident_id_of(connection, asked.actor, number))
        return {
            "number": state.incident.number,
            "title": state.incident.title,
            **state.review.model_dump(mode="json"),
            "times": times(state),
            "shape": shape(state, asked.now),
        }

    return answer(await asked.ask(ask))


@router.get("/incidents/{number}/postmortem.md")
async def postmortem_document(asked: Asked, number: Number) -> Response:
    """The postmortem as Markdown: drafted from the timeline, with what people wrote."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> str:
        incident_id = incident_id_of(connection, asked.actor, number)
        return queries.postmortem_markdown(connection, asked.actor, incident_id, asked.now)

    return PlainTextResponse(await asked.ask(ask), media_type="text/markdown")


@router.get("/incidents/{number}/postmortem.ics")
async def meeting_invitation(asked: Asked, number: Number) -> Response:
    """The review's meeting as iCalendar."""
    asked.actor.require(Right.VIEWER)
    base = asked.parts.settings.outside_url

    def ask(connection: Connection) -> bytes:
        state = state_of(connection, asked.actor, incident_id_of(connection, asked.actor, number))
        if state.review.meeting_at is None:
            raise Conflict("no meeting is set yet")
        known = everything(connection).people
        people = [known[person] for person in state.review.invited if person in known]
        return invitation(
            incident_id=state.incident.id,
            number=state.incident.number,
            title="restricted" if state.incident.restricted else state.incident.title,
            meeting_at=state.review.meeting_at,
            sequence=state.seq,
            organizer="tocsin@localhost",
            guests=[Guest(person.name, person.email) for person in people if person.email],
            url=f"{base}/postmortems/{state.incident.number}",
            now=asked.now,
        )

    return Response(await asked.ask(ask), media_type="text/calendar")


@router.put("/incidents/{number}/postmortem")
async def write_sections(asked: Asked, number: Number, body: Sections) -> Response:
    """Write sections; those that are not named stay as they are."""
    sections = body.all()
    return await change(asked, number, lambda c, i, now: usecases.save_sections(c, asked.actor, i, sections, now))


@router.post("/incidents/{number}/postmortem/schedule")
async def schedule(asked: Asked, number: Number, body: Meeting) -> Response:
    """Set the review, or move its meeting; those who had a role are invited by e-mail."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.schedule_review(c, asked.actor, i, now, meeting_at=body.meeting_at),
    )


@router.post("/incidents/{number}/postmortem/publish")
async def publish(asked: Asked, number: Number) -> Response:
    """Publish it; what is still missing is told."""
    return await change(asked, number, lambda c, i, now: usecases.publish_postmortem(c, asked.actor, i, now))


@router.post("/incidents/{number}/artifacts", status_code=201)
async def artifact(asked: Asked, number: Number, body: Artifact) -> Response:
    """Add an artifact, or say that there is none of its kind."""
    return await change(
        asked,
        number,
        lambda c, i, now: usecases.mark_artifact(
            c, asked.actor, i, body.what, now, available=body.available, title=body.title, url=body.url
        ),
        201,
    )


@router.get("/postmortems")
async def reviews(asked: Asked, state: str | None = None, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Postmortems, those not published first; at most a thousand."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: queries.reviews(connection, asked.actor, state=state, limit=1000))
    return answer(slice_of(found, limit, cursor, lambda each: {**fields_of(each), "incident": each.number}))


@router.get("/followups")
async def followups(
    asked: Asked,
    state: Literal["open", "done", "dropped", "all"] = "open",
    owner: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Follow-ups of all incidents, in the order in which they were noted."""
    return await _followups(asked, state, owner, None, limit, cursor)


@router.get("/incidents/{number}/followups")
async def followups_of(
    asked: Asked,
    number: Number,
    state: Literal["open", "done", "dropped", "all"] = "all",
    owner: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Follow-ups of one incident."""
    return await _followups(asked, state, owner, number, limit, cursor)


@router.post("/incidents/{number}/followups", status_code=201)
async def add_followup(asked: Asked, number: Number, body: Followup) -> Response:
    """Note work that comes of the incident."""

    def do(connection: Connection, now: datetime) -> Any:
        changed, followup_id = usecases.add_followup(
            connection,
            asked.actor,
            incident_id_of(connection, asked.actor, number),
            body.what,
            body.title,
            now,
            owner=body.owner,
            due_at=body.due_at,
        )
        return changed_view(connection, changed, followup_id=followup_id)

    return await asked.do(do, 201)


@router.patch("/followups/{followup}")
async def change_followup(asked: Asked, followup: str, body: FollowupChange) -> Response:
    """Give a follow-up another owner, day or state."""

    def do(connection: Connection, now: datetime) -> Any:
        changed = usecases.change_followup(connection, asked.actor, followup, now, **dict(body))
        return changed_view(connection, changed)

    return await asked.do(do)


async def _followups(
    asked: Asked, state: str, owner: str | None, number: str | None, limit: int, cursor: str | None
) -> Response:
    asked.actor.require(Right.VIEWER)
    after = read_cursor(cursor)
    if after is not None and not isinstance(after, str):
        raise Invalid("this cursor was not given out for this list", "cursor")

    def ask(connection: Connection) -> Any:
        return queries.list_followups(
            connection,
            asked.actor,
            state=None if state == "all" else state,
            owner=owner,
            incident_id=incident_id_of(connection, asked.actor, number) if number else None,
            after=after,
            limit=limit + 1,
        )

    return answer(page_of(await asked.ask(ask), limit, lambda row: row.id, _followup))


def _followup(row: FollowupRow) -> dict[str, Any]:
    return {**fields_of(row), "incident": row.number, "what": row.kind}
