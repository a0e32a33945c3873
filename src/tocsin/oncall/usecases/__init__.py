"""What people do about shifts: take one over, and take that back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, update

from tocsin.engine.tasks import owe
from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import Actor, Right
from tocsin.identity.audit import record
from tocsin.ids import new_id
from tocsin.oncall import queries
from tocsin.oncall.queries import OverrideRow
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import SCHEDULE_CHANGED
from tocsin.runbook.findings import nearest
from tocsin.store.database import announce
from tocsin.store.tables.oncall import overrides as rows

TOPIC = "oncall"
LONGEST = timedelta(days=92)


def may_arrange(actor: Actor, person_id: str) -> None:
    """A responder arranges their own time, a manager anybody's. Raises Forbidden."""
    actor.require(Right.RESPONDER)
    if actor.person_id != person_id:
        actor.require(Right.MANAGER)


@dataclass(frozen=True)
class AddOverride:
    """`person_id` takes whatever shift there is from `starts_at` until just before `ends_at` (instants)."""

    schedule_id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


@dataclass(frozen=True)
class ChangeOverride:
    """Make an override be so; what is None stays. What it was until now stays true."""

    override_id: str
    person_id: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True)
class CancelOverride:
    """Take an override back; what it was until now stays true."""

    override_id: str


def add_override(connection: Connection, actor: Actor, command: AddOverride, now: datetime) -> OverrideRow:
    """Make an override from now on at the earliest: what has been can't be changed.

    A responder may take a shift, or give away their own; anything else needs a manager. Raises NotFound, Invalid.
    """
    actor.require(Right.RESPONDER)
    starts_at = _check(connection, command, now)
    if not _is_own(connection, actor, command, starts_at):
        actor.require(Right.MANAGER)
    return _add(connection, actor, command, starts_at, now)


def _check(connection: Connection, command: AddOverride, now: datetime) -> datetime:
    """When it begins, if it may be; else Invalid with the field."""
    queries.find_schedule(connection, command.schedule_id)
    organisation = everything(connection)
    if command.person_id not in organisation.active_people:
        near = nearest(command.person_id, organisation.active_people)
        raise Invalid(f"there is nobody active called '{command.person_id}'. {near}".strip(), field="person")
    if command.ends_at <= command.starts_at:
        raise Invalid("an override ends after it starts", field="ends_at")
    if command.ends_at <= now:
        raise Invalid("an override can't lie in the past: who was on call does not change", field="ends_at")
    if command.ends_at - command.starts_at > LONGEST:
        raise Invalid(f"an override lasts at most {LONGEST.days} days; change the rotation instead", field="ends_at")
    return max(command.starts_at, now)


def _add(connection: Connection, actor: Actor, command: AddOverride, starts_at: datetime, now: datetime) -> OverrideRow:
    row = OverrideRow(
        id=new_id(),
        schedule_id=command.schedule_id,
        person_id=command.person_id,
        starts_at=starts_at,
        ends_at=command.ends_at,
        reason=command.reason.strip(),
        created_by=actor.id,
        created_at=now,
        cancelled_at=None,
    )
    connection.execute(insert(rows).values(**row.__dict__))
    told = {
        "override": row.id,
        "person": row.person_id,
        "from": row.starts_at.isoformat(),
        "to": row.ends_at.isoformat(),
        "reason": row.reason,
    }
    record(connection, actor, "add override", row.schedule_id, told, now)
    _tell(connection, row.schedule_id, now)
    return row


def change_override(connection: Connection, actor: Actor, command: ChangeOverride, now: datetime) -> OverrideRow:
    """Change an override that is not over: a new one takes its place, from now on where it runs already.

    So one that runs may end early. Raises NotFound, Invalid, Conflict, Forbidden.
    """
    known, row = everything(connection), queries.find_override(connection, command.override_id)
    if row.cancelled_at is not None:
        raise Conflict("this override was taken back already; make a new one")
    cancel_override(connection, actor, CancelOverride(row.id), now)
    person = known.current_id("person", row.person_id)
    again = AddOverride(
        known.current_id("schedule", row.schedule_id),
        command.person_id or person,
        command.starts_at or row.starts_at,
        command.ends_at or row.ends_at,
        row.reason if command.reason is None else command.reason,
    )
    starts_at = _check(connection, again, now)
    is_part = again.person_id == person and row.starts_at <= starts_at and again.ends_at <= row.ends_at
    if not is_part and not _is_own(connection, actor, again, starts_at):
        actor.require(Right.MANAGER)  # whoever may take it back may leave a part of it as it is
    return _add(connection, actor, again, starts_at, now)


def cancel_override(connection: Connection, actor: Actor, command: CancelOverride, now: datetime) -> None:
    """Take an override back. Who made it or has it may; anybody else needs a manager's right. Raises NotFound, Conflict."""
    actor.require(Right.RESPONDER)
    row = queries.find_override(connection, command.override_id)
    if row.cancelled_at is not None:
        return
    if row.ends_at <= now:
        raise Conflict("this override is over; who was on call does not change")
    if actor.id != row.created_by and (actor.person_id is None or actor.person_id != row.person_id):
        actor.require(Right.MANAGER)
    connection.execute(update(rows).where(rows.c.id == row.id).values(cancelled_at=now))
    record(connection, actor, "cancel override", row.schedule_id, {"override": row.id}, now)
    _tell(connection, row.schedule_id, now)


def _is_own(connection: Connection, actor: Actor, command: AddOverride, starts_at: datetime) -> bool:
    """Whether the actor takes a shift, or gives away hours that are all their own."""
    if actor.person_id is None:
        return False
    if command.person_id == actor.person_id:
        return True
    shifts = queries.shifts_between(connection, command.schedule_id, starts_at, command.ends_at)
    return bool(shifts) and all(shift.person == actor.person_id for shift in shifts)


def _tell(connection: Connection, schedule_id: str, now: datetime) -> None:
    owe(connection, SCHEDULE_CHANGED, "schedule", schedule_id, {}, now)
    announce(connection, TOPIC)
