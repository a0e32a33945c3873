"""Episodes and groups, read under lock in one order, so that two writers never wait for each other in a ring."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    TableValuedAlias,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from tocsin.alerts import grouping
from tocsin.alerts.alert import Episode
from tocsin.alerts.grouping import Attended, Group
from tocsin.alerts.queries.finding import content_of
from tocsin.alerts.queries.rows import episode_from, episode_row, group_from, group_row
from tocsin.alerts.silences import Silence
from tocsin.alerts.usecases.segments import note_changed
from tocsin.engine.deadlines import reconcile
from tocsin.engine.tasks import COALESCING, owe
from tocsin.errors import Conflict
from tocsin.intake.signal import SEVERITIES
from tocsin.store.columns import is_postgresql
from tocsin.store.database import announce
from tocsin.store.prepared import Prepared, among, each_listed, insert_rows, listed
from tocsin.store.tables.alerts import alerts, claims, groups, place_among_episodes, silences

Key = tuple[str, str]
TOPIC = "alerts"
GROUP = "group"
QUIETING = "apply_quieting"
_ENTRY_EVERY = timedelta(minutes=1)


class Raced(Conflict):
    """Another process wrote the same episode or group first: what was decided here must be decided again."""


def latest_episodes(connection: Connection, keys: Iterable[Key]) -> dict[Key, Episode]:
    """The latest episode of each (integration, dedup key), locked in their order. Index: uq_alerts_episodes."""
    by_integration: dict[str, list[str]] = {}
    for integration_id, dedup_key in keys:
        by_integration.setdefault(integration_id, []).append(dedup_key)
    ids: list[str] = []
    for integration_id, dedup_keys in by_integration.items():
        wanted = listed(connection, dedup_keys)
        for firing, newest in _LATEST_IDS.rows(connection, integration_id=integration_id, keys=wanted):
            ids.extend(id for id in (firing, newest) if id)
    found: dict[Key, Episode] = {}
    if not ids:  # as of nearly all alerts of a storm
        return found
    for row in _LOCKED_ALERTS.rows(connection, ids=listed(connection, ids)):
        episode = episode_from(row)
        key = (episode.integration_id, episode.dedup_key)
        known = found.get(key)
        if known is None or episode.state == "firing" or known.state == "resolved":
            found[key] = episode
    return found


def latest_ids(integration_id: Any, dedup_keys: TableValuedAlias) -> Select[Any]:
    """Of each key the episode that fires, and the newest of those that are over.

    Both, since a clock that stepped back must not hide the one that fires. `dedup_keys`: the keys that are asked for,
    as the column `value`. Each key is looked up by itself, so that no planner can think of reading the whole table.
    """
    mine = (alerts.c.integration_id == integration_id) & (alerts.c.dedup_key == dedup_keys.c.value)
    place = place_among_episodes(alerts)
    return select(
        select(alerts.c.id).where(mine, place == literal_column("''")).scalar_subquery(),
        select(func.max(place)).where(mine).scalar_subquery(),
    ).select_from(dedup_keys)


def open_group_ids(connection: Connection, keys: Collection[Key]) -> list[str]:
    """The groups of these (route, key) that are not closed. Index: uq_groups_open."""
    return [row[0] for route, key in sorted(keys) for row in _OPEN_GROUP.rows(connection, route=route, key=key)]


def opened_since(connection: Connection, route: str, key: str, since: datetime) -> int:
    """How many groups of this route and key opened since then. Index: ix_groups_key."""
    return int(_OPENED_SINCE.rows(connection, route=route, key=key, since=since)[0][0])


def locked_groups(connection: Connection, ids: Iterable[str]) -> dict[str, Group]:
    """The groups, locked in the order of their ids."""
    if not (some := sorted(set(ids))):
        return {}
    wanted = listed(connection, some)
    return {row[0]: group_from(row) for row in _LOCKED_GROUPS.rows(connection, ids=wanted)}


def insert_alerts(connection: Connection, rows: list[tuple[Any, ...]], *, hopeful: bool) -> None:
    """New episodes as `stored_row` makes them; Raced, or if `hopeful` any error, when another process was first."""
    rows.sort(key=itemgetter(1, 2))  # by integration and dedup key, as they are locked
    if rows and insert_rows(connection, alerts, rows, hopeful=hopeful) != len(rows):
        raise Raced("an alert was opened by another process")


def update_episodes(
    connection: Connection, episodes: Sequence[Episode], before: Mapping[str, Episode], now: datetime
) -> None:
    """What changed in known episodes; of one that was only sent again, no more than that."""
    counted: list[tuple[str, int]] = []
    changed: list[dict[str, object]] = []
    reworded: list[tuple[datetime, str]] = []
    for each in sorted(episodes, key=lambda each: (each.integration_id, each.dedup_key)):
        was = before[each.id]
        if replace(each, last_at=was.last_at, received=was.received) == was:
            counted.append((each.id, each.received))
        else:
            if content_of(each) != content_of(was):
                reworded.append((each.received_at, each.id))
            changed.append({("row_id" if name == "id" else name): value for name, value in episode_row(each).items()})
    count_again(connection, counted, now)
    if changed:
        connection.execute(update(alerts).where(alerts.c.id == bindparam("row_id")), changed)
    note_changed(connection, reworded, now)


def count_again(connection: Connection, counted: Sequence[tuple[str, int]], now: datetime) -> None:
    """Of episodes that were only sent again: that it was now, and for the how-manieth time."""
    _COUNT_AGAIN.run_many(
        connection, [{"row_id": id, "last_at": now, "received": received} for id, received in counted]
    )


def insert_group(connection: Connection, group: Group) -> None:
    """A new group; Raced when another process opened it first."""
    row = group_row(group)
    if not is_postgresql(connection):
        connection.execute(insert(groups), row)
    elif not connection.execute(postgresql.insert(groups).values(**row).on_conflict_do_nothing()).rowcount:
        raise Raced("a group was opened by another process")


def update_group(connection: Connection, group: Group) -> None:
    """A known group as it is now."""
    row = group_row(group)
    _UPDATE_GROUP.run(connection, row_id=row.pop("id"), **{f"new_{name}": value for name, value in row.items()})


def count_group(connection: Connection, group: Group, before: Group) -> None:
    """A known group of which nothing but the counts has changed; when, only once a second.

    So a storm does not move its group in the index of changes with every commit.
    """
    counts = {"row_id": group.id, "new_firing": group.firing, "new_loud": group.loud, "new_total": group.total}
    if group.changed_at.replace(microsecond=0) == before.changed_at.replace(microsecond=0):
        _COUNT_GROUP.run(connection, **counts)
    else:
        _COUNT_GROUP_LATER.run(connection, **counts, new_changed_at=group.changed_at)


def tell(connection: Connection, group: Group, now: datetime) -> None:
    """Owe the later stages what the group's changes mean to them, and set its deadlines."""
    payload = {"group_id": group.id}
    if group.changes - {"counts"}:
        reconcile(connection, GROUP, group.id, grouping.wanted_deadlines(group), now)
    if grouping.needs_a_look(group):
        owe(connection, "look_at_group", GROUP, group.id, payload, now, paging=True)
    if group.inhibits:
        owe(connection, QUIETING, GROUP, group.id, {}, now, key=f"{COALESCING}{QUIETING}", paging=True)
    if grouping.declares(group):
        more = {**payload, "severity": group.declare}
        owe(connection, "declare_group", GROUP, group.id, more, now, key=group.id, paging=True)
    if group.incident_id is not None:
        more = {**payload, "incident_id": group.incident_id}
        if group.changes - {"counts", "loudness"}:
            key = f"{COALESCING}{GROUP}:{group.id}:state"
            owe(connection, "incident_group", GROUP, group.id, more, now, key=key)
        else:  # at most one entry a group a minute
            owe(connection, "incident_group", GROUP, group.id, more, now, not_before=now + _ENTRY_EVERY)
    announce(connection, TOPIC)


