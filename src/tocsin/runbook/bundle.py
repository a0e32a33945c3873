"""The bundle that an incident pins: base runbook, runbooks of its services, recovery checks, under one digest."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

from tocsin.errors import Invalid
from tocsin.runbook.extend import extend
from tocsin.runbook.model import Gate, Runbook
from tocsin.runbook.parts import Phase
from tocsin.runbook.reading import read_runbook
from tocsin.timeline.facts.recovery import CheckSpec

FORMAT = 1


@dataclass(frozen=True)
class Bundle:
    """Runbooks as their Markdown, so that a pinned version can be read for ever; parsed when first asked.

    `service_texts` by service id; `checks` are the catalog's recovery checks of a service.
    """

    base_text: str
    service_texts: tuple[tuple[str, str], ...] = ()
    checks: tuple[tuple[str, tuple[CheckSpec, ...]], ...] = ()

    @classmethod
    def of(
        cls,
        base_text: str,
        services: Mapping[str, str] | None = None,
        checks: Mapping[str, Iterable[CheckSpec]] | None = None,
    ) -> "Bundle":
        """A bundle in its canonical order; raises RunbookError when a text can't be read."""
        bundle = cls(
            base_text,
            tuple(sorted((services or {}).items())),
            tuple(sorted((service, tuple(specs)) for service, specs in (checks or {}).items())),
        )
        _ = bundle.base, bundle.services  # a text that can't be read must not be pinned
        return bundle

    @classmethod
    def from_text(cls, text: str) -> "Bundle":
        """The bundle that `to_text` wrote; kept in memory, because every command on an incident asks for it."""
        return _from_text(text)

    def to_text(self) -> str:
        """Canonical JSON: the same bundle gives the same bytes."""
        value: dict[str, Any] = {
            "format": FORMAT,
            "base": self.base_text,
            "services": dict(self.service_texts),
            "checks": {service: [spec.model_dump(mode="json") for spec in specs] for service, specs in self.checks},
        }
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical text, hexadecimal."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    @cached_property
    def base(self) -> Runbook:
        """The organisation's runbook."""
        return read_runbook(self.base_text)

    @cached_property
    def services(self) -> dict[str, Runbook]:
        """The services' own runbooks."""
        return {service: read_runbook(text) for service, text in self.service_texts}

    def effective(self, services: Iterable[str] = ()) -> Runbook:
        """What holds for an incident on these services: the base, extended and tightened by each one's runbook."""
        return _effective(self, tuple(sorted(set(services) & set(self.services))))

    def with_service(self, service: str, text: str | None, checks: Iterable[CheckSpec] = ()) -> "Bundle":
        """The bundle with one more service, as when it joins the incident later."""
        texts, known = dict(self.service_texts), dict(self.checks)
        if text is not None:
            texts[service] = text
        if specs := tuple(checks):
            known[service] = specs
        return Bundle.of(self.base_text, texts, known)

    def checks_for(self, services: Iterable[str]) -> tuple[CheckSpec, ...]:
        """An incident's recovery checks: each service's own (catalog and runbook); with none at all, the base's."""
        catalog, specs = dict(self.checks), dict[str, CheckSpec]()
        for service in sorted(set(services)):
            own = self.services.get(service)
            recovery = self.effective([service]).recovery
            named = own.recovery.checks if own else {}
            for spec in (
                *catalog.get(service, ()),
                *(c.spec(f"{service}/{i}", recovery, service) for i, c in named.items()),
            ):
                specs.setdefault(spec.id, spec)
        if not specs:
            recovery = self.base.recovery
            specs = {check_id: check.spec(check_id, recovery) for check_id, check in recovery.checks.items()}
        return tuple(specs.values())


def default_text() -> str:
    """The Markdown of the runbook that ships with Tocsin."""
    return resources.files("tocsin.runbook").joinpath("default", "incident-response.md").read_text("utf-8")


def default_bundle() -> Bundle:
    """The shipped runbook alone."""
    return Bundle.of(default_text())


@lru_cache(maxsize=64)
def _from_text(text: str) -> Bundle:
    value = json.loads(text)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise Invalid("This bundle was written by another version of Tocsin.")
    checks = {service: [CheckSpec.model_validate(spec) for spec in specs] for service, specs in value["checks"].items()}
    return Bundle.of(value["base"], value["services"], checks)


@lru_cache(maxsize=256)
def _effective(bundle: Bundle, services: tuple[str, ...]) -> Runbook:
    runbook = bundle.base
    for service in services:
        runbook = extend(runbook, bundle.services[service], service)
    return runbook.model_copy(update={"gates": _chosen_watch(bundle, services, runbook)})


def _chosen_watch(bundle: Bundle, services: tuple[str, ...], runbook: Runbook) -> dict[Phase, Gate]:
    """Inside the range that the base leaves open, a service may choose its watch; of several the longest holds."""
    gates = dict(runbook.gates)
    for phase, gate in bundle.base.gates.items():
        own = [bundle.services[service].gates.get(phase) for service in services]
        chosen = [each.watch for each in own if each is not None and each.watch is not None]
        if gate.watch_between is not None and chosen:
            gates[phase] = gates[phase].model_copy(update={"watch": max(chosen)})
    return gates
