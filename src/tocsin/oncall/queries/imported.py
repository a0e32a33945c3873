"""What is known of somebody else's calendars: their shifts as overrides that any other comes before, and how they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from tocsin.oncall.ahead import Trouble
from tocsin.oncall.imported import from_json
from tocsin.oncall.schedule import Override
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.store.tables.oncall import schedule_calendars

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_SAID = 3


@dataclass(frozen=True)
class CalendarState:
    """How a schedule's calendar stands. `host`: where it comes from; the whole address is a secret. Instants UTC."""

    host: str
    tried_at: datetime | None
    fetched_at: datetime | None
    error: str | None
    problems: tuple[str, ...]
    shifts: int


def hash_of(url: str) -> str:
    """By which a row knows the address that it was read from."""
    return sha256(url.encode()).hexdigest()


def imported(
    connection: Connection, organisation: Organisation, start: datetime, end: datetime, schedule_id: str | None = None
) -> Mapping[str, list[Override]]:
    """What calendars say of [start, end), by schedule; also what one said that is no longer the schedule's.

    People under their present ids, and also those who have left since.
    """
    rows = select(schedule_calendars.c.schedule_id, schedule_calendars.c.shifts)
    if schedule_id is not None:
        schedule = organisation.schedules.get(schedule_id)
        rows = rows.where(schedule_calendars.c.schedule_id.in_([schedule_id, *(schedule.was if schedule else ())]))
    found: dict[str, list[Override]] = {}
    for row in connection.execute(rows):
        id = organisation.current_id("schedule", row.schedule_id)
        for each in from_json(row.shifts):
            if each.start < end and each.end > start:
                person, name = organisation.current_id("person", each.person), f"calendar-{each.start:%Y%m%dT%H%M%SZ}"
                found.setdefault(id, []).append(
                    Override(each.start, each.end, person, _BEFORE_ALL, name, source="calendar")
                )
    return found


def calendar_state(connection: Connection, schedule_id: str, schedule: Schedule) -> CalendarState | None:
    """How the schedule's calendar stands; None when it has none."""
    if schedule.calendar is None:
        return None
    host = urlsplit(schedule.calendar.url).hostname or ""
    row = connection.execute(
        select(schedule_calendars).where(
            schedule_calendars.c.schedule_id == schedule_id, schedule_calendars.c.url_hash == _hash(schedule)
        )
    ).first()
    if row is None:
        return CalendarState(host, None, None, None, (), 0)
    return CalendarState(host, row.tried_at, row.fetched_at, row.error, tuple(row.problems), len(row.shifts))


def calendar_troubles(connection: Connection, now: datetime, schedule_id: str | None = None) -> list[Trouble]:
    """Of each schedule whose calendar can't be read, or not wholly, what is wrong with it."""
    found = []
    for id, schedule in everything(connection).schedules.items():
        state = calendar_state(connection, id, schedule) if schedule_id in (None, id) else None
        if state is not None and (state.error or state.problems):
            said = state.error or "; ".join(state.problems[:_MOST_SAID])
            found.append(Trouble("calendar", id, now, now, said=said, other="" if state.error else "partly"))
    return found


def _hash(schedule: Schedule) -> str:
    return hash_of(schedule.calendar.url) if schedule.calendar else ""


__all__ = ["CalendarState", "calendar_state", "calendar_troubles", "hash_of", "imported"]
