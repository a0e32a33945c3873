"""Whom a page would reach if it came at some moment: the policy and the people with their rules as they are now."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.errors import Invalid
from tocsin.organisation.model.fields import Target
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.paging.methods import missing_here
from tocsin.paging.page import Urgency, ladder
from tocsin.paging.queries import people
from tocsin.paging.simulation import SimulatedStep, Usable, simulate
from tocsin.runbook.findings import nearest


def simulation(
    connection: Connection, to: str | None, at: datetime, severity: str | None = None, urgency: Urgency = "page"
) -> tuple[SimulatedStep, ...]:
    """What would happen if a page for `to` came at an instant and nobody answered.

    `to` is a service, team, policy, schedule or person; None is what names none: the organisation's default policy.
    As for a page by hand, who is named is paged first, then the default policy. Raises Invalid for a name that is not
    known.
    """
    targets, policy_id = whom(everything(connection), to) if to else ((), None)

    def methods_of(person: str, then: datetime, pierces: bool) -> Usable:
        chosen = people.ways_now(connection, person, severity, then, pierces=pierces)
        kinds = tuple(way.kind for way in chosen.ways)
        if pierces and not kinds and people.email_of(connection, person) and missing_here(connection, "email") is None:
            kinds = ("email",)  # the last resort is written to at the address in the files
        return Usable(kinds, chosen.quiet)

    return simulate(
        ladder(targets, people.policy_of(connection, policy_id)[1]),
        people.directory(connection),
        at,
        methods_of,
        people.last_resort(connection),
        severity,
        urgency,
    )


def whom(organisation: Organisation, to: str) -> tuple[tuple[Target, ...], str | None]:
    """The targets and policy that an id stands for; Invalid with the nearest name."""
    if to in organisation.active_people:
        return (Target(person=to),), None
    if to in organisation.teams:
        team = organisation.teams[to]
        return ((), team.policy) if team.policy else ((Target(team=to),), None)
    if to in organisation.schedules:
        return (Target(schedule=to),), None
    if to in organisation.services:
        return (), organisation.policy_for(to)
    if to in organisation.policies:
        return (), to
    known = [
        *organisation.active_people,
        *organisation.teams,
        *organisation.schedules,
        *organisation.services,
        *organisation.policies,
    ]
    raise Invalid(f"there is no person, team, schedule, service or policy '{to}'. {nearest(to, known)}".strip(), "to")


def called(organisation: Organisation, to: str) -> str:
    """What people call whom an id stands for."""
    kinds = ("people", "teams", "schedules", "services", "policies")
    return next((getattr(organisation, kind)[to].name for kind in kinds if to in getattr(organisation, kind)), to)