def silences_made(connection: Connection, now: datetime) -> list[Silence]:
    """The silences that people made and that are in force or will be."""
    return [Silence(*row) for row in _SILENCES.rows(connection, now=now)]


def claimed_keys(connection: Connection, incident_id: str, kind: str) -> list[str]:
    """What an incident claims, of one kind."""
    statement = select(claims.c.key).where(claims.c.incident_id == incident_id, claims.c.kind == kind)
    return list(connection.execute(statement).scalars())


def attended(connection: Connection, group: Group) -> Attended | None:
    """The open incident that claims a new group: one that had the same group before, else the newest on its service."""
    wanted = [(claims.c.kind == "group") & (claims.c.key == group_claim(group.route, group.key))]
    if group.services:
        wanted.append((claims.c.kind == "service") & claims.c.key.in_(group.services))
    statement = select(claims.c.incident_id, claims.c.kind, claims.c.key).where(or_(*wanted))
    if is_postgresql(connection):
        # An incident that ends now must see this group when it gives up its claims: then somebody looks at it.
        statement = statement.with_for_update(read=True)
    found = sorted(connection.execute(statement).all(), key=lambda row: (row.kind != "group", row.incident_id))
    if not found:
        return None
    first = next((row for row in found if row.kind == "group"), found[-1])
    because = "had this group before" if first.kind == "group" else f"already has {first.key}"
    rows = connection.execute(
        select(groups.c.severity, groups.c.urgency, groups.c.services).where(groups.c.incident_id == first.incident_id)
    ).all()
    return Attended(
        incident_id=first.incident_id,
        because=because,
        severity=min((row.severity for row in rows), key=SEVERITIES.index, default=None),
        urgency=min((row.urgency for row in rows), key=("page", "notify", "record").index, default=None),
        services=frozenset(claimed_keys(connection, first.incident_id, "service")).union(
            *(row.services for row in rows)
        ),
    )


