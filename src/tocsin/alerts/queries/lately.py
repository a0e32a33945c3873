"""How many alerts came in lately, and what became of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_by_incident
from tocsin.store.tables.alerts import alerts, groups

_ROUGHLY = timedelta(seconds=1)  # a group that alerts only join writes down its change once a second


@dataclass(frozen=True)
class LastHour:
    """What came in since an hour ago: alerts, those of them that a silence covered, and the groups they opened.

    `paging` are those of the groups that page, unless something keeps them quiet.
    """

    alerts: int
    silenced: int
    groups: int
    paging: int


def last_hour(connection: Connection, actor: Actor, now: datetime) -> LastHour:
    """Counted anew each time; of what the actor may know of."""
    since = now - timedelta(hours=1)
    opened = select(func.count(), func.count(case((groups.c.urgency == "page", 1)))).where(
        _touched(actor, since), groups.c.opened_at >= since
    )
    silenced = (
        select(func.count())
        .select_from(alerts.join(groups, groups.c.id == alerts.c.group_id))
        .where(
            alerts.c.silenced_by.is_not(None),
            alerts.c.received_at >= since,
            visible_by_incident(actor, groups.c.incident_id),
        )
    )
    return LastHour(
        received_since(connection, actor, since),
        connection.execute(silenced).scalar_one(),
        *connection.execute(opened).one(),
    )


def received_since(connection: Connection, actor: Actor, since: datetime) -> int:
    """How many alerts that the actor may know of came since then.

    In a storm they are hundreds of thousands. So those of a group that has opened since are read off it, and only what
    joined older groups is counted, by an index.
    """
    touched = _touched(actor, since)
    of_new = select(func.coalesce(func.sum(groups.c.total), 0)).where(touched, groups.c.opened_at >= since)
    older = list(connection.execute(select(groups.c.id).where(touched, groups.c.opened_at < since)).scalars())
    joined = 0
    if older:
        of_older = select(func.count()).where(alerts.c.group_id.in_(older), alerts.c.received_at >= since)
        joined = connection.execute(of_older).scalar_one()
    return int(connection.execute(of_new).scalar_one()) + joined


def _touched(actor: Actor, since: datetime) -> ColumnElement[bool]:
    """Groups that changed since then."""
    return and_(
        groups.c.state.in_(("open", "closing", "closed")),  # for its index
        groups.c.changed_at >= since - _ROUGHLY,
        visible_by_incident(actor, groups.c.incident_id),
    )
