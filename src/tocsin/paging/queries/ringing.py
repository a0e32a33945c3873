"""Pages that ring for somebody now, and the page of each group."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_by_incident
from tocsin.store.tables.paging import page_log, pages

_PAGED = ("step", "attempt", "passed_on", "last_resort")


def ringing_for(connection: Connection, actor: Actor) -> list[Row[Any]]:
    """Open pages that have asked this person and that nobody has acknowledged; the screen method shows them.

    `seen` is false where the person is no member of the page's restricted incident: then its title may not be shown.
    """
    if actor.person_id is None:
        return []
    given = page_log.alias()  # who was asked before the page was given to others is not asked any more
    last_given = select(func.coalesce(func.max(given.c.seq), 0)).where(
        given.c.page_id == page_log.c.page_id, given.c.kind == "reassigned"
    )
    asked = select(page_log.c.page_id).where(
        page_log.c.person_id == actor.person_id,
        page_log.c.kind.in_(_PAGED),
        page_log.c.seq > last_given.scalar_subquery(),
    )
    query = (
        select(pages, visible_by_incident(actor, pages.c.incident_id).label("seen"))
        .where(pages.c.state == "open", pages.c.snoozed_until.is_(None), pages.c.id.in_(asked))
        .order_by(pages.c.urgency.desc(), pages.c.opened_at)  # what pages before what only notifies
        .limit(3)
    )
    return list(connection.execute(query))


def raised_since(connection: Connection, actor: Actor, since: datetime) -> int:
    """How many pages about groups that page opened since then, of incidents that the actor may know of."""
    query = select(func.count()).where(
        pages.c.state.in_(("open", "acknowledged", "ended")),  # for its index
        pages.c.opened_at >= since,
        pages.c.group_id.is_not(None),
        pages.c.urgency == "page",
        visible_by_incident(actor, pages.c.incident_id),
    )
    return int(connection.execute(query).scalar_one())


def of_groups(connection: Connection, group_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """The newest page of each group."""
    query = select(pages).where(pages.c.group_id.in_(list(group_ids))).order_by(pages.c.opened_at)
    return {row.group_id: row for row in connection.execute(query)}
