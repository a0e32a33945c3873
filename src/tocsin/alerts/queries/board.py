"""Groups, their alerts and silences as the alerts' board and its counts show them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Row,
    Select,
    TableValuedAlias,
    bindparam,
    func,
    select,
    true,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from tocsin.alerts.alert import Episode
from tocsin.alerts.queries.rows import episode_from
from tocsin.identity.actor import Actor
from tocsin.identity.visibility import visible_by_incident
from tocsin.store.prepared import Prepared, each_listed, listed
from tocsin.store.tables.alerts import alerts, groups, silences

Columns = ReadOnlyColumnCollection[str, ColumnElement[Any]]
Span = tuple[datetime, datetime | None]
NEWEST = 500  # alerts of a group that are looked at for when they fired


def open_group_count(connection: Connection, actor: Actor) -> int:
    """How many groups that page are open."""
    query = select(func.count()).where(
        groups.c.state == "open", groups.c.urgency == "page", visible_by_incident(actor, groups.c.incident_id)
    )
    return int(connection.execute(query).scalar_one())


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


def members(connection: Connection, group_ids: Sequence[str], each: int = 20) -> dict[str, list[Episode]]:
    """The newest alerts of each group. The caller has checked the groups."""
    found: dict[str, list[Episode]] = {id: [] for id in group_ids}
    for row in _MEMBERS.rows(connection, ids=listed(connection, group_ids), most=each):
        episode = episode_from(row)
        found[episode.group_id or ""].append(episode)
    return found


def silences_now(connection: Connection, now: datetime) -> list[Row[Any]]:
    """Silences in force or to come."""
    query = (
        select(silences).where(silences.c.cancelled_at.is_(None), silences.c.ends_at > now).order_by(silences.c.ends_at)
    )
    return list(connection.execute(query))


def spans(
    connection: Connection, group_ids: Sequence[str], since: datetime, most: int = NEWEST
) -> dict[str, list[Span]]:
    """From when until when each of the groups' newest alerts fired, None while it does; not those over before `since`.

    As Tocsin was told, since not every sender says when something ended. The caller has checked the groups.
    """
    found: dict[str, list[Span]] = {id: [] for id in group_ids}
    for group_id, received_at, resolved_at in _SPANS.rows(
        connection, ids=listed(connection, group_ids), since=since, most=most
    ):
        found[group_id].append((received_at, resolved_at))
    return found


def _of_each_group(*columns: ColumnElement[Any], where: Callable[[Columns], ColumnElement[bool]]) -> Prepared:
    """These columns of the `most` newest alerts of each of the groups `ids`, of those that are `where`.

    One statement for all the groups, that looks at no more than these alerts however many a group has.
    """
    in_sqlite, in_postgresql = each_listed("ids")

    def newest(of: TableValuedAlias, *wanted: ColumnElement[Any]) -> Select[Any]:
        query = select(*wanted).where(alerts.c.group_id == of.c.value).correlate(of)
        return query.order_by(alerts.c.received_at.desc()).limit(bindparam("most", type_=Integer))

    def chosen(of: FromClause, found: FromClause) -> Select[Any]:
        query = select(*(of.c[column.name] for column in columns)).select_from(found)
        return query.where(where(of.c)).order_by(of.c.received_at.desc())

    each = alerts.alias()
    beside = newest(in_postgresql, *columns).lateral()
    return Prepared(
        chosen(each, in_sqlite.join(each, each.c.id.in_(newest(in_sqlite, alerts.c.id)))),
        chosen(beside, in_postgresql.join(beside, true())),
    )


def _fired_since(of: Columns) -> ColumnElement[bool]:
    return of.resolved_at.is_(None) | (of.resolved_at >= bindparam("since", type_=alerts.c.resolved_at.type))


_MEMBERS = _of_each_group(*alerts.columns, where=lambda _: true())
_SPANS = _of_each_group(alerts.c.group_id, alerts.c.received_at, alerts.c.resolved_at, where=_fired_since)
