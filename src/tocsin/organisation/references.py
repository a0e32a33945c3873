"""Which object names which: every reference, whether it leads somewhere, and who uses what. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tocsin.organisation.model import Kind
from tocsin.organisation.model.fields import Spec, Target
from tocsin.organisation.model.person import Person
from tocsin.organisation.model.policy import Policy
from tocsin.organisation.model.routing import RoutingRule
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.model.service import Service
from tocsin.organisation.model.settings import Settings
from tocsin.organisation.model.team import Team

Objects = Mapping[tuple[Kind, str], Spec]
"""Specs by kind and id."""


@dataclass(frozen=True)
class Reference:
    """A field that names another object."""

    field: str
    kind: Kind
    id: str


@dataclass(frozen=True)
class Dangling:
    """A reference from `user` that leads nowhere, or to somebody who is deactivated."""

    user: tuple[Kind, str]
    reference: Reference
    deactivated: bool = False


def references(spec: Spec) -> Iterator[Reference]:
    """Every object that a spec names."""
    for model, read in _READERS.items():
        if isinstance(spec, model):
            yield from read(spec)


def dangling(objects: Objects) -> Iterator[Dangling]:
    """Every reference among the objects that leads nowhere or to a deactivated person."""
    for key, spec in objects.items():
        for reference in references(spec):
            target = objects.get((reference.kind, reference.id))
            if target is None:
                yield Dangling(key, reference)
            elif isinstance(target, Person) and not target.active:
                yield Dangling(key, reference, deactivated=True)


def users_of(objects: Objects, kind: Kind, id: str) -> list[tuple[Kind, str]]:
    """Which objects name this one, each once, in their order."""
    users = [key for key, spec in objects.items() if any((r.kind, r.id) == (kind, id) for r in references(spec))]
    return list(dict.fromkeys(users))


def _one(field: str, kind: Kind, id: str | None) -> Iterator[Reference]:
    if id is not None:
        yield Reference(field, kind, id)


def _many(field: str, kind: Kind, ids: Iterable[str]) -> Iterator[Reference]:
    for place, id in enumerate(ids):
        yield Reference(f"{field}.{place}", kind, id)


def _target(field: str, target: Target) -> Iterator[Reference]:
    yield Reference(f"{field}.{target.kind}", target.kind, target.id)


def _of_settings(spec: Settings) -> Iterator[Reference]:
    yield from _many("last_resort", "person", spec.last_resort)
    yield from _one("default_policy", "policy", spec.default_policy)
    yield from _one("runbook", "runbook", spec.runbook)
    yield from _one("commander_schedule", "schedule", spec.commander_schedule)
    yield from _one("communications_schedule", "schedule", spec.communications_schedule)
    yield from _one("operations_schedule", "schedule", spec.operations_schedule)
    yield from _one("security_team", "team", spec.security_team)
    yield from _one("legal_team", "team", spec.legal_team)


def _of_team(spec: Team) -> Iterator[Reference]:
    yield from _many("members", "person", spec.members)
    yield from _one("policy", "policy", spec.policy)
    yield from _one("runbook", "runbook", spec.runbook)


def _of_schedule(spec: Schedule) -> Iterator[Reference]:
    yield from _one("team", "team", spec.team)
    for place, rotation in enumerate(spec.rotations):
        yield from _many(f"rotations.{place}.people", "person", rotation.people)


def _of_policy(spec: Policy) -> Iterator[Reference]:
    for place, step in enumerate(spec.steps):
        for nth, target in enumerate(step.page):
            yield from _target(f"steps.{place}.page.{nth}", target)


def _of_service(spec: Service) -> Iterator[Reference]:
    yield from _one("team", "team", spec.team)
    yield from _one("secondary_team", "team", spec.secondary_team)
    yield from _many("depends_on", "service", spec.depends_on)
    yield from _one("policy", "policy", spec.policy)
    yield from _one("runbook", "runbook", spec.runbook)
    yield from _many("vendors", "vendor", spec.vendors)
    if spec.experts is not None:
        yield from _target("experts", spec.experts)


def _of_routing(spec: RoutingRule) -> Iterator[Reference]:
    yield from _one("service", "service", spec.service)
    yield from _one("policy", "policy", spec.policy)


_READERS: dict[type[Spec], Callable[..., Iterator[Reference]]] = {
    Settings: _of_settings,
    Team: _of_team,
    Schedule: _of_schedule,
    Policy: _of_policy,
    Service: _of_service,
    RoutingRule: _of_routing,
}
