"""From a role of the runbook to whom to page for it, by the organisation as it is now. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tocsin.organisation.model.fields import Target
from tocsin.organisation.snapshot import Organisation
from tocsin.runbook.bundle import Bundle, default_text
from tocsin.runbook.roles import FillSource

_SETTINGS_SCHEDULES = {
    "commander": "commander_schedule",
    "communications": "communications_schedule",
    "operations": "operations_schedule",
}


@dataclass(frozen=True)
class Demand:
    """Whom to page: targets in the order in which the runbook names them, then a policy by its id."""

    targets: tuple[Target, ...] = ()
    policy: str | None = None


def demand_for_role(
    role: str, fill: Iterable[FillSource], services: Iterable[str], organisation: Organisation
) -> Demand:
    """Whom a role is filled from. `role` may be of one service (`expert:checkout-api`); `services` are those hit.

    What the runbook names and the organisation lacks is passed over; then the organisation's own schedule for the role
    is asked, then its default policy. Nothing at all leaves it to the last resort.
    """
    stem, _, service = role.partition(":")
    hit = (service,) if service else tuple(services)
    targets: list[Target] = []
    policy: str | None = None
    for source in fill:
        found, by = _from_source(source, stem, hit, organisation)
        targets += found
        policy = policy or by
    own = getattr(organisation.settings, _SETTINGS_SCHEDULES.get(stem, ""), None)
    if own in organisation.schedules:
        targets.append(Target(schedule=own))
    policy = policy or organisation.default_policy_id()
    return Demand(tuple({str(target): target for target in targets}.values()), policy)


def demand_for_team(team: str, organisation: Organisation) -> Demand:
    """A team by its own policy, else all its members, else the organisation's default."""
    found = organisation.teams.get(organisation.current_id("team", team))
    if found and found.policy:
        return Demand(policy=found.policy)
    if found and found.members:
        return Demand(targets=(Target(team=organisation.current_id("team", team)),))
    return Demand(policy=organisation.default_policy_id())


def bundle_for(services: Iterable[str], organisation: Organisation) -> Bundle:
    """What an incident on these services pins now: base runbook, the services' own, their recovery checks."""
    named = [service for service in services if service in organisation.services]
    texts = {service: organisation.runbook_for(service) for service in named}
    return Bundle.of(
        organisation.base_runbook or default_text(),
        {service: text for service, text in texts.items() if text},
        {service: checks for service in named if (checks := organisation.checks_for(service))},
    )


def name_in(organisation: Organisation, subject: str) -> str:
    """The name of a person, team, vendor, service or schedule; what is not known is shown as it is."""
    person = organisation.people.get(organisation.current_id("person", subject))
    found = person or organisation.teams.get(subject) or organisation.vendors.get(subject)
    found_too = found or organisation.services.get(subject) or organisation.schedules.get(subject)
    return found_too.name if found_too else subject


def _from_source(
    source: FillSource, stem: str, services: tuple[str, ...], organisation: Organisation
) -> tuple[list[Target], str | None]:
    name = source.name or ""
    if source.kind == "schedule":
        schedule = organisation.current_id("schedule", name)
        return ([Target(schedule=schedule)] if schedule in organisation.schedules else []), None
    if source.kind == "policy":
        policy = organisation.current_id("policy", name)
        return [], policy if policy in organisation.policies else None
    if source.kind == "team":
        known = organisation.current_id("team", name) in organisation.teams
        demand = demand_for_team(name, organisation) if known else Demand()
        return list(demand.targets), demand.policy
    return list(_experts(stem, services, organisation)), _policy_of(services, organisation)


def _experts(stem: str, services: tuple[str, ...], organisation: Organisation) -> Iterator[Target]:
    for service in services if stem == "expert" else ():
        found = organisation.services.get(service)
        if found and found.experts is not None:
            yield found.experts


def _policy_of(services: tuple[str, ...], organisation: Organisation) -> str | None:
    named = (organisation.policy_for(service) for service in services if service in organisation.services)
    return next((policy for policy in named if policy), None)
