"""What the alerts' own deadlines do when they are due."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.alerts import grouping, heartbeats
from tocsin.alerts.silences import TURNS
from tocsin.alerts.usecases.groups import snooze_is_over
from tocsin.alerts.usecases.heartbeats import look_at_heartbeat
from tocsin.alerts.usecases.quieting import apply_silences
from tocsin.alerts.usecases.rows import TOPIC, locked_groups, tell, update_group
from tocsin.engine.work import Job, Registry
from tocsin.store.database import announce


def register(registry: Registry) -> None:
    """Handle the deadlines of groups, silences and heartbeats."""
    registry.deadline(grouping.FLAP, _flap_window_is_over)
    registry.deadline(grouping.SNOOZE_OVER, _snooze_is_over)
    registry.deadline(TURNS, _silence_turns)
    registry.deadline(heartbeats.LATE, look_at_heartbeat)


def _flap_window_is_over(connection: Connection, job: Job, now: datetime) -> None:
    group = locked_groups(connection, [job.subject_id]).get(job.subject_id)
    if group is None or not grouping.may_close(group, now):
        return
    closed = grouping.closed(group, now)
    update_group(connection, closed)
    tell(connection, closed, now)


def _snooze_is_over(connection: Connection, job: Job, now: datetime) -> None:
    snooze_is_over(connection, job.subject_id, now)


def _silence_turns(connection: Connection, job: Job, now: datetime) -> None:
    del job
    apply_silences(connection, now)
    announce(connection, TOPIC)
