"""The catalog: services, whose they are, who has them now, what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.errors import NotFound
from tocsin.oncall import queries as oncall
from tocsin.organisation.model.service import Service
from tocsin.organisation.queries import everything
from tocsin.organisation.queries import source as where_from
from tocsin.organisation.snapshot import Organisation
from tocsin.web import format as say
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen


@dataclass(frozen=True)
class Row:
    """One service."""

    id: str
    name: str
    team: str
    oncall: str
    tier: int
    runbook: bool
    checks: int
    needs: int


@dataclass(frozen=True)
class CatalogView:
    """All services."""

    rows: tuple[Row, ...]
    lede: str


@dataclass(frozen=True)
class ServiceView:
    """One service's page."""

    id: str
    name: str
    description: str
    facts: tuple[tuple[str, str], ...]
    needs: tuple[tuple[str, str], ...]
    needed_by: tuple[tuple[str, str], ...]
    checks: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    vendors: tuple[tuple[str, str], ...]
    file: str


def load(asked: Asked) -> Answer:
    """Every service, by name."""
    known, organisation = people.names(asked.connection), everything(asked.connection)
    now_on = {duty.id: duty.now.person for duty in oncall.duties(asked.connection, asked.now)}
    rows = []
    for key, service in sorted(organisation.services.items(), key=lambda item: item[1].name.lower()):
        person = _on_call(organisation, service, now_on)
        rows.append(
            Row(
                key,
                service.name,
                known.of(service.team),
                known.of(person) if person else "",
                service.tier,
                organisation.runbook_for(key) is not None,
                len(service.checks),
                len(service.depends_on),
            )
        )
    bare = sum(not row.checks for row in rows)
    lede = (
        f"{say.figure(bare, 'service has', 'services have')} no recovery criteria."
        if bare
        else "Every service has recovery criteria."
    )
    return Answer(CatalogView(tuple(rows), lede if rows else ""), frozenset({"organisation"}))


def _on_call(organisation: Organisation, service: Service, now_on: Mapping[str, str | None]) -> str | None:
    policy_id = service.policy or (
        organisation.teams[service.team].policy if service.team in organisation.teams else None
    )
    policy = organisation.policies.get(policy_id) if policy_id else None
    for target in policy.steps[0].page if policy else ():
        if target.kind == "schedule":
            return now_on.get(target.id)
        if target.kind == "person":
            return str(target.id)
    return None


def load_service(asked: Asked) -> Answer:
    """One service. NotFound when there is none."""
    key = str(asked.path["service"])
    known, organisation = people.names(asked.connection), everything(asked.connection)
    service = organisation.services.get(key)
    if service is None:
        raise NotFound(f"there is no service '{key}'")
    held = where_from(asked.connection, "service", key)
    facts = [("Team", known.of(service.team)), ("Tier", str(service.tier))]
    facts += [("Customers", service.customers)] if service.customers else []
    facts += [("On the status page", service.public_name)] if service.public_name else []
    facts += [("Pipelines", ", ".join(service.pipelines))] if service.pipelines else []
    view = ServiceView(
        key,
        service.name,
        service.description,
        tuple(facts),
        tuple((each, known.of(each)) for each in service.depends_on),
        tuple((other, spec.name) for other, spec in organisation.services.items() if key in spec.depends_on),
        tuple((spec.name, spec.query) for spec in organisation.checks_for(key)),
        tuple((link.title, link.url) for link in service.links),
        tuple((vendor, known.of(vendor)) for vendor in service.vendors),
        f"{held.file}, line {held.line}" if held is not None and getattr(held, "file", None) else "",
    )
    return Answer(view, frozenset({"organisation"}), live=False)


SCREENS = (
    Screen("/catalog", "catalog", "catalog.html", load),
    Screen("/catalog/{service}", "catalog", "service.html", load_service),
)
