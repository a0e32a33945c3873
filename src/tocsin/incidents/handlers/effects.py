"""Carrying out what the runbook's rules ask of this stage. Each looks at the incident again: it may have moved on."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.work import Job
from tocsin.identity.actor import SYSTEM
from tocsin.incidents import decide
from tocsin.incidents.command import change_incident, read_bundle
from tocsin.incidents.queries import state_of
from tocsin.incidents.staffing import Demand, demand_for_role, demand_for_team, name_in
from tocsin.incidents.usecases import people
from tocsin.incidents.usecases.moving import FromRunbook, by_runbook, entry_of
from tocsin.incidents.usecases.neighbours import organisation_of
from tocsin.oncall.policy import resolve
from tocsin.organisation.model.fields import Target
from tocsin.organisation.model.policy import Step
from tocsin.paging.page import OpenPage, SubjectKind, Urgency
from tocsin.paging.queries import people as paging_people
from tocsin.paging.usecases.opening import open_page
from tocsin.runbook.effects import (
    PagePolicy,
    PageRole,
    PageSchedule,
    PageTeam,
    Post,
    Remind,
    Require,
)
from tocsin.runbook.events import services_of
from tocsin.runbook.interpret import OwedEffect, render
from tocsin.runbook.model import Runbook
from tocsin.runbook.roles import Role
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.comms import TeamEngaged
from tocsin.timeline.facts.incidents import role_word
from tocsin.timeline.state import IncidentState


def owed_of(job: Job) -> OwedEffect:
    """The effect that a task carries."""
    return OwedEffect.model_validate({name: value for name, value in job.payload.items() if name != "number"})


def page_role(connection: Connection, job: Job, now: datetime) -> None:
    """Page whoever the role is filled from. Who has it already since before the cause is paged themselves."""
    owed = owed_of(job)
    assert isinstance(owed.effect, PageRole)
    _page_for_role(connection, owed, owed.effect.role, owed.effect.why, now)


def _page_for_role(connection: Connection, owed: OwedEffect, role: str, why: str | None, now: datetime) -> None:
    state = state_of(connection, SYSTEM, owed.incident_id)
    if not state.incident.is_open:
        return
    runbook = read_bundle(connection, state.incident.bundle_digest).effective(services_of(state))
    known = runbook.roles.get(role.partition(":")[0])
    for key in keys_of_role(state, role, known):
        holder = state.incident.roles.get(key) or state.incident.roles.get(role)
        if holder is None:
            open_role_page(connection, state, runbook, key, why, now)
        elif holder.since < entry_of(connection, owed.incident_id, owed.seq).happened_at:
            demand = role_demand(connection, state, runbook, key)
            again = Demand((Target(person=holder.person), *demand.targets), demand.policy)
            title = why or f"{role_word(key)} is needed again"
            ask(connection, state, "regression", f"{state.incident.id}:{key}", title, again, now)


def keys_of_role(state: IncidentState, role: str, known: Role | None) -> tuple[str, ...]:
    """One key, or one for each failing service where the runbook wants one for each."""
    services = services_of(state)
    if known is None or known.for_each is None or ":" in role or not services:
        return (role,)
    return tuple(f"{role}:{service}" for service in services)


def role_demand(connection: Connection, state: IncidentState, runbook: Runbook, role: str) -> Demand:
    """Whom the role is filled from now."""
    known = runbook.roles.get(role.partition(":")[0])
    return demand_for_role(role, known.fill if known else (), services_of(state), organisation_of(connection))


def open_role_page(
    connection: Connection, state: IncidentState, runbook: Runbook, role: str, why: str | None, now: datetime
) -> None:
    """The page that ends when somebody has the role; acknowledging it takes the role."""
    demand = role_demand(connection, state, runbook, role)
    title = f"{role_word(role).capitalize()} needed: {state.incident.title}"
    ask(connection, state, "role", f"{state.incident.id}:{role}", title, demand, now, why=why)


def ask(
    connection: Connection,
    state: IncidentState,
    subject_kind: SubjectKind,
    subject_id: str,
    title: str,
    demand: Demand,
    now: datetime,
    *,
    why: str | None = None,
    urgency: Urgency = "page",
) -> str:
    """Open a page for the incident, in this transaction; returns its id.

    Of the targets the first that reaches somebody now is paged at once, since a page is one person's business first;
    then the policy climbs.
    """
    incident = state.incident
    asked = OpenPage(
        subject_kind=subject_kind,
        subject_id=subject_id,
        title=title[:200],
        detail="\n".join(
            line for line in (why, f"INC-{incident.number}, Sev{incident.severity}: {incident.title}") if line
        ),
        urgency=urgency,
        severity=f"sev{incident.severity}",
        services=services_of(state),
        to=_first_reached(connection, demand.targets, now),
        policy=demand.policy,
        incident_id=incident.id,
        restricted=incident.restricted,
        practice=incident.practice,
    )
    return open_page(connection, asked, now)


def _first_reached(connection: Connection, targets: tuple[Target, ...], now: datetime) -> tuple[Target, ...]:
    if len(targets) > 1:
        directory = paging_people.directory(connection)
        for target in targets:
            if resolve(Step(page=(target,)), directory, now).people:
                return (target,)
    return targets[:1]


def page_schedule(connection: Connection, job: Job, now: datetime) -> None:
    """Page who is on call in a schedule; with a role, who acknowledges gets it."""
    owed = owed_of(job)
    assert isinstance(owed.effect, PageSchedule)
    policy = organisation_of(connection).default_policy_id()
    demand = Demand((Target(schedule=owed.effect.schedule),), policy)
    _page_by(connection, owed, owed.effect.role, owed.effect.why, demand, now)


def page_policy(connection: Connection, job: Job, now: datetime) -> None:
    """Page by an escalation policy."""
    owed = owed_of(job)
    assert isinstance(owed.effect, PagePolicy)
    _page_by(connection, owed, owed.effect.role, owed.effect.why, Demand(policy=owed.effect.policy), now)


def _page_by(
    connection: Connection, owed: OwedEffect, role: str | None, why: str | None, demand: Demand, now: datetime
) -> None:
    state = state_of(connection, SYSTEM, owed.incident_id)
    if not state.incident.is_open or (role and role in state.incident.roles):
        return
    title = why or (f"{role_word(role).capitalize()} needed: {state.incident.title}" if role else state.incident.title)
    if role:
        ask(connection, state, "role", f"{state.incident.id}:{role}", title, demand, now, why=why)
    else:
        ask(connection, state, "person", owed.key, title, demand, now, why=why)


def page_team(connection: Connection, job: Job, now: datetime) -> None:
    """Call a further team in: on the timeline, and by its own policy. Who acknowledges becomes a member."""
    owed = owed_of(job)
    assert isinstance(owed.effect, PageTeam)
    team, why = owed.effect.team, owed.effect.why or "The runbook asks for it."

    def engage(state: IncidentState, _: Runbook) -> Iterable[Fact]:
        called = team in state.comms.teams or not state.incident.is_open
        return [] if called else [TeamEngaged(team=team, why=why, rule=owed.rule)]

    changed = change_incident(connection, SYSTEM, owed.incident_id, by_runbook(engage), now, also_ended=True)
    if changed.entries:
        organisation = organisation_of(connection)
        demand = demand_for_team(team, organisation)
        title = f"{name_in(organisation, team)} needed: {changed.state.incident.title}"
        ask(connection, changed.state, "team", f"{owed.incident_id}:{team}", title, demand, now, why=why)


def open_channel(connection: Connection, job: Job, now: datetime) -> None:
    """The room is the channel and the document."""
    _record(connection, job, lambda state, _: decide.open_channel(state), now)


def post(connection: Connection, job: Job, now: datetime) -> None:
    """A message in the channel, its names filled in."""
    effect = owed_of(job).effect
    assert isinstance(effect, Post)
    _record(connection, job, lambda state, _: decide.post(render(effect.text, state)), now)


def require(connection: Connection, job: Job, now: datetime) -> None:
    """Ask what only a person can answer, or for a role that must be filled."""
    owed = owed_of(job)
    effect = owed.effect
    assert isinstance(effect, Require)
    if effect.role:
        _page_for_role(connection, owed, effect.role, None, now)
        return
    question = effect.answer or ""

    def ask_it(state: IncidentState, runbook: Runbook) -> Iterable[Fact]:
        known = runbook.questions.get(question)
        return decide.ask(state, question, known.ask if known else question, known.role if known else None)

    _record(connection, job, ask_it, now)


def restrict(connection: Connection, job: Job, now: datetime) -> None:
    """Show the incident to its members alone."""
    people.restrict(connection, SYSTEM, owed_of(job).incident_id, True, now, reason="The runbook asks for it.")


def remind(connection: Connection, job: Job, now: datetime) -> None:
    """Tell a role something in the channel and by its own messages; nobody is woken."""
    owed = owed_of(job)
    effect = owed.effect
    assert isinstance(effect, Remind)
    remind_role(connection, owed.incident_id, effect.role, owed.key, effect.text, now)


def remind_role(
    connection: Connection, incident_id: str, role: str | None, what: str, text: str, now: datetime
) -> None:
    """Record that whoever has the role was told, and notify them; `what` is told once."""

    def tell(state: IncidentState, _: Runbook) -> Iterable[Fact]:
        if what in state.incident.reminders:
            return []
        holder = state.incident.roles.get(role) if role else None
        return decide.remind(what, render(text, state), role, (holder.person,) if holder else ())

    changed = change_incident(connection, SYSTEM, incident_id, by_runbook(tell), now, also_ended=True)
    for entry in changed.entries:
        for person in getattr(entry.fact, "to", ()):
            title = str(getattr(entry.fact, "text", ""))
            demand = Demand((Target(person=person),))
            ask(connection, changed.state, "deadline", f"{incident_id}:{what}", title, demand, now, urgency="notify")


def _record(connection: Connection, job: Job, rule: FromRunbook, now: datetime) -> None:
    """Record facts of an open incident; one that has ended needs them no more."""
    incident_id = owed_of(job).incident_id

    def while_open(state: IncidentState, runbook: Runbook) -> Iterable[Fact]:
        return rule(state, runbook) if state.incident.is_open else ()

    change_incident(connection, SYSTEM, incident_id, by_runbook(while_open), now, also_ended=True)


__all__ = [
    "ask", "keys_of_role", "open_channel", "open_role_page", "page_policy", "page_role", "page_schedule", "page_team",
    "post", "remind", "remind_role", "require", "restrict", "role_demand",
]  # fmt: skip
