"""What the engine runs for schedules: looking at one that changed, and handovers."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.deadlines import reconcile
from tocsin.engine.work import Job, Registry
from tocsin.oncall import handovers, queries
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import SCHEDULE_CHANGED
from tocsin.store.database import announce


def register(registry: Registry) -> None:
    """Register this stage's handlers with the engine."""
    registry.task(SCHEDULE_CHANGED, look_at_schedule)
    registry.deadline(handovers.HANDOVER, look_at_schedule)


def look_at_schedule(connection: Connection, job: Job, now: datetime) -> None:
    """Tell live screens, and want the schedule's next handover; a schedule that is gone wants nothing."""
    known = job.subject_id in everything(connection).schedules
    wanted = handovers.wanted(queries.on_call(connection, job.subject_id, now)) if known else []
    reconcile(connection, "schedule", job.subject_id, wanted, now)
    announce(connection, "oncall")
