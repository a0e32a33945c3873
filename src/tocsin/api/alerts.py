"""Alerts and their groups."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.alerts import queries
from tocsin.alerts.alert import Episode
from tocsin.alerts.grouping import Group
from tocsin.alerts.usecases import (
    ResolveGroup,
    SnoozeGroup,
    end_snooze,
    resolve_group,
    snooze_group,
)
from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Duration, Instant, until
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, page_of, read_cursor
from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.visibility import visible_incidents
from tocsin.paging.queries.why import whys
from tocsin.store.tables.timeline import incidents

router = APIRouter(tags=["Alerts"])


class Snooze(Body):
    """Either `until` or `for`."""

    until: Instant | None = None
    length: Duration | None = Field(default=None, alias="for")
    reason: str = Field(default="", max_length=2000)


class Resolve(Body):
    """Why it is over."""

    reason: str = Field(default="", max_length=2000)


@router.get("/alerts")
async def alerts(
    asked: Asked,
    state: Literal["firing", "resolved", "all"] = "all",
    service: str | None = None,
    label: Annotated[list[str] | None, Query(description="`name=value`; may be repeated, all must fit.")] = None,
    q: Annotated[
        str, Query(max_length=500, description="Words; each must begin a word of the title, service or labels.")
    ] = "",
    group: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Alerts, the newest first."""
    labels = _labels(label or [])
    after = _place(cursor)

    def ask(connection: Connection) -> Any:
        found = queries.alerts(
            connection,
            asked.actor,
            state=state,
            service=service,
            labels=labels,
            words=q,
            group_id=group,
            after=after,
            limit=limit + 1,
        )
        return page_of(found, limit, queries.place_of_alert, alert_view)

    return answer(await asked.ask(ask))


@router.get("/alerts/{alert}")
async def one_alert(asked: Asked, alert: str) -> Response:
    """One alert, and why it did or did not page."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        found = queries.alert(connection, asked.actor, alert)
        if found is None:
            raise NotFound("there is no such alert")
        return {**alert_view(found), "why": whys(connection, asked.actor, [found], asked.now)[found.id]}

    return answer(await asked.ask(ask))


@router.get("/groups")
async def groups(
    asked: Asked,
    state: Literal["open", "closing", "closed", "live", "all"] = "live",
    service: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Groups of alerts, the newest change first; `live` are those not closed."""
    after = _place(cursor)

    def ask(connection: Connection) -> Any:
        found = queries.groups(connection, asked.actor, state=state, service=service, after=after, limit=limit + 1)
        page = page_of(found, limit, queries.place_of_group, fields_of)
        page["items"] = _groups(connection, asked.actor, found[:limit])
        return page

    return answer(await asked.ask(ask))


@router.get("/groups/{group}")
async def one_group(asked: Asked, group: str) -> Response:
    """One group with its newest alerts, each with why it did or did not page."""
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        found = queries.group(connection, asked.actor, group)
        if found is None:
            raise NotFound("there is no such group")
        (view,) = _groups(connection, asked.actor, [found])
        members = queries.members(connection, asked.actor, [group], each=100)[group]
        said = whys(connection, asked.actor, members, asked.now)
        return {**view, "alerts": [{**alert_view(each), "why": said[each.id]} for each in members]}

    return answer(await asked.ask(ask))


@router.post("/groups/{group}/snooze")
async def snooze(asked: Asked, group: str, body: Snooze) -> Response:
    """Keep a group quiet until a time, unless it gets worse."""

    def do(connection: Connection, now: datetime) -> Any:
        at = until(now, body.until, body.length)
        snoozed = snooze_group(connection, asked.actor, SnoozeGroup(group, at, body.reason), now)
        return _groups(connection, asked.actor, [snoozed])[0]

    return await asked.do(do)


@router.delete("/groups/{group}/snooze")
async def wake(asked: Asked, group: str) -> Response:
    """The group may page again at once."""

    def do(connection: Connection, now: datetime) -> Any:
        return _groups(connection, asked.actor, [end_snooze(connection, asked.actor, group, now)])[0]

    return await asked.do(do)


@router.post("/groups/{group}/resolve")
async def resolve(asked: Asked, group: str, body: Resolve) -> Response:
    """What fires in the group is over; what its senders say of it afterwards counts as new."""

    def do(connection: Connection, now: datetime) -> Any:
        resolved = resolve_group(connection, asked.actor, ResolveGroup(group, body.reason), now)
        return _groups(connection, asked.actor, [resolved])[0]

    return await asked.do(do)


def alert_view(episode: Episode) -> dict[str, Any]:
    """An alert as the API tells it."""
    return {**fields_of(episode), "links": [{"title": title, "url": url} for title, url in episode.links]}


def _groups(connection: Connection, actor: Actor, found: list[Group]) -> list[dict[str, Any]]:
    """Groups with the number of their incident, where the actor may know of it."""
    ids = {group.incident_id for group in found if group.incident_id}
    query = incidents.select().with_only_columns(incidents.c.id, incidents.c.number)
    numbers: dict[str, int] = {}
    if ids:
        rows = connection.execute(query.where(incidents.c.id.in_(ids), visible_incidents(actor)))
        numbers = {row.id: row.number for row in rows}
    return [
        {
            **{name: value for name, value in fields_of(group).items() if name != "changes"},
            "incident": numbers.get(group.incident_id or ""),
        }
        for group in found
    ]


def _labels(given: list[str]) -> dict[str, str]:
    labels = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise Invalid(f"{each!r} is no label; write it as name=value", "label")
        labels[name] = value
    return labels


def _place(cursor: str | None) -> tuple[str, str] | None:
    place = read_cursor(cursor)
    if place is None:
        return None
    if not (isinstance(place, list) and len(place) == 2 and all(isinstance(each, str) for each in place)):
        raise Invalid("this cursor was not given out for this list", "cursor")
    return place[0], place[1]
