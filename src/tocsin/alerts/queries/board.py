"""Groups, their alerts and silences as the alerts' board and its counts show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, case, func, or_, select

from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_by_incident
from tocsin.store.prepared import Prepared
from tocsin.store.tables.alerts import alerts, groups, silences

NEWEST = 500  # alerts of a group that are looked at for when they fired


def open_group_count(connection: Connection, actor: Actor) -> int:
    """How many groups that page are open."""
    query = select(func.count()).where(
        groups.c.state == "open", groups.c.urgency == "page", visible_by_incident(actor, groups.c.incident_id)
    )
    return int(connection.execute(query).scalar_one())


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
    """Counted anew each time; of what the actor may know of.

    In a storm there are hundreds of thousands of alerts, so that those of a group that opened within the hour are not
    counted but read off it.
    """
    since, seen = now - timedelta(hours=1), visible_by_incident(actor, groups.c.incident_id)
    of_groups = select(
        func.coalesce(func.sum(groups.c.total), 0), func.count(), func.count(case((groups.c.urgency == "page", 1)))
    ).where(
        groups.c.state.in_(("open", "closing", "closed")),  # for its index
        groups.c.changed_at >= since,
        groups.c.opened_at >= since,
        seen,
    )
    came, opened, paging = connection.execute(of_groups).one()
    earlier = select(groups.c.id).where(
        groups.c.state.in_(("open", "closing", "closed")),
        groups.c.changed_at >= since,
        groups.c.opened_at < since,
        seen,
    )
    ids = list(connection.execute(earlier).scalars())
    if ids:
        joined = select(func.count()).where(alerts.c.group_id.in_(ids), alerts.c.received_at >= since)
        came += connection.execute(joined).scalar_one()
    silenced = (
        select(func.count())
        .select_from(alerts.join(groups, groups.c.id == alerts.c.group_id))
        .where(alerts.c.silenced_by.is_not(None), alerts.c.received_at >= since, seen)
    )
    return LastHour(int(came), connection.execute(silenced).scalar_one(), opened, paging)


def groups_now(connection: Connection, actor: Actor, *, closed: bool = False, limit: int = 100) -> list[Row[Any]]:
    """Groups by newest change: open and closing ones, or the closed ones."""
    wanted = groups.c.state == "closed" if closed else groups.c.state != "closed"
    query = (
        select(groups)
        .where(wanted, visible_by_incident(actor, groups.c.incident_id))
        .order_by(groups.c.changed_at.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def group_of(connection: Connection, actor: Actor, group_id: str) -> Row[Any] | None:
    """One group, if the actor may see it."""
    query = select(groups).where(groups.c.id == group_id, visible_by_incident(actor, groups.c.incident_id))
    return connection.execute(query).one_or_none()


def members(connection: Connection, group_ids: Iterable[str], each: int = 20) -> dict[str, list[Row[Any]]]:
    """The newest alerts of each group."""
    return {group_id: list(connection.execute(_NEWEST, {"group_id": group_id, "most": each})) for group_id in group_ids}


def silences_now(connection: Connection, now: datetime) -> list[Row[Any]]:
    """Silences in force or to come."""
    query = (
        select(silences).where(silences.c.cancelled_at.is_(None), silences.c.ends_at > now).order_by(silences.c.ends_at)
    )
    return list(connection.execute(query))


def spans_of(
    connection: Connection, group_id: str, since: datetime, most: int = NEWEST
) -> list[tuple[datetime, datetime | None]]:
    """From when until when each of a group's newest alerts fired, None while it does; not those over before `since`.

    The caller has checked the group.
    """
    return [
        (received_at, None if state == "firing" else ended_at)
        for received_at, ended_at, state in _SPANS.rows(connection, group_id=group_id, since=since, most=most)
    ]


# made once: a screen asks them of each of a hundred groups
_OF_GROUP, _MOST = alerts.c.group_id == bindparam("group_id"), bindparam("most", type_=Integer)
_NEWEST = select(alerts).where(_OF_GROUP).order_by(alerts.c.received_at.desc()).limit(_MOST)
_SPANS = Prepared(
    select(alerts.c.received_at, alerts.c.ended_at, alerts.c.state)
    .where(
        _OF_GROUP,
        or_(alerts.c.state == "firing", alerts.c.ended_at >= bindparam("since", type_=alerts.c.ended_at.type)),
    )
    .order_by(alerts.c.received_at.desc())
    .limit(_MOST)
)
