"""What intake's own deadlines do when they are due."""

from datetime import datetime

from sqlalchemy import Connection, delete

from tocsin.engine.deadlines import WantedDeadline
from tocsin.engine.work import Job, Registry
from tocsin.intake.keeping import KEPT, SWEEP, want_sweep
from tocsin.store.tables.intake import bodies


def register(registry: Registry) -> None:
    """Handle the deadline by which old bodies are removed."""
    registry.deadline(SWEEP, _remove_old_bodies)


def _remove_old_bodies(connection: Connection, job: Job, now: datetime) -> None:
    connection.execute(delete(bodies).where(bodies.c.at <= now - KEPT))
    want_sweep(connection, now, present=WantedDeadline(SWEEP, job.key, job.due_at))
