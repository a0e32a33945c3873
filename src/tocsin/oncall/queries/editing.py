"""What a schedule would come to if it were saved: the coming weeks by the same rules, and what changes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from tocsin.oncall import schedule as schedules
from tocsin.oncall.editing import Difference, differences
from tocsin.oncall.queries import overrides_of, shifts_between
from tocsin.oncall.schedule import FinalShift, Gap
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.queries import everything

AHEAD = timedelta(weeks=6)


@dataclass(frozen=True)
class Preview:
    """A schedule that is not saved yet, from now on; overrides that people made stand."""

    start: datetime
    end: datetime
    shifts: tuple[FinalShift, ...]
    gaps: tuple[Gap, ...]
    changes: tuple[Difference, ...]


def preview(
    connection: Connection, schedule_id: str | None, spec: Schedule, now: datetime, ahead: timedelta = AHEAD
) -> Preview:
    """`schedule_id` is None, or the id of none, for a schedule that is new."""
    end = now + ahead
    known = schedule_id is not None and schedule_id in everything(connection).schedules
    overrides = overrides_of(connection, schedule_id, now, end) if known and schedule_id else []
    before = shifts_between(connection, schedule_id, now, end) if known and schedule_id else []
    after = schedules.final_shifts(spec, overrides, now, end)
    return Preview(
        now,
        end,
        after,
        schedules.gaps(spec, overrides, now, end),
        differences(before, after, now, end),
    )
