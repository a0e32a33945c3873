"""Silences as people make them, and what they do to the alerts that fire."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from tocsin.alerts import silences as rules
from tocsin.alerts.silences import Silence
from tocsin.alerts.usecases.calm import silences_to_come
from tocsin.alerts.usecases.rows import (
    TOPIC,
    locked_groups,
    tell,
    update_group,
)
from tocsin.engine.deadlines import reconcile
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity import audit
from tocsin.identity.actor import Actor, Right
from tocsin.ids import new_id
from tocsin.intake.queries import integration_names
from tocsin.organisation.queries import everything
from tocsin.store.columns import lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.alerts import alerts, silences

SILENCE, MAINTENANCE = "silence", "maintenance"
LONGEST_SILENCE = timedelta(days=90)


@dataclass(frozen=True)
class CreateSilence:
    """Alerts that carry all of these labels do not page until `ends_at`; from `starts_at`, now if None. UTC."""

    match: Mapping[str, str] = field(default_factory=dict)
    ends_at: datetime | None = None
    reason: str = ""
    starts_at: datetime | None = None


@dataclass(frozen=True)
class ChangeSilence:
    """Let a silence end at another time (UTC), later or sooner; the reason stays if it is None."""

    silence_id: str
    ends_at: datetime
    reason: str | None = None


def create_silence(connection: Connection, actor: Actor, command: CreateSilence, now: datetime) -> Silence:
    """Keep matching alerts from paging. Invalid, with the field named, when it would silence everything or nothing."""
    actor.require(Right.RESPONDER, "alerts")
    match = {name.strip(): value for name, value in command.match.items() if name.strip() and value}
    if not match:
        raise Invalid("name at least one label and its value: a silence must not silence everything", "match")
    starts_at = max(command.starts_at or now, now)
    if command.ends_at is None:
        raise Invalid("say when the silence ends", "ends_at")
    _check_end(starts_at, command.ends_at, now)
    if not command.reason.strip():
        raise Invalid("say why, for whoever wonders why nobody was paged", "reason")
    silence = Silence(new_id(), match, starts_at, command.ends_at)
    connection.execute(
        insert(silences).values(
            id=silence.id,
            match=match,
            reason=command.reason.strip(),
            created_by=actor.id,
            created_at=now,
            starts_at=starts_at,
            ends_at=command.ends_at,
        )
    )
    _turned(connection, silence, now)
    data = {"match": match, "until": command.ends_at.isoformat(), "reason": command.reason.strip()}
    audit.record(connection, actor, "create silence", silence.id, data, now)
    return silence


def change_silence(connection: Connection, actor: Actor, command: ChangeSilence, now: datetime) -> Silence:
    """Make a silence longer or shorter while it holds. Raises NotFound, Invalid; Conflict once it is over."""
    actor.require(Right.RESPONDER, "alerts")
    row = _lock(connection, command.silence_id, now)
    _check_end(max(row.starts_at, now), command.ends_at, now)
    reason = row.reason if command.reason is None else command.reason.strip()
    if not reason:
        raise Invalid("say why, for whoever wonders why nobody was paged", "reason")
    changed = update(silences).where(silences.c.id == row.id)
    connection.execute(changed.values(ends_at=command.ends_at, reason=reason))
    silence = Silence(row.id, row.match, row.starts_at, command.ends_at)
    _turned(connection, silence, now)
    data = {"until": command.ends_at.isoformat(), "before": row.ends_at.isoformat(), "reason": reason}
    audit.record(connection, actor, "change silence", row.id, data, now)
    return silence


def cancel_silence(connection: Connection, actor: Actor, silence_id: str, now: datetime) -> None:
    """End a silence; what still fires under it may page at once. Raises NotFound, Conflict once it is over."""
    actor.require(Right.RESPONDER, "alerts")
    row = _lock(connection, silence_id, now)
    connection.execute(update(silences).where(silences.c.id == silence_id).values(cancelled_at=now))
    _turned(connection, Silence(row.id, row.match, row.starts_at, row.ends_at, now), now)
    audit.record(connection, actor, "cancel silence", silence_id, {}, now)


def apply_silences(connection: Connection, now: datetime) -> None:
    """Say of each alert that fires whether a silence covers it now, and of its group whether it may page."""
    names = integration_names(connection)
    present = silences_to_come(connection, now)
    firing = select(alerts).where(alerts.c.state == "firing").order_by(alerts.c.integration_id, alerts.c.dedup_key)
    delta: dict[str, int] = {}
    for row in connection.execute(lock_rows(connection, firing)).all():
        labels = {"integration": names.get(row.integration_id, ""), "severity": row.severity, **row.labels}
        if row.service is not None:
            labels["service"] = row.service
        found = rules.silenced_by(present, labels, now)
        if found == row.silenced_by:
            continue
        connection.execute(update(alerts).where(alerts.c.id == row.id).values(silenced_by=found))
        if (found is None) != (row.silenced_by is None) and row.group_id is not None:
            delta[row.group_id] = delta.get(row.group_id, 0) + (1 if found is None else -1)
    for group in locked_groups(connection, delta).values():
        loud = max(group.loud + delta[group.id], 0)
        changed = replace(group, loud=loud, changed_at=now)
        if (loud == 0) != (group.loud == 0):
            changed = replace(changed, changes=frozenset({"loudness"}))
        update_group(connection, changed)
        tell(connection, changed, now)


def turn_maintenance(connection: Connection, now: datetime) -> None:
    """Maintenance hours were changed, or begin or end: what they keep quiet, and when they turn next."""
    wanted = rules.maintenance_turns(everything(connection), now)
    reconcile(connection, SILENCE, MAINTENANCE, wanted, now)
    apply_silences(connection, now)
    announce(connection, TOPIC)


def _check_end(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if not starts_at < ends_at <= now + LONGEST_SILENCE:
        raise Invalid(f"a silence ends after it begins, at most {LONGEST_SILENCE.days} days from now", "ends_at")


def _lock(connection: Connection, silence_id: str, now: datetime) -> Row[Any]:
    row = connection.execute(lock_rows(connection, select(silences).where(silences.c.id == silence_id))).first()
    if row is None:
        raise NotFound(f"there is no silence {silence_id!r}")
    if row.cancelled_at is not None or row.ends_at <= now:
        raise Conflict("this silence is over already")
    return row


def _turned(connection: Connection, silence: Silence, now: datetime) -> None:
    reconcile(connection, SILENCE, silence.id, rules.wanted_deadlines(silence, now), now)
    apply_silences(connection, now)
    announce(connection, TOPIC)
