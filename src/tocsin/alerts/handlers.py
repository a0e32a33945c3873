"""What the alerts' own deadlines do when they are due."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from tocsin.alerts import grouping, heartbeats
from tocsin.alerts.routing import urgency_of
from tocsin.alerts.silences import TURNS
from tocsin.alerts.usecases.groups import snooze_is_over
from tocsin.alerts.usecases.heartbeats import look_at_heartbeat
from tocsin.alerts.usecases.quieting import MAINTENANCE, apply_silences, turn_maintenance
from tocsin.alerts.usecases.resolving import RESOLVING, end_more, end_unheard
from tocsin.alerts.usecases.retention import REMOVAL, remove_some
from tocsin.alerts.usecases.rows import QUIETING, TOPIC, locked_groups, tell, update_group
from tocsin.engine.work import Job, Registry
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import ALERTING_CHANGED
from tocsin.store.database import announce


def register(registry: Registry, keep: timedelta = timedelta(days=365)) -> None:
    """Handle the deadlines of groups, silences and heartbeats, and of alerts that ended longer ago than `keep`."""
    registry.deadline(grouping.FLAP, _flap_window_is_over)
    registry.deadline(grouping.SNOOZE_OVER, _snooze_is_over)
    registry.deadline(grouping.NOT_HEARD, _look_who_is_silent)
    registry.task(RESOLVING, end_more)
    registry.deadline(TURNS, _silence_turns)
    registry.deadline(grouping.URGENCY_TURNS, _urgency_turns)
    registry.task(QUIETING, _apply_quieting)
    registry.task(ALERTING_CHANGED, _alerting_changed)
    registry.deadline(heartbeats.LATE, look_at_heartbeat)
    registry.deadline(REMOVAL, lambda connection, job, now: remove_some(connection, job, keep, now))


def _flap_window_is_over(connection: Connection, job: Job, now: datetime) -> None:
    group = locked_groups(connection, [job.subject_id]).get(job.subject_id)
    if group is None or not grouping.may_close(group, now):
        return
    closed = grouping.closed(group, now)
    update_group(connection, closed)
    tell(connection, closed, now)


def _snooze_is_over(connection: Connection, job: Job, now: datetime) -> None:
    snooze_is_over(connection, job.subject_id, now)


def _look_who_is_silent(connection: Connection, job: Job, now: datetime) -> None:
    end_unheard(connection, job.subject_id, now)


def _urgency_turns(connection: Connection, job: Job, now: datetime) -> None:
    group = locked_groups(connection, [job.subject_id]).get(job.subject_id)
    rule = everything(connection).routing.get(group.route) if group else None
    if group is None or group.state == "closed" or group.urgency_until is None or group.urgency_until > now:
        return
    urgency, until = urgency_of(rule, group.severity, now) if rule else (group.urgency, None)
    turned = grouping.turns(group, urgency, until, now)
    update_group(connection, turned)
    tell(connection, turned, now)


def _apply_quieting(connection: Connection, job: Job, now: datetime) -> None:
    del job
    apply_silences(connection, now)
    announce(connection, TOPIC)


def _alerting_changed(connection: Connection, job: Job, now: datetime) -> None:
    del job
    turn_maintenance(connection, now)


def _silence_turns(connection: Connection, job: Job, now: datetime) -> None:
    if job.subject_id == MAINTENANCE:
        turn_maintenance(connection, now)
        return
    apply_silences(connection, now)
    announce(connection, TOPIC)
