"""Reading reviews: what is due, whose follow-ups are open. Visibility is in each query."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_incidents
from tocsin.incidents.queries import state_of
from tocsin.incidents.usecases.neighbours import names
from tocsin.review.postmortem import markdown
from tocsin.store.tables.review import followups, postmortems
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.journal import read_entries


@dataclass(frozen=True)
class ReviewRow:
    """A postmortem in a list; times UTC."""

    incident_id: str
    number: int
    title: str
    severity: int
    state: str
    due_at: datetime
    meeting_at: datetime | None
    published_at: datetime | None
    resolved_at: datetime | None = None


@dataclass(frozen=True)
class FollowupRow:
    """A follow-up in a list; times UTC."""

    id: str
    incident_id: str
    number: int
    kind: str
    title: str
    owner: str | None
    due_at: datetime | None
    state: str
    created_at: datetime


def reviews(connection: Connection, actor: Actor, *, state: str | None = None, limit: int = 100) -> list[ReviewRow]:
    """Postmortems, those not published first, then the newest."""
    query = (
        select(postmortems, incidents.c.number, incidents.c.title, incidents.c.severity, incidents.c.resolved_at)
        .join(incidents, incidents.c.id == postmortems.c.incident_id)
        .where(visible_incidents(actor))
        .order_by(postmortems.c.published_at.is_not(None), postmortems.c.due_at.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(postmortems.c.state == state)
    return [
        ReviewRow(
            row.incident_id,
            row.number,
            row.title,
            row.severity,
            row.state,
            row.due_at,
            row.meeting_at,
            row.published_at,
            row.resolved_at,
        )
        for row in connection.execute(query)
    ]


def reviews_due(connection: Connection, actor: Actor) -> int:
    """How many postmortems are not published yet."""
    query = (
        select(func.count())
        .select_from(postmortems.join(incidents, incidents.c.id == postmortems.c.incident_id))
        .where(postmortems.c.state == "draft", visible_incidents(actor))
    )
    return int(connection.execute(query).scalar_one())


def list_followups(
    connection: Connection,
    actor: Actor,
    *,
    state: str | None = "open",
    owner: str | None = None,
    incident_id: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[FollowupRow]:
    """Follow-ups of all incidents that the actor may see, by id (the order in which they were noted)."""
    query = (
        select(followups, incidents.c.number)
        .join(incidents, incidents.c.id == followups.c.incident_id)
        .where(visible_incidents(actor))
        .order_by(followups.c.id)
        .limit(limit)
    )
    for column, value in (
        (followups.c.state, state),
        (followups.c.owner, owner),
        (followups.c.incident_id, incident_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(followups.c.id > after)
    return [
        FollowupRow(
            row.id, row.incident_id, row.number, row.kind, row.title, row.owner, row.due_at, row.state, row.created_at
        )
        for row in connection.execute(query)
    ]


def postmortem_markdown(connection: Connection, actor: Actor, incident_id: str, now: datetime) -> str:
    """The postmortem of one incident as Markdown; NotFound when the actor may not know of it."""
    state = state_of(connection, actor, incident_id)
    return markdown(state, read_entries(connection, incident_id), names(connection), now)
