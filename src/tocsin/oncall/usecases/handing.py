"""Handing a shift over: recorded at the change, noted by who goes, confirmed by who comes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from tocsin.engine.tasks import owe
from tocsin.errors import Forbidden, Invalid
from tocsin.identity.actor import Actor, Right
from tocsin.identity.audit import record
from tocsin.ids import new_id
from tocsin.oncall.queries import find_schedule, shifts_between, who_is_on_call
from tocsin.oncall.queries.handing import LOOKED_BACK, NOTED_AFTER, find_handover, held_since, last_handovers
from tocsin.oncall.usecases import TOPIC
from tocsin.store.columns import insert_or_ignore
from tocsin.store.database import announce
from tocsin.store.tables.oncall import handover_notes, handovers

SHIFT_CHANGED = "shift_changed"
"""The task that a handover is owed: who goes and who comes are told; carried out by `incidents`, which know what is open."""

_LONGEST = 4000


@dataclass(frozen=True)
class WriteNote:
    """A note for whoever has the schedule next."""

    schedule_id: str
    text: str


def hand_over(connection: Connection, schedule_id: str, changed_at: datetime, now: datetime) -> str | None:
    """Record that a schedule went from one person to another; None when it did not.

    Across a gap it goes from whoever had it last; who comes back to their own schedule is told nothing.
    """
    comes = who_is_on_call(connection, schedule_id, now)
    before = shifts_between(connection, schedule_id, changed_at - LOOKED_BACK, changed_at)
    goes = before[-1].person if before else None
    if comes is None or goes is None or comes == goes:
        return None
    began = held_since(connection, schedule_id, goes, before[-1].end) or before[-1].start
    handover_id = new_id()
    row = {
        "id": handover_id,
        "schedule_id": schedule_id,
        "from_person": goes,
        "to_person": comes,
        "began_at": began,
        "changed_at": changed_at,
        "created_at": now,
    }
    earlier = last_handovers(connection, schedule_id)
    if not insert_or_ignore(connection, handovers, row):
        return None
    for each in earlier:
        _withdraw(connection, each.id, "the schedule was handed on", now)
    owe(connection, SHIFT_CHANGED, "handover", handover_id, {}, now, key=f"{SHIFT_CHANGED}:{handover_id}")
    return handover_id


def write_note(connection: Connection, actor: Actor, command: WriteNote, now: datetime) -> str:
    """Who has it, or had it some hours ago, writes for whoever comes; managers may. The note's id."""
    actor.require(Right.RESPONDER)
    find_schedule(connection, command.schedule_id)
    if actor.person_id is None:
        raise Forbidden("a note is somebody's; this token is nobody's")
    text = command.text.strip()
    if not text or len(text) > _LONGEST:
        raise Invalid(f"write something, at most {_LONGEST:,} characters", "text")
    if not may_note(connection, actor, command.schedule_id, now):
        actor.require(Right.MANAGER)
    note_id = new_id()
    connection.execute(
        handover_notes.insert().values(
            id=note_id, schedule_id=command.schedule_id, person_id=actor.person_id, text=text, created_at=now
        )
    )
    record(connection, actor, "write handover note", command.schedule_id, {"note": note_id}, now)
    announce(connection, TOPIC)
    return note_id


def may_note(connection: Connection, actor: Actor, schedule_id: str, now: datetime) -> bool:
    """Whether the actor has the schedule, or had it a few hours ago."""
    lately = shifts_between(connection, schedule_id, now - NOTED_AFTER, now + timedelta(microseconds=1))
    return any(shift.person == actor.person_id for shift in lately)


def confirm_handover(connection: Connection, actor: Actor, handover_id: str, now: datetime) -> None:
    """Who came has read it. Whoever has the schedule now may say so too. Raises NotFound, Forbidden."""
    actor.require(Right.RESPONDER)
    found = find_handover(connection, handover_id)
    if found.read_at is not None:
        return
    present = who_is_on_call(connection, found.schedule_id, now)
    if actor.person_id is None or actor.person_id not in (found.to_person, present):
        raise Forbidden("whoever took the schedule over confirms that they have read it")
    read = update(handovers).where(handovers.c.id == handover_id, handovers.c.read_at.is_(None))
    connection.execute(read.values(read_at=now, read_by=actor.person_id))
    record(connection, actor, "read handover", found.schedule_id, {"handover": handover_id}, now)
    _withdraw(connection, handover_id, "the handover was read", now)
    announce(connection, TOPIC)


def told_as(handover_id: str, person: str) -> str:
    """The subject of what tells a person of a handover."""
    return f"handover:{handover_id}:{person}"


def _withdraw(connection: Connection, handover_id: str, why: str, now: datetime) -> None:
    row = connection.execute(select(handovers).where(handovers.c.id == handover_id)).one()
    for person in (row.from_person, row.to_person):
        subject = told_as(handover_id, person)
        asked = {"subject_kind": "deadline", "subject_id": subject, "why": why}
        owe(connection, "withdraw_page", "handover", handover_id, asked, now, key=f"over:{subject}")
