"""Handovers: when a schedule went from whom to whom, what was noted, and whether who came has read it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, select

from tocsin.errors import NotFound
from tocsin.oncall.queries import shifts_between
from tocsin.organisation.queries import everything
from tocsin.store.tables.oncall import handover_notes, handovers

NOTED_AFTER = timedelta(hours=4)
"""How long after the change a note of who went still belongs to the shift that ended."""
LOOKED_BACK = timedelta(days=31)


@dataclass(frozen=True)
class Note:
    """What somebody on call wrote for whoever comes next."""

    id: str
    person_id: str
    text: str
    created_at: datetime


@dataclass(frozen=True)
class Handover:
    """A schedule went from one person to another at `changed_at`; the shift that ended began at `began_at`."""

    id: str
    schedule_id: str
    from_person: str
    to_person: str
    began_at: datetime
    changed_at: datetime
    read_at: datetime | None
    read_by: str | None
    notes: tuple[Note, ...] = ()


def find_handover(connection: Connection, handover_id: str) -> Handover:
    """One handover. Raises NotFound."""
    row = connection.execute(select(handovers).where(handovers.c.id == handover_id)).first()
    if row is None:
        raise NotFound(f"there is no handover '{handover_id}'")
    return _handover(connection, row)


def last_handovers(connection: Connection, schedule_id: str, limit: int = 1) -> list[Handover]:
    """A schedule's handovers, the newest first."""
    mine = select(handovers).where(handovers.c.schedule_id == schedule_id)
    rows = connection.execute(mine.order_by(handovers.c.changed_at.desc()).limit(limit)).all()
    return [_handover(connection, row) for row in rows]


def notes_between(
    connection: Connection, schedule_id: str, start: datetime, end: datetime, person: str | None = None
) -> tuple[Note, ...]:
    """Notes written in [start, end), the oldest first; of one person, where one is named."""
    written = select(handover_notes).where(
        handover_notes.c.schedule_id == schedule_id,
        handover_notes.c.created_at >= start,
        handover_notes.c.created_at < end,
    )
    known = everything(connection)
    found = [
        Note(row.id, known.current_id("person", row.person_id), row.text, row.created_at)
        for row in connection.execute(written.order_by(handover_notes.c.created_at, handover_notes.c.id))
    ]
    return tuple(note for note in found if person is None or note.person_id == person)


def held_since(connection: Connection, schedule_id: str, person: str, at: datetime) -> datetime | None:
    """Since when somebody had it without a break until just before an instant; None when they did not."""
    since = None
    for shift in reversed(shifts_between(connection, schedule_id, at - LOOKED_BACK, at)):
        if shift.person != person or shift.end != (since or at):
            break
        since = shift.start
    return since


def _handover(connection: Connection, row: Row[tuple[object, ...]]) -> Handover:
    known = everything(connection)
    went = known.current_id("person", row.from_person)
    of_shift = notes_between(connection, row.schedule_id, row.began_at, row.changed_at)
    after = notes_between(connection, row.schedule_id, row.changed_at, row.changed_at + NOTED_AFTER, went)
    return Handover(
        row.id,
        row.schedule_id,
        went,
        known.current_id("person", row.to_person),
        row.began_at,
        row.changed_at,
        row.read_at,
        row.read_by,
        (*of_shift, *after),
    )
