"""Alerts, groups and silences, as an actor may see them: what hangs on a hidden incident is in no list and no count."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, case, func, literal, or_, select, type_coerce

from tocsin.alerts.alert import Episode
from tocsin.alerts.grouping import Group
from tocsin.alerts.queries.finding import Search, before_point, search
from tocsin.alerts.queries.lately import received_since
from tocsin.alerts.queries.rows import episode_of, group_of
from tocsin.alerts.search import sought
from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.visibility import visible_by_incident
from tocsin.store.tables.alerts import alerts as alert_rows
from tocsin.store.tables.alerts import groups as group_rows
from tocsin.store.tables.alerts import silences as silence_rows

_FEW = 5_000  # alerts that fire: read through rather than looked for among all
Place = tuple[datetime | str, str]
"""Where a list goes on: the instant and the id of the last row shown (`place_of_group`, `place_of_alert`)."""


@dataclass(frozen=True)
class Counts:
    """Groups that are not closed, and what came in the last hour."""

    open_groups: int
    paging_groups: int
    closing_groups: int
    firing_alerts: int
    alerts_last_hour: int


@dataclass(frozen=True)
class SilenceView:
    """A silence with who made it and why."""

    id: str
    match: Mapping[str, str]
    reason: str
    created_by: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None
    covers: int


def group(connection: Connection, actor: Actor, group_id: str) -> Group | None:
    """One group; None when there is none or the actor may not know of it."""
    row = connection.execute(
        select(group_rows).where(group_rows.c.id == group_id, visible_by_incident(actor, group_rows.c.incident_id))
    ).first()
    return group_of(row) if row else None


def groups(
    connection: Connection,
    actor: Actor,
    *,
    state: Literal["open", "closing", "closed", "live", "all"] = "live",
    service: str | None = None,
    incident_id: str | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> list[Group]:
    """Groups, the newest change first; `live` are those not closed. Index: ix_groups_state_changed."""
    actor.require(Right.VIEWER, "alerts")
    wanted: list[ColumnElement[bool]] = [visible_by_incident(actor, group_rows.c.incident_id)]
    if state == "live":
        wanted.append(group_rows.c.state.in_(("open", "closing")))
    elif state != "all":
        wanted.append(group_rows.c.state == state)
    if service is not None:
        wanted.append(_holds(group_rows.c.services, json.dumps(service, ensure_ascii=False)))
    if incident_id is not None:
        wanted.append(group_rows.c.incident_id == incident_id)
    if after is not None:
        wanted.append(_beyond(group_rows.c.changed_at, group_rows.c.id, after))
    newest = (group_rows.c.changed_at.desc(), group_rows.c.id.desc())
    statement = select(group_rows).where(*wanted).order_by(*newest).limit(limit)
    return [group_of(row) for row in connection.execute(statement)]


def alert(connection: Connection, actor: Actor, alert_id: str) -> Episode | None:
    """One alert; None when there is none or the actor may not know of it."""
    row = connection.execute(_visible_alerts(actor).where(alert_rows.c.id == alert_id)).first()
    return episode_of(row) if row else None


def alerts(
    connection: Connection,
    actor: Actor,
    *,
    state: Literal["firing", "resolved", "all"] = "all",
    service: str | None = None,
    labels: Mapping[str, str] | None = None,
    words: str = "",
    group_id: str | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> list[Episode]:
    """Alerts, the newest first; `labels` are all carried, `words` all begin a word of the title, key or labels.

    One index each: of all, a group, a service, those that fire; labels and words by `search`.
    """
    actor.require(Right.VIEWER, "alerts")
    wanted = sought(words, labels)
    statement = _visible_alerts(actor)
    if state != "all":
        # written out: SQLite takes an index of those that fire for nothing else
        statement = statement.where(alert_rows.c.state == literal(state, literal_execute=True))
    if service is not None:
        statement = statement.where(alert_rows.c.service == service)
    if group_id is not None:
        statement = statement.where(alert_rows.c.group_id == group_id)
    before = _point(after) if after is not None else None
    if wanted:
        for name, value in wanted.labels.items():
            pair = json.dumps({name: value}, ensure_ascii=False, separators=(",", ":"))[1:-1]
            statement = statement.where(_holds(alert_rows.c.labels, pair))
        few = state == "firing" and _fire_few(connection)
        return search(connection, Search(statement, wanted, service, group_id, before, through=few), limit)
    if before is not None:
        statement = statement.where(before_point(before))
    newest = (alert_rows.c.received_at.desc(), alert_rows.c.id.desc())
    return [episode_of(row) for row in connection.execute(statement.order_by(*newest).limit(limit))]


def _fire_few(connection: Connection) -> bool:
    firing = select(alert_rows.c.id).where(alert_rows.c.state == literal("firing", literal_execute=True))
    some = firing.limit(_FEW + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) <= _FEW


def members(connection: Connection, actor: Actor, group_ids: Sequence[str], each: int = 20) -> dict[str, list[Episode]]:
    """The newest alerts of each group, at most `each`."""
    return {id: alerts(connection, actor, group_id=id, limit=each) for id in group_ids}


def counts(connection: Connection, actor: Actor, now: datetime) -> Counts:
    """What the overview and the bell say."""
    seen = visible_by_incident(actor, group_rows.c.incident_id)
    live = group_rows.c.state != "closed"

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    row = connection.execute(
        select(
            number(group_rows.c.state == "open"),
            number(and_(group_rows.c.state == "open", group_rows.c.urgency == "page")),
            number(group_rows.c.state == "closing"),
            func.coalesce(func.sum(group_rows.c.firing), 0),
        ).where(seen, live)
    ).one()
    opened, paging, closing, firing = (int(value) for value in row)
    return Counts(opened, paging, closing, firing, received_since(connection, actor, now - timedelta(hours=1)))


def silences(connection: Connection, actor: Actor, now: datetime, *, over: bool = False) -> list[SilenceView]:
    """The silences in force or to come, with how many firing alerts each covers; with `over` the hundred last ones."""
    actor.require(Right.VIEWER, "alerts")
    is_over = or_(silence_rows.c.ends_at <= now, silence_rows.c.cancelled_at.is_not(None))
    covered = (
        select(func.count())
        .where(alert_rows.c.silenced_by == silence_rows.c.id, alert_rows.c.state == "firing")
        .scalar_subquery()
    )
    statement = select(silence_rows, covered.label("covers")).where(is_over if over else ~is_over)
    rows = connection.execute(statement.order_by(silence_rows.c.ends_at.desc()).limit(100))
    return [SilenceView(**row._mapping) for row in rows]


def find_silence(connection: Connection, actor: Actor, silence_id: str, now: datetime) -> SilenceView:
    """One that is in force or to come. Raises NotFound."""
    found = next((each for each in silences(connection, actor, now) if each.id == silence_id), None)
    if found is None:
        raise NotFound(f"there is no silence {silence_id!r} that still holds")
    return found


def place_of_group(shown: Group) -> Place:
    """Where the list of groups goes on after this one."""
    return shown.changed_at, shown.id


def place_of_alert(shown: Episode) -> Place:
    """Where the list of alerts goes on after this one."""
    return shown.received_at, shown.id


def _visible_alerts(actor: Actor) -> Select[Any]:
    # what never fired (its end came first) is nobody's business
    return (
        select(alert_rows)
        .outerjoin(group_rows, group_rows.c.id == alert_rows.c.group_id)
        .where(alert_rows.c.received > 0, visible_by_incident(actor, group_rows.c.incident_id))
    )


def _holds(column: ColumnElement[Any], fragment: str) -> ColumnElement[bool]:
    """Whether a JSON text holds a fragment, compared exactly; quotes inside values are escaped, so it can't lie."""
    text = type_coerce(column, Text)
    return func.replace(text, literal(fragment, Text), "") != text


def _beyond(instant: ColumnElement[datetime], id: ColumnElement[str], after: Place) -> ColumnElement[bool]:
    at, last = _point(after)
    return and_(instant <= at, or_(instant < at, and_(instant == at, id < last)))


def _point(after: Place) -> tuple[datetime, str]:
    told, last = after
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else told
    except ValueError:
        raise Invalid("this cursor was not given out for this list", "cursor") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC), str(last)
