"""Alert groups: declaring by rule, and how groups of an incident stand, at most one entry a group a minute."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from tocsin.engine.tasks import owe
from tocsin.engine.work import Job
from tocsin.identity.actor import SYSTEM
from tocsin.incidents import decide
from tocsin.incidents.command import change_incident
from tocsin.incidents.queries import state_of
from tocsin.incidents.usecases.declaring import declare_by_rule, link_group
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import group_views
from tocsin.runbook.model import Runbook
from tocsin.runbook.parts import severity_of
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.incidents import GroupChanged
from tocsin.timeline.journal import read_entries
from tocsin.timeline.state import IncidentState

AT_MOST_EVERY = timedelta(minutes=1)


def declare_group(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `declare_group` {group_id, severity, rule?}: a routing rule's `declare: sev2`."""
    group_id = str(job.payload.get("group_id") or job.subject_id)
    declare_by_rule(connection, group_id, severity_of(job.payload["severity"]), job.payload.get("rule"), now)


def incident_group(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `incident_group` {group_id}: a group of an incident changed, or joined it by its claims."""
    group_id = str(job.payload.get("group_id") or job.subject_id)
    (group,) = group_views(connection, SYSTEM, (group_id,))
    if group.incident_id is None:
        return
    state = state_of(connection, SYSTEM, group.incident_id)
    if group_id not in state.incident.groups:
        if state.incident.is_open:
            link_group(connection, SYSTEM, group.incident_id, group_id, now)
        return
    last = _last_told(connection, group.incident_id, group_id)
    if last is not None and now - last < AT_MOST_EVERY:
        payload = {"group_id": group_id}
        owe(connection, "incident_group", "group", group_id, payload, now, not_before=last + AT_MOST_EVERY)
        return

    def tell(state: IncidentState, _: Runbook) -> Iterable[Fact]:
        return decide.group_changed(state, group)

    change_incident(connection, SYSTEM, group.incident_id, by_runbook(tell), now, also_ended=True)


def _last_told(connection: Connection, incident_id: str, group_id: str) -> datetime | None:
    told = read_entries(connection, incident_id, kinds=("group_changed",))
    mine = (e.recorded_at for e in reversed(told) if isinstance(e.fact, GroupChanged) and e.fact.group_id == group_id)
    return next(mine, None)
