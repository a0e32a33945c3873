"""What mitigation does for rows that come due: the runbook holds and releases deploys; results are asked for."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.work import Job, Registry
from tocsin.identity.actor import SYSTEM
from tocsin.incidents.command import change_incident, read_bundle
from tocsin.incidents.handlers.effects import ask, owed_of, remind_role
from tocsin.incidents.queries import state_of
from tocsin.incidents.staffing import Demand
from tocsin.incidents.usecases.moving import by_runbook
from tocsin.incidents.usecases.neighbours import organisation_of
from tocsin.mitigation import decisions
from tocsin.mitigation.freeze import EVERY
from tocsin.mitigation.usecases import hold_deploys, release_deploys
from tocsin.organisation.model.fields import Target
from tocsin.runbook.clocks import find_clock
from tocsin.runbook.effects import Freeze
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.mitigation import Decision
from tocsin.timeline.state import IncidentState

COMMANDER = "commander"


def register(registry: Registry) -> None:
    """Register every handler of this stage."""
    registry.task("effect.freeze", freeze)
    registry.task("effect.thaw", thaw)
    registry.deadline("freeze.lapse", freeze_lapse)
    registry.deadline("decision.due", decision_due)
    registry.deadline("decision.again", decision_again)


def freeze(connection: Connection, job: Job, now: datetime) -> None:
    """Hold deploys as the runbook says; an incident that has ended meanwhile holds nothing."""
    owed = owed_of(job)
    assert isinstance(owed.effect, Freeze)
    if not state_of(connection, SYSTEM, owed.incident_id).incident.is_open:
        return
    services = (EVERY,) if owed.effect.scope == "all" else None
    why = owed.effect.why
    hold_deploys(connection, SYSTEM, owed.incident_id, now, services=services, reason=why, rule=owed.rule)


def thaw(connection: Connection, job: Job, now: datetime) -> None:
    """Let deploys go again as the runbook says; nothing held is nothing to do."""
    owed = owed_of(job)
    phase = state_of(connection, SYSTEM, owed.incident_id).incident.phase
    release_deploys(connection, SYSTEM, owed.incident_id, now, reason=f"The incident is {phase}.")


def freeze_lapse(connection: Connection, job: Job, now: datetime) -> None:
    """The time is over until which deploys were held: pipelines know already, now the timeline tells it."""
    state = state_of(connection, SYSTEM, job.subject_id)
    bundle = read_bundle(connection, state.incident.bundle_digest)
    if find_clock(state, bundle, now, job.kind, job.key) is None:
        return
    since, until = (datetime.fromisoformat(str(job.payload[name])) for name in ("since", "due_at"))
    over = [each.service for each in state.mitigation.held.values() if (each.since, each.until) == (since, until)]
    reason = f"They were held until {until:%H:%M} UTC."
    release_deploys(connection, SYSTEM, job.subject_id, now, services=over, reason=reason, happened_at=until)


def decision_due(connection: Connection, job: Job, now: datetime) -> None:
    """The time is over by which a result was expected: the question stands on the timeline, and goes to who did it."""
    decision = _still_open(connection, job, now)
    if decision is None:
        return
    due_at = datetime.fromisoformat(str(job.payload["due_at"]))

    def ask_result(state: IncidentState, _: Runbook) -> Iterable[Fact]:
        return decisions.ask_result(state, decision.decision_id, due_at)

    changed = change_incident(connection, SYSTEM, job.subject_id, by_runbook(ask_result), now)
    if not changed.entries:
        return
    organisation = organisation_of(connection)
    by_name = {each.name: person for person, each in organisation.people.items()}
    commander = changed.state.incident.roles.get(COMMANDER)
    doer = decision.by if decision.by in organisation.active_people else by_name.get(decision.by)
    told = doer or (commander.person if commander else None)
    if told:
        subject = f"{job.subject_id}:decision:{decision.decision_id}"
        title = f"Did it do what was expected? {decision.expected}"
        demand = Demand((Target(person=told),))
        ask(connection, changed.state, "deadline", subject, title, demand, now, why=decision.command, urgency="notify")


def decision_again(connection: Connection, job: Job, now: datetime) -> None:
    """Asked for and still not said: the commander hears of it, again and again."""
    decision = _still_open(connection, job, now)
    if decision is not None:
        text = f"No result yet of: {decision.title or decision.command.splitlines()[0][:120]}"
        remind_role(connection, job.subject_id, COMMANDER, job.key, text, now)


def _still_open(connection: Connection, job: Job, now: datetime) -> Decision | None:
    """The decision whose clock this is, if the incident still wants it."""
    state = state_of(connection, SYSTEM, job.subject_id)
    bundle = read_bundle(connection, state.incident.bundle_digest)
    if find_clock(state, bundle, now, job.kind, job.key) is None:
        return None
    return state.mitigation.decisions.get(str(job.payload["decision_id"]))
