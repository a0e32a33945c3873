"""Which roles an incident needs now, who holds them, and since when one has been empty."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.runbook.events import services_of
from tocsin.runbook.model import Runbook
from tocsin.runbook.parts import PHASES
from tocsin.runbook.roles import FillSource, Role
from tocsin.timeline.state import IncidentState


@dataclass(frozen=True)
class RequiredRole:
    """A role that must be filled now. `role` is its key on the timeline (`expert:checkout-api`); times UTC."""

    role: str
    title: str
    duty: str
    service: str | None
    holder: str | None
    empty_since: datetime | None
    fill: tuple[FillSource, ...]
    section: str


def required_roles(state: IncidentState, runbook: Runbook) -> tuple[RequiredRole, ...]:
    """Every role that the runbook requires at the incident's severity and phase, in the runbook's order."""
    incident = state.incident
    found: list[RequiredRole] = []
    for name, role in runbook.roles.items():
        if not role.required.at(incident.severity, incident.phase):
            continue
        services: tuple[str, ...] | tuple[None] = services_of(state) if role.for_each else (None,)
        found.extend(_required(name, role, service, state, runbook) for service in services or (None,))
    return tuple(found)


def _required(name: str, role: Role, service: str | None, state: IncidentState, runbook: Runbook) -> RequiredRole:
    incident = state.incident
    key = f"{name}:{service}" if service else name
    holder = incident.roles.get(key) or incident.roles.get(name)
    return RequiredRole(
        role=key,
        title=f"{role.title} for {service}" if service else role.title,
        duty=role.duty or "",
        service=service,
        holder=holder.person if holder else None,
        empty_since=None if holder else _empty_since(key, role, state),
        fill=role.fill,
        section=runbook.section_of("roles", name),
    )


def _empty_since(key: str, role: Role, state: IncidentState) -> datetime | None:
    """When it began to be needed, or was released later."""
    incident = state.incident
    needed_from = PHASES.index(role.required.from_phase)
    entered = [
        span.entered_at for span in incident.phases if span.phase in PHASES and PHASES.index(span.phase) >= needed_from
    ]
    instants = [*entered[:1], *([incident.role_released_at[key]] if key in incident.role_released_at else [])]
    return max(instants, default=incident.declared_at)