def group_claim(route: str, key: str) -> str:
    """A group's route and key as a claim names them."""
    return f"{route}\n{key}"


_KEYS, _KEYS_POSTGRESQL = each_listed("keys")
_IDS, _IDS_POSTGRESQL = among(groups.c.id, "ids")
_LATEST_IDS = Prepared(
    latest_ids(bindparam("integration_id"), _KEYS),
    latest_ids(bindparam("integration_id"), _KEYS_POSTGRESQL),
)
_ALERT_IDS, _ALERT_IDS_POSTGRESQL = among(alerts.c.id, "ids")
_IN_THEIR_ORDER = (alerts.c.integration_id, alerts.c.dedup_key, alerts.c.id)
_LOCKED_ALERTS = Prepared(
    select(alerts).where(_ALERT_IDS).order_by(*_IN_THEIR_ORDER),
    select(alerts).where(_ALERT_IDS_POSTGRESQL).order_by(*_IN_THEIR_ORDER).with_for_update(),
)
_LOCKED_GROUPS = Prepared(
    select(groups).where(_IDS).order_by(groups.c.id),
    select(groups).where(_IDS_POSTGRESQL).order_by(groups.c.id).with_for_update(),
)
_COUNT_AGAIN = Prepared(
    update(alerts)
    .where(alerts.c.id == bindparam("row_id"))
    .values(last_at=bindparam("last_at"), received=bindparam("received"))
)
_OPEN_GROUP = Prepared(
    select(groups.c.id).where(
        groups.c.state != literal_column("'closed'"),
        groups.c.route == bindparam("route"),
        groups.c.key == bindparam("key"),
    )
)
_OPENED_SINCE = Prepared(
    select(func.count()).where(
        groups.c.route == bindparam("route"),
        groups.c.key == bindparam("key"),
        groups.c.opened_at > bindparam("since"),
    )
)
_UPDATE_GROUP = Prepared(
    update(groups)
    .where(groups.c.id == bindparam("row_id"))
    .values({column.name: bindparam(f"new_{column.name}") for column in groups.columns if column.name != "id"})
)
_COUNTED = update(groups).where(groups.c.id == bindparam("row_id"))
_COUNTS: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("firing", "loud", "total")}
_COUNT_GROUP = Prepared(_COUNTED.values(_COUNTS))
_COUNT_GROUP_LATER = Prepared(_COUNTED.values(**_COUNTS, changed_at=bindparam("new_changed_at")))
_SILENCES = Prepared(
    select(silences.c.id, silences.c.match, silences.c.starts_at, silences.c.ends_at, silences.c.cancelled_at).where(
        silences.c.ends_at > bindparam("now"), silences.c.cancelled_at.is_(None)
    )
)
