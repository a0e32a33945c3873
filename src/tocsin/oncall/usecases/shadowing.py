"""Shadowing: somebody learns by hearing what whoever is on call hears. They are no cover, and owe nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import Actor
from tocsin.identity.audit import record
from tocsin.ids import new_id
from tocsin.oncall.queries import find_schedule
from tocsin.oncall.usecases import TOPIC, may_arrange
from tocsin.organisation.queries import everything
from tocsin.store.database import announce
from tocsin.store.tables.oncall import shadows as rows

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class AddShadow:
    """`person_id` shadows a schedule, or `of_person` on it, from `starts_at` until just before `ends_at` (instants)."""

    schedule_id: str
    person_id: str
    starts_at: datetime
    ends_at: datetime
    of_person: str | None = None


def add_shadow(connection: Connection, actor: Actor, command: AddShadow, now: datetime) -> str:
    """Oneself, or as a manager anybody. The shadow's id. Raises NotFound for the schedule, Invalid, Forbidden."""
    may_arrange(actor, command.person_id)
    find_schedule(connection, command.schedule_id)
    active = everything(connection).active_people
    for field, person in (("person", command.person_id), ("of", command.of_person)):
        if person is not None and person not in active:
            raise Invalid(f"there is nobody active called '{person}'", field)
    if command.person_id == command.of_person:
        raise Invalid("nobody shadows themselves", "of")
    if not command.starts_at < command.ends_at <= command.starts_at + LONGEST or command.ends_at <= now:
        raise Invalid(f"it ends after it begins, lies ahead, and lasts at most {LONGEST.days} days", "ends_at")
    shadow_id = new_id()
    connection.execute(
        insert(rows).values(
            id=shadow_id,
            schedule_id=command.schedule_id,
            person_id=command.person_id,
            of_person=command.of_person,
            starts_at=command.starts_at,
            ends_at=command.ends_at,
            created_by=actor.id,
            created_at=now,
        )
    )
    told = {"shadow": shadow_id, "person": command.person_id, "of": command.of_person}
    record(connection, actor, "add shadow", command.schedule_id, told, now)
    announce(connection, TOPIC)
    return shadow_id


def end_shadow(connection: Connection, actor: Actor, shadow_id: str, now: datetime) -> None:
    """From now on they shadow no more; one that has not begun is taken back. Raises NotFound, Forbidden."""
    row = connection.execute(select(rows).where(rows.c.id == shadow_id, rows.c.removed_at.is_(None))).first()
    if row is None or row.ends_at <= now:
        raise NotFound(f"there is no shadow '{shadow_id}' that still holds")
    may_arrange(actor, row.person_id)
    ended = {"ends_at": now} if row.starts_at < now else {"removed_at": now}
    connection.execute(update(rows).where(rows.c.id == shadow_id).values(ended))
    record(connection, actor, "end shadow", row.schedule_id, {"shadow": shadow_id, "person": row.person_id}, now)
    announce(connection, TOPIC)


__all__ = ["AddShadow", "add_shadow", "end_shadow"]
