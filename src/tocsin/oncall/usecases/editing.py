"""Making, changing and removing a schedule on a screen or by the API: from now on; who was on call never changes."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.organisation.model.fields import SLUG_PATTERN
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import everything, source
from tocsin.organisation.usecases import RemoveObject, SaveObject, remove_object, save_object


@dataclass(frozen=True)
class SaveSchedule:
    """Make the schedule be so from now on; with `new` there must be none of that id yet."""

    schedule_id: str
    spec: Schedule
    new: bool = False


def save_schedule(connection: Connection, actor: Actor, command: SaveSchedule, now: datetime) -> None:
    """Raises Invalid with the field, Conflict with file and line where files own it, or when a new id is taken."""
    actor.require(Right.MANAGER)
    if not re.match(SLUG_PATTERN, command.schedule_id):
        raise Invalid(f"'{command.schedule_id}' is no id; use lower-case letters, digits, '-', '.' and '_'", "id")
    held = source(connection, "schedule", command.schedule_id)
    if command.new and held is not None:
        raise Conflict(f"there is a schedule '{command.schedule_id}' already; choose another id")
    former = held.spec.was if held is not None and isinstance(held.spec, Schedule) else ()
    present = held.spec if held is not None and isinstance(held.spec, Schedule) else None
    spec = command.spec.unmasked(present).model_copy(update={"was": former})  # renames are said in files
    save_object(connection, actor, SaveObject("schedule", command.schedule_id, spec), now)


def remove_schedule(connection: Connection, actor: Actor, schedule_id: str, now: datetime) -> None:
    """From now on there is none; who was on call stays known. Raises NotFound, Conflict when something pages it."""
    actor.require(Right.MANAGER)
    if schedule_id not in everything(connection).schedules:
        raise NotFound(f"there is no schedule '{schedule_id}'")
    remove_object(connection, actor, RemoveObject("schedule", schedule_id), now)
