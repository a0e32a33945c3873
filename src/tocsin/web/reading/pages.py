"""Pages as the band, the phone and the lists show them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_by_incident
from tocsin.store.tables.engine import deadlines
from tocsin.store.tables.paging import page_log, pages

_PAGED = ("step", "attempt", "passed_on", "last_resort")


def ringing_for(connection: Connection, actor: Actor) -> list[Row[Any]]:
    """Open pages that have asked this person and that nobody has acknowledged; the screen method shows them."""
    if actor.person_id is None:
        return []
    asked = select(page_log.c.page_id).where(page_log.c.person_id == actor.person_id, page_log.c.kind.in_(_PAGED))
    query = (
        select(pages)
        .where(pages.c.state == "open", pages.c.id.in_(asked), visible_by_incident(actor, pages.c.incident_id))
        .order_by(pages.c.opened_at)
        .limit(3)
    )
    return list(connection.execute(query))


def page_of(connection: Connection, actor: Actor, page_id: str) -> Row[Any] | None:
    """One page, if the actor may see it."""
    query = select(pages).where(pages.c.id == page_id, visible_by_incident(actor, pages.c.incident_id))
    return connection.execute(query).one_or_none()


def of_groups(connection: Connection, group_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """The newest page of each group."""
    query = select(pages).where(pages.c.group_id.in_(list(group_ids))).order_by(pages.c.opened_at)
    return {row.group_id: row for row in connection.execute(query)}


def log_of(connection: Connection, page_id: str) -> list[Row[Any]]:
    """A page's log, oldest first."""
    return list(connection.execute(select(page_log).where(page_log.c.page_id == page_id).order_by(page_log.c.seq)))


def next_step_at(connection: Connection, page_id: str) -> Any:
    """When the page climbs next, UTC; None when nothing waits."""
    query = (
        select(deadlines.c.due_at)
        .where(deadlines.c.subject_kind == "page", deadlines.c.subject_id == page_id, deadlines.c.state == "waiting")
        .order_by(deadlines.c.due_at)
        .limit(1)
    )
    return connection.execute(query).scalar()
