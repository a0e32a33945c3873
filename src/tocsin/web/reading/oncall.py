"""Who is on call, from the organisation's schedules and the overrides."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.oncall.schedule import OnCall, Override, on_call
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import everything
from tocsin.store.tables.oncall import overrides


@dataclass(frozen=True)
class Duty:
    """One schedule and who has it."""

    id: str
    name: str
    schedule: Schedule
    now: OnCall
    overrides: tuple[Override, ...]

    @property
    def until(self) -> datetime | None:
        """Until when that stays so."""
        return self.now.until


def overrides_of(connection: Connection, schedule_id: str) -> tuple[Override, ...]:
    """The overrides of a schedule that stand."""
    query = select(overrides).where(overrides.c.schedule_id == schedule_id, overrides.c.cancelled_at.is_(None))
    return tuple(
        Override(row.starts_at, row.ends_at, row.person_id, row.created_at, row.id, row.reason or "")
        for row in connection.execute(query.order_by(overrides.c.starts_at))
    )


def duties(connection: Connection, at: datetime) -> list[Duty]:
    """Every schedule with who is on call at an instant."""
    found = []
    for schedule_id, schedule in everything(connection).schedules.items():
        made = overrides_of(connection, schedule_id)
        found.append(Duty(schedule_id, schedule.name, schedule, on_call(schedule, made, at), made))
    return found


def shifts_of(connection: Connection, person_id: str, at: datetime) -> list[Duty]:
    """The schedules that a person is on call for."""
    return [duty for duty in duties(connection, at) if duty.now.person == person_id]
