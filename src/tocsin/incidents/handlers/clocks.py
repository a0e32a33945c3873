"""Clocks of this stage that ran out: the first five minutes, and roles that are needed and empty."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.work import Job
from tocsin.identity.actor import SYSTEM
from tocsin.incidents import checklist
from tocsin.incidents.command import change_incident, read_bundle
from tocsin.incidents.handlers.effects import ask, open_role_page, role_demand
from tocsin.incidents.queries import state_of
from tocsin.incidents.staffing import Demand
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import organisation_of
from tocsin.oncall.policy import resolve
from tocsin.organisation.model.fields import Target
from tocsin.organisation.model.policy import Step
from tocsin.paging.queries import people as paging_people
from tocsin.runbook.clocks import find_clock
from tocsin.runbook.events import services_of
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.incidents import RoleShouted, role_word
from tocsin.timeline.state import IncidentState

COMMANDER = "commander"


def first_five_end(connection: Connection, job: Job, now: datetime) -> None:
    """Five minutes have passed since the first page: what is still open is said once, and stays to be done."""
    change_incident(connection, SYSTEM, job.subject_id, by_runbook(checklist.end_first_five), now, also_ended=True)


def role_empty(connection: Connection, job: Job, now: datetime) -> None:
    """A role is needed and empty: it shouts, its person is paged again, then the commander, at last the last resort."""
    state = state_of(connection, SYSTEM, job.subject_id)
    bundle = read_bundle(connection, state.incident.bundle_digest)
    if find_clock(state, bundle, now, job.kind, job.key) is None:
        return
    role, count = str(job.payload["role"]), int(job.payload["count"])
    runbook = bundle.effective(services_of(state))
    candidate = candidate_for(connection, state, runbook, role, now)

    def shout(_: IncidentState, __: Runbook) -> Iterable[Fact]:
        return [RoleShouted(role=role, candidate=candidate, count=count)]

    changed = change_incident(connection, SYSTEM, job.subject_id, by_runbook(shout), now)
    open_role_page(connection, changed.state, runbook, role, f"{role_word(role)} is still empty", now)
    if count > 1:
        _tell_above(connection, changed.state, role, now)


def _tell_above(connection: Connection, state: IncidentState, role: str, now: datetime) -> None:
    """Asked for twice in vain: the commander hears of it, or for command itself the last resort. One page each."""
    commander = state.incident.roles.get(COMMANDER)
    organisation = organisation_of(connection)
    above = (commander.person,) if commander else organisation.last_resort
    if role != COMMANDER and commander is None:
        return  # the empty command shouts for itself
    for person in above:
        subject = f"{state.incident.id}:empty:{role}:{person}"
        title = f"{role_word(role).capitalize()} is still empty: {state.incident.title}"
        ask(connection, state, "deadline", subject, title, Demand((Target(person=person),)), now)


def candidate_for(
    connection: Connection, state: IncidentState, runbook: Runbook, role: str, now: datetime
) -> str | None:
    """The person who would be paged for the role at this moment; None when nobody is on call for it."""
    demand = role_demand(connection, state, runbook, role)
    policy = organisation_of(connection).policies.get(demand.policy or "")
    steps = [*(Step(page=(target,)) for target in demand.targets), *(policy.steps if policy else ())]
    directory = paging_people.directory(connection)
    return next((person for step in steps for person in resolve(step, directory, now).people), None)
