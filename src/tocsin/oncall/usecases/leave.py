"""Leave: when a person is away. It is no change of who is on call: it is a warning to those who can make one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from tocsin.engine.tasks import owe
from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import Actor
from tocsin.identity.audit import record
from tocsin.ids import new_id
from tocsin.oncall.queries import shifts_of_person
from tocsin.oncall.usecases import TOPIC, may_arrange
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import SCHEDULE_CHANGED
from tocsin.store.database import announce
from tocsin.store.tables.oncall import leaves as rows

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class AddLeave:
    """`person_id` is away from `starts_at` until just before `ends_at` (instants)."""

    person_id: str
    starts_at: datetime
    ends_at: datetime
    note: str = ""


def add_leave(connection: Connection, actor: Actor, command: AddLeave, now: datetime) -> str:
    """One's own, or as a manager somebody's. Their shifts in it are warned of. The leave's id. Raises Invalid."""
    may_arrange(actor, command.person_id)
    if command.person_id not in everything(connection).active_people:
        raise Invalid(f"there is nobody active called '{command.person_id}'", "person")
    if not command.starts_at < command.ends_at <= command.starts_at + LONGEST or command.ends_at <= now:
        raise Invalid(f"a leave ends after it begins, lies ahead, and lasts at most {LONGEST.days} days", "ends_at")
    leave_id = new_id()
    connection.execute(
        insert(rows).values(
            id=leave_id,
            person_id=command.person_id,
            starts_at=command.starts_at,
            ends_at=command.ends_at,
            note=command.note.strip()[:500],
            created_by=actor.id,
            created_at=now,
        )
    )
    told = {"leave": leave_id, "from": command.starts_at.isoformat(), "to": command.ends_at.isoformat()}
    record(connection, actor, "add leave", command.person_id, told, now)
    _look_again(connection, command.person_id, now)
    return leave_id


def remove_leave(connection: Connection, actor: Actor, leave_id: str, now: datetime) -> None:
    """They are there after all. Raises NotFound."""
    row = connection.execute(select(rows).where(rows.c.id == leave_id, rows.c.removed_at.is_(None))).first()
    if row is None:
        raise NotFound(f"there is no leave '{leave_id}'")
    may_arrange(actor, row.person_id)
    connection.execute(update(rows).where(rows.c.id == leave_id).values(removed_at=now))
    record(connection, actor, "remove leave", row.person_id, {"leave": leave_id}, now)
    _look_again(connection, row.person_id, now)


def _look_again(connection: Connection, person_id: str, now: datetime) -> None:
    """Warnings of the schedules on which they have shifts."""
    soon = shifts_of_person(connection, person_id, now, now + timedelta(days=31))
    for schedule_id in sorted({schedule for schedule, _ in soon}):
        owe(connection, SCHEDULE_CHANGED, "schedule", schedule_id, {}, now)
    announce(connection, TOPIC)
