"""What who comes on call finds: open incidents, open groups of the schedule's services, the pages of the shift."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from tocsin.alerts.grouping import Group
from tocsin.alerts.queries import groups
from tocsin.identity.actor import Actor
from tocsin.incidents.queries import IncidentRow, incidents_list, state_of
from tocsin.oncall.queries.handing import Note, notes_between
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.paging.queries.live import pages_of_schedule
from tocsin.paging.queries.views import PageView
from tocsin.runbook.events import services_of

_MOST = 50
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Situation:
    """What is open now, as far as one may know of it, and what rang in a shift."""

    incidents: tuple[IncidentRow, ...]
    groups: tuple[Group, ...]
    pages: tuple[PageView, ...]
    notes: tuple[Note, ...]


def situation(connection: Connection, actor: Actor, schedule_id: str, start: datetime, end: datetime) -> Situation:
    """What is open now, and what rang and was noted from `start` to `end`, which may be the present moment."""
    end += _INSTANT
    services = services_paging(everything(connection), schedule_id)
    open_now = tuple(
        row
        for row in incidents_list(connection, actor, state="open", practice=False)
        if not services or services & set(services_of(state_of(connection, actor, row.id)))
    )
    live = tuple(
        group
        for group in groups(connection, actor, state="live", limit=200)
        if group.incident_id is None and (not services or not group.services or services & set(group.services))
    )
    rang = pages_of_schedule(connection, actor, schedule_id, start, end, _MOST)
    return Situation(open_now, live[:_MOST], tuple(rang), notes_between(connection, schedule_id, start, end))


def services_paging(organisation: Organisation, schedule_id: str) -> frozenset[str]:
    """The services whose policy names the schedule; empty also for a schedule that looks after no service."""
    naming = {
        id
        for id, policy in organisation.policies.items()
        if any(schedule_id in (target.schedule, target.next_on_call) for step in policy.steps for target in step.page)
    }
    return frozenset(id for id in organisation.services if organisation.policy_for(id) in naming)


def became_of(page: PageView, names: Mapping[str, str]) -> str:
    """What became of a page: 'acknowledged by Kofi Mensah 03:12', 'withdrawn: the alerts resolved', 'nobody has it'."""
    if page.acknowledged_by and page.acknowledged_at:
        who = names.get(page.acknowledged_by, page.acknowledged_by)
        over = f", {page.ended_why}" if page.state == "ended" and page.ended_why else ""
        return f"acknowledged by {who} {page.acknowledged_at:%H:%M}{over}"
    if page.state == "ended":
        return page.ended_why or "ended"
    return "kept quiet for now" if page.standing == "snoozed" else "nobody has it"
