"""What people and incidents do to groups: snooze them, claim them, let them go."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from tocsin.alerts import queries
from tocsin.alerts.grouping import Group
from tocsin.alerts.usecases.rows import (
    GROUP,
    TOPIC,
    claimed_keys,
    group_claim,
    locked_groups,
    tell,
    update_group,
)
from tocsin.engine.tasks import owe
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity import audit
from tocsin.identity.actor import Actor, Right
from tocsin.store.columns import insert_or_ignore
from tocsin.store.database import announce
from tocsin.store.tables.alerts import claims, groups

LONGEST_SNOOZE = timedelta(days=30)


@dataclass(frozen=True)
class SnoozeGroup:
    """Keep a group quiet until an instant (UTC), unless it gets worse."""

    group_id: str
    until: datetime
    reason: str = ""


def snooze_group(connection: Connection, actor: Actor, command: SnoozeGroup, now: datetime) -> Group:
    """The group pages nobody until then. NotFound; Conflict when it is closed; Invalid for a time not meant."""
    actor.require(Right.RESPONDER, "alerts")
    if not now < command.until <= now + LONGEST_SNOOZE:
        raise Invalid(f"a group can be snoozed until a time in the next {LONGEST_SNOOZE.days} days", "until")
    group = _visible_and_locked(connection, actor, command.group_id)
    if group.state == "closed":
        raise Conflict("this group is closed: its alerts are resolved")
    snoozed = replace(
        group,
        snoozed_until=command.until,
        snoozed_by=actor.id,
        changed_at=now,
        changes=frozenset({"loudness"}),
    )
    return _keep(
        connection, actor, snoozed, "snooze group", {"until": command.until.isoformat(), "reason": command.reason}, now
    )


def end_snooze(connection: Connection, actor: Actor, group_id: str, now: datetime) -> Group:
    """The group may page again at once."""
    actor.require(Right.RESPONDER, "alerts")
    group = _visible_and_locked(connection, actor, group_id)
    if group.snoozed_until is None:
        raise Conflict("this group is not snoozed")
    return _keep(connection, actor, _awake(group, now), "end snooze of group", {}, now)


def snooze_is_over(connection: Connection, group_id: str, now: datetime) -> None:
    """Its time has come, unless it was snoozed again meanwhile."""
    group = locked_groups(connection, [group_id]).get(group_id)
    if group is not None and group.snoozed_until is not None and group.snoozed_until <= now:
        woken = _awake(group, now)
        update_group(connection, woken)
        tell(connection, woken, now)


def claim_for_incident(
    connection: Connection, incident_id: str, services: Iterable[str], group_ids: Iterable[str], now: datetime
) -> None:
    """Make these the claims of an open incident, and these groups its own.

    New groups on a claimed service, or like one of its groups, join the incident instead of paging, unless worse.
    A practice incident must claim nothing: a real alert would not page.
    """
    known = locked_groups(connection, group_ids)
    for group in known.values():
        if group.incident_id != incident_id:
            update_group(connection, replace(group, incident_id=incident_id, changed_at=now))
            announce(connection, TOPIC)
    for kind, wanted in (
        ("service", set(services)),
        ("group", {group_claim(group.route, group.key) for group in known.values()}),
    ):
        stored = set(claimed_keys(connection, incident_id, kind))
        for key in sorted(wanted - stored):
            insert_or_ignore(connection, claims, {"incident_id": incident_id, "kind": kind, "key": key})
        if gone := stored - wanted:
            mine = (claims.c.incident_id == incident_id) & (claims.c.kind == kind)
            connection.execute(delete(claims).where(mine, claims.c.key.in_(sorted(gone))))


def release_claims(connection: Connection, incident_id: str, now: datetime | None = None) -> None:
    """The incident is over: it claims nothing any more, and whatever of its groups still fires is looked at again."""
    if not connection.execute(delete(claims).where(claims.c.incident_id == incident_id)).rowcount or now is None:
        return
    still_open = select(groups.c.id).where(groups.c.incident_id == incident_id, groups.c.state == "open")
    for group_id in connection.execute(still_open.order_by(groups.c.id)).scalars().all():
        owe(connection, "look_at_group", GROUP, group_id, {"group_id": group_id}, now, paging=True)


def _visible_and_locked(connection: Connection, actor: Actor, group_id: str) -> Group:
    if queries.group(connection, actor, group_id) is None:
        raise NotFound(f"there is no alert group {group_id!r}")
    return locked_groups(connection, [group_id])[group_id]


def _awake(group: Group, now: datetime) -> Group:
    return replace(group, snoozed_until=None, snoozed_by=None, changed_at=now, changes=frozenset({"loudness"}))


def _keep(
    connection: Connection, actor: Actor, group: Group, action: str, data: dict[str, str], now: datetime
) -> Group:
    update_group(connection, group)
    tell(connection, group, now)
    audit.record(connection, actor, action, group.id, data, now, incident_id=group.incident_id)
    return group
