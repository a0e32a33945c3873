"""Alerts that others than their senders call over: a person, or that nothing was heard of them for long."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from tocsin.alerts import grouping, queries
from tocsin.alerts.alert import UNHEARD
from tocsin.alerts.grouping import Group
from tocsin.alerts.usecases.rows import GROUP, locked_groups, tell, update_group
from tocsin.engine.tasks import owe
from tocsin.engine.work import Job
from tocsin.errors import Conflict, NotFound
from tocsin.identity import audit
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.store.columns import lock_rows
from tocsin.store.tables.alerts import alerts

RESOLVING = "resolve_alerts"
_AT_ONCE = 5_000
"""Alerts in one transaction, so that a storm's group does not hold up what comes in meanwhile."""


@dataclass(frozen=True)
class ResolveGroup:
    """All that fires in a group is over, says a person."""

    group_id: str
    reason: str = ""


def resolve_group(connection: Connection, actor: Actor, command: ResolveGroup, now: datetime) -> Group:
    """Call over what fires in the group, for whatever its senders never end; what they send afterwards counts as new.

    Its flap window runs from now on: firing again within it is no new page. NotFound; Conflict when nothing fires.
    """
    actor.require(Right.RESPONDER, "alerts")
    seen = queries.group(connection, actor, command.group_id)
    if seen is None:
        raise NotFound(f"there is no alert group {command.group_id!r}")
    if seen.state != "open":
        raise Conflict("the alerts of this group are resolved already")
    by = actor.person_id or actor.id
    group, _ = _end_some(connection, seen.id, now, by, now)
    data = {"reason": command.reason.strip(), "alerts": str(seen.firing)}
    audit.record(connection, actor, "resolve group", group.id, data, now, incident_id=group.incident_id)
    return group


def end_more(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `resolve_alerts` {by, until}: what one transaction left of a group that was called over."""
    until = datetime.fromisoformat(job.payload["until"])
    _end_some(connection, job.subject_id, until, job.payload["by"], now)


def end_unheard(connection: Connection, group_id: str, now: datetime) -> None:
    """What nothing was heard of for as long as the group waits is over; for the rest it looks again."""
    known = queries.group(connection, SYSTEM, group_id)
    if known is None or known.state != "open" or known.resolve_after is None:
        return
    group, oldest = _end_some(connection, group_id, now - known.resolve_after, UNHEARD, now)
    if oldest is not None:
        group = grouping.heard(group, oldest, now)
        update_group(connection, group)
        tell(connection, group, now)


def _end_some(
    connection: Connection, group_id: str, until: datetime, by: str, now: datetime
) -> tuple[Group, datetime | None]:
    """End what fires in the group and was last heard of by then, and when the oldest of the rest was heard of."""
    firing = (alerts.c.group_id == group_id) & (alerts.c.state == "firing")
    found = _locked(connection, group_id, until)
    ids = [row.id for row in found]
    ended = {"state": "resolved", "resolved_at": now, "resolved_by": by}
    connection.execute(update(alerts).where(alerts.c.id.in_(ids)).values(ended))
    group = locked_groups(connection, [group_id])[group_id]
    oldest = connection.execute(select(func.min(alerts.c.last_at)).where(firing)).scalar()
    if ids:
        group = grouping.called_over(group, len(ids), sum(row.silenced_by is None for row in found), by, now)
        update_group(connection, group)
        tell(connection, group, now)
        group = replace(group, changes=frozenset())
    if by != UNHEARD and len(ids) == _AT_ONCE:
        payload = {"by": by, "until": until.isoformat()}
        owe(connection, RESOLVING, GROUP, group_id, payload, now, paging=True)
    return group, oldest


def _locked(connection: Connection, group_id: str, until: datetime) -> list[Row[Any]]:
    """Alerts before their group, and in their order, as intake locks them. Index: ix_alerts_group_id."""
    wanted = (
        select(alerts.c.id, alerts.c.silenced_by)
        .where(alerts.c.group_id == group_id, alerts.c.state == "firing", alerts.c.last_at <= until)
        .order_by(alerts.c.integration_id, alerts.c.dedup_key, alerts.c.id)
        .limit(_AT_ONCE)
    )
    return list(connection.execute(lock_rows(connection, wanted)).all())
