"""The whole organisation at one moment, typed: what rules are given instead of a database. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from tocsin.organisation.model import MODELS, SETTINGS_ID, Kind
from tocsin.organisation.model.check import check_spec
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.model.person import Person
from tocsin.organisation.model.policy import Policy
from tocsin.organisation.model.routing import RoutingRule
from tocsin.organisation.model.runbook import Runbook
from tocsin.organisation.model.schedule import Schedule
from tocsin.organisation.model.service import Service
from tocsin.organisation.model.settings import Settings
from tocsin.organisation.model.team import Team
from tocsin.organisation.model.vendor import Vendor
from tocsin.organisation.references import Objects
from tocsin.timeline.facts.recovery import CheckSpec

_S = TypeVar("_S", bound=Spec)

DEFAULT_POLICY = "default"
"""The id of the policy that the first start makes."""


@dataclass(frozen=True)
class Organisation:
    """Everything that is current at one moment, by kind and id. `version` changes whenever anything does."""

    version: str = ""
    people: Mapping[str, Person] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    vendors: Mapping[str, Vendor] = field(default_factory=dict)
    runbooks: Mapping[str, Runbook] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    routing: Mapping[str, RoutingRule] = field(default_factory=dict)
    settings: Settings | None = None

    @classmethod
    def of(cls, objects: Objects, version: str = "") -> "Organisation":
        """From specs by kind and id."""

        def every(kind: Kind, model: type[_S]) -> dict[str, _S]:
            return {id: spec for (each, id), spec in objects.items() if each == kind and isinstance(spec, model)}

        settings = objects.get(("settings", SETTINGS_ID))
        return cls(
            version=version,
            people=every("person", Person),
            teams=every("team", Team),
            schedules=every("schedule", Schedule),
            policies=every("policy", Policy),
            vendors=every("vendor", Vendor),
            runbooks=every("runbook", Runbook),
            services=every("service", Service),
            routing=every("routing", RoutingRule),
            settings=settings if isinstance(settings, Settings) else None,
        )

    def every(self, kind: Kind) -> Mapping[str, Spec]:
        """The objects of one kind; the settings stand under 'organisation'."""
        if kind == "settings":
            return {SETTINGS_ID: self.settings} if self.settings else {}
        attribute = {"person": "people", "policy": "policies", "routing": "routing"}.get(kind, f"{kind}s")
        found: Mapping[str, Spec] = getattr(self, attribute)
        return found

    @cached_property
    def objects(self) -> Objects:
        """Everything by kind and id."""
        return {(kind, id): spec for kind in MODELS for id, spec in self.every(kind).items()}

    @property
    def name(self) -> str:
        """What the organisation calls itself."""
        return self.settings.name if self.settings else "Your organisation"

    @property
    def last_resort(self) -> tuple[str, ...]:
        """The active people who are paged when all else ran out."""
        named = self.settings.last_resort if self.settings else ()
        return tuple(id for id in named if id in self.active_people)

    @cached_property
    def active_people(self) -> frozenset[str]:
        """The ids of people who were not deactivated."""
        return frozenset(id for id, person in self.people.items() if person.active)

    @cached_property
    def rules(self) -> tuple[tuple[str, RoutingRule], ...]:
        """Routing rules with their ids in the order in which they are tried."""
        return tuple(sorted(self.routing.items(), key=lambda item: (item[1].order, item[0])))

    @cached_property
    def _former(self) -> Mapping[tuple[Kind, str], str]:
        return {(kind, former): id for (kind, id), spec in self.objects.items() for former in getattr(spec, "was", ())}

    def current_id(self, kind: Kind, id: str) -> str:
        """The present id of what was once called `id`; the same when it was never renamed."""
        return id if id in self.every(kind) else self._former.get((kind, id), id)

    def person_name(self, id: str) -> str:
        """A person's name; the id itself for somebody who is not known."""
        person = self.people.get(self.current_id("person", id))
        return person.name if person else id

    def time_zone_of(self, person: str) -> str:
        """A person's zone; UTC for somebody who is not known."""
        known = self.people.get(self.current_id("person", person))
        return known.time_zone if known else "UTC"

    def default_policy_id(self) -> str | None:
        """The policy for what names none: the settings', else 'default' if there is one."""
        if self.settings and self.settings.default_policy:
            return self.settings.default_policy
        return DEFAULT_POLICY if DEFAULT_POLICY in self.policies else None

    def policy_for(self, service: str | None) -> str | None:
        """The policy by which a service's people are paged: its own, its team's, else the default."""
        known = self.services.get(service) if service else None
        if known is None:
            return self.default_policy_id()
        team = self.teams.get(known.team)
        return known.policy or (team.policy if team else None) or self.default_policy_id()

    def runbook_for(self, service: str) -> str | None:
        """The Markdown of a service's own runbook (else its team's); None when it has none."""
        known = self.services.get(service)
        if known is None:
            return None
        team = self.teams.get(known.team)
        id = known.runbook or (team.runbook if team else None)
        known_runbook = self.runbooks.get(id) if id else None
        return known_runbook.text if known_runbook else None

    @property
    def base_runbook(self) -> str | None:
        """The Markdown of the organisation's base runbook; None for the one that ships with Tocsin."""
        id = self.settings.runbook if self.settings else None
        known_runbook = self.runbooks.get(id) if id else None
        return known_runbook.text if known_runbook else None

    def checks_for(self, service: str) -> tuple[CheckSpec, ...]:
        """A service's recovery checks, as an incident keeps them; those without a source ask the organisation's."""
        known = self.services.get(service)
        if known is None:
            return ()
        default = self.settings.prometheus if self.settings else None
        specs = (check_spec(id, check, service) for id, check in known.checks.items())
        return tuple(
            spec.model_copy(update={"source": default}) if spec.kind == "promql" and spec.source is None else spec
            for spec in specs
        )

    def dependents(self, service: str) -> tuple[str, ...]:
        """The services that name this one in `depends_on`."""
        return tuple(id for id, each in self.services.items() if service in each.depends_on)

    def services_with_pipeline(self, name: str) -> tuple[str, ...]:
        """The services that a pipeline deploys: by one of their pipelines' names, or by their own id."""
        return tuple(id for id, each in self.services.items() if name in each.pipelines or name == id)

    def services_labelled(self, labels: Mapping[str, str]) -> Iterable[str]:
        """The services whose labels an alert carries; one named by the label 'service' comes first."""
        named = self.current_id("service", labels["service"]) if "service" in labels else None
        if named is not None and named in self.services:
            yield named
        for id, each in self.services.items():
            if id != named and each.labels and all(labels.get(key) == value for key, value in each.labels.items()):
                yield id
