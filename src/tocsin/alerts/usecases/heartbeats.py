"""What is done to heartbeats: they are set up, they beat, and they turn late."""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from tocsin.alerts import heartbeats as rules
from tocsin.alerts.heartbeats import HEARTBEATS, Heartbeat
from tocsin.alerts.queries.heartbeats import SECRET, heartbeat_of
from tocsin.alerts.usecases.fold import fold_received
from tocsin.alerts.usecases.rows import TOPIC
from tocsin.engine.deadlines import reconcile
from tocsin.engine.work import Job
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity import audit
from tocsin.identity.actor import Actor, Right
from tocsin.identity.keys import keys_of, token_hash
from tocsin.ids import new_id
from tocsin.intake.signal import SEVERITIES, Received
from tocsin.store.columns import lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.alerts import heartbeats

SUBJECT = "heartbeat"


@dataclass(frozen=True)
class CreateHeartbeat:
    """Something that must be heard of at least `every`; `grace` is how much later it may be."""

    name: str
    every: timedelta
    grace: timedelta = timedelta(minutes=1)
    service: str | None = None
    severity: str = "error"


def create_heartbeat(
    connection: Connection, actor: Actor, command: CreateHeartbeat, now: datetime
) -> tuple[Heartbeat, str]:
    """A heartbeat, and the secret of its URL; its first beat arms it. Invalid names the field; Conflict."""
    actor.require(Right.MANAGER, "alerts")
    name = command.name.strip()
    if not re.fullmatch(r"[^\x00-\x1f]{1,200}", name):
        raise Invalid("a heartbeat needs a name of at most 200 characters", "name")
    if not rules.SHORTEST <= command.every <= rules.LONGEST:
        raise Invalid("a heartbeat is awaited every 30 seconds to 31 days", "every")
    if not timedelta(0) <= command.grace <= rules.LONGEST:
        raise Invalid("a heartbeat may be up to 31 days late", "grace")
    severity = next((each for each in SEVERITIES if each == command.severity), None)
    if severity is None:
        raise Invalid(f"a severity is one of {', '.join(SEVERITIES)}", "severity")
    if connection.execute(select(heartbeats.c.id).where(heartbeats.c.name == name)).first():
        raise Conflict(f"there is a heartbeat {name!r} already; choose another name")
    service = (command.service or "").strip() or None
    made = Heartbeat(new_id(), name, service, severity, command.every, command.grace, "new", now)
    secret = secrets.token_hex(16)  # also in an address, which servers on the way may write in small letters
    connection.execute(
        insert(heartbeats).values(
            id=made.id,
            name=made.name,
            service=made.service,
            severity=made.severity,
            every_seconds=int(made.every.total_seconds()),
            grace_seconds=int(made.grace.total_seconds()),
            state=made.state,
            secret_hash=token_hash(secret),
            secret_sealed=keys_of(connection).seal(SECRET, secret),
            created_at=now,
        )
    )
    audit.record(connection, actor, "create heartbeat", made.id, {"name": name}, now)
    announce(connection, TOPIC)
    return made, secret


def beat(connection: Connection, secret: str, now: datetime) -> Heartbeat | None:
    """It lives: the next beat is awaited from now, and its alert is over. None for an unknown secret."""
    found = lock_rows(connection, select(heartbeats).where(heartbeats.c.secret_hash == token_hash(secret)))
    row = connection.execute(found).first()
    if row is None:
        return None
    return _beaten(connection, heartbeat_of(row), now)


def beat_heartbeat(connection: Connection, actor: Actor, heartbeat_id: str, now: datetime) -> Heartbeat:
    """Somebody says that it lives: as `beat`, by its id. Not on record in the audit, as no beat is."""
    actor.require(Right.RESPONDER, "alerts")
    return _beaten(connection, _locked(connection, heartbeat_id), now)


def pause_heartbeat(connection: Connection, actor: Actor, heartbeat_id: str, now: datetime) -> Heartbeat:
    """Nothing is awaited of it until it is resumed; its alert is over."""
    actor.require(Right.RESPONDER, "alerts")
    present = _locked(connection, heartbeat_id)
    after = replace(present, paused_at=now, armed_at=None, state="new")
    _keep(connection, after, now)
    if present.state == "late":
        _tell(connection, after, now)
    audit.record(connection, actor, "pause heartbeat", heartbeat_id, {}, now)
    return after


def resume_heartbeat(connection: Connection, actor: Actor, heartbeat_id: str, now: datetime) -> Heartbeat:
    """It is awaited again from its next beat on."""
    actor.require(Right.RESPONDER, "alerts")
    after = replace(_locked(connection, heartbeat_id), paused_at=None, armed_at=None, state="new")
    _keep(connection, after, now)
    audit.record(connection, actor, "resume heartbeat", heartbeat_id, {}, now)
    return after


def remove_heartbeat(connection: Connection, actor: Actor, heartbeat_id: str, now: datetime) -> None:
    """It is awaited no more; its alert is over, and its URL unknown."""
    actor.require(Right.MANAGER, "alerts")
    present = _locked(connection, heartbeat_id)
    if present.state == "late":
        _tell(connection, replace(present, state="good"), now)
    reconcile(connection, SUBJECT, heartbeat_id, [], now)
    connection.execute(delete(heartbeats).where(heartbeats.c.id == heartbeat_id))
    audit.record(connection, actor, "remove heartbeat", heartbeat_id, {"name": present.name}, now)
    announce(connection, TOPIC)


def look_at_heartbeat(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline `heartbeat_late`."""
    found = lock_rows(connection, select(heartbeats).where(heartbeats.c.id == job.subject_id))
    row = connection.execute(found).first()
    if row is None:
        return
    present = heartbeat_of(row)
    after = rules.looked_at(present, job.due_at, now)
    _keep(connection, after, now)
    if after.state == "late" and present.state != "late":
        _tell(connection, after, now)


def _beaten(connection: Connection, present: Heartbeat, now: datetime) -> Heartbeat:
    after = rules.beaten(present, now)
    _keep(connection, after, now)
    if present.state == "late":
        _tell(connection, after, now)
    return after


def _keep(connection: Connection, heartbeat: Heartbeat, now: datetime) -> None:
    connection.execute(
        update(heartbeats)
        .where(heartbeats.c.id == heartbeat.id)
        .values(
            state=heartbeat.state,
            armed_at=heartbeat.armed_at,
            last_at=heartbeat.last_at,
            paused_at=heartbeat.paused_at,
        )
    )
    reconcile(connection, SUBJECT, heartbeat.id, rules.wanted(heartbeat), now)


def _tell(connection: Connection, heartbeat: Heartbeat, now: datetime) -> None:
    fold_received(connection, [Received(HEARTBEATS, rules.signal_of(heartbeat))], now)
    announce(connection, TOPIC)


def _locked(connection: Connection, heartbeat_id: str) -> Heartbeat:
    found = lock_rows(connection, select(heartbeats).where(heartbeats.c.id == heartbeat_id))
    row = connection.execute(found).first()
    if row is None:
        raise NotFound(f"there is no heartbeat {heartbeat_id!r}")
    return heartbeat_of(row)
