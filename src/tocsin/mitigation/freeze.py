"""Held deploys: which services, who may pass, and the sentence that a pipeline prints. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.errors import Conflict, Invalid
from tocsin.incidents.wording import text_of
from tocsin.mitigation.wording import masked_text, optional_masked
from tocsin.runbook.events import services_of
from tocsin.runbook.findings import nearest
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.mitigation import ChangeAllowed, DeploysHeld, DeploysReleased
from tocsin.timeline.state import IncidentState

EVERY = "*"
_LONGEST_CHANGE = 200


@dataclass(frozen=True)
class LiveFreeze:
    """A stop in force. `visible`: whether who asks may know of the incident; `since` UTC."""

    service: str
    number: int
    title: str
    severity: int
    restricted: bool
    since: datetime
    ends_at: datetime | None = None
    reason: str = ""
    allowed_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What a pipeline is told. `incident` is a number, never that of a restricted incident."""

    held: bool
    sentence: str
    incident: int | None = None
    allowed: bool = False


def judge(service: str, change: str | None, freezes: Sequence[LiveFreeze], now: datetime) -> Verdict:
    """go or held. Every incident that holds the service must allow the change; a restricted one names nothing."""
    holding = [
        each for each in freezes if each.service in (EVERY, service) and (each.ends_at is None or each.ends_at > now)
    ]
    blocking = [each for each in holding if change is None or change not in each.allowed_changes]
    if not holding:
        return Verdict(held=False, sentence=f"Go: no incident holds deploys on {service}.")
    if not blocking:
        sentence = f"Go: change {change} was allowed on {service}"
        named = [f"INC-{each.number}" for each in holding if not each.restricted]
        return Verdict(
            held=False, sentence=f"{sentence} for {', '.join(named)}." if named else f"{sentence}.", allowed=True
        )
    open_ones = [each for each in blocking if not each.restricted]
    if not open_ones:
        return Verdict(
            held=True, sentence=f"Held: deploys on {service} are held. Ask who is on call before you deploy."
        )
    worst = min(open_ones, key=lambda each: (each.severity, each.since))
    more = f" and {len(blocking) - 1} more" if len(blocking) > 1 else ""
    until = f" until {worst.ends_at:%H:%M} UTC at the latest" if worst.ends_at else ""
    return Verdict(
        held=True,
        sentence=(
            f"Held: deploys on {service} are held since {worst.since:%Y-%m-%d %H:%M} UTC{until} by INC-{worst.number}"
            f" (Sev{worst.severity}, {worst.title}){more}. Is your change the fix? Ask its room to allow it."
        ),
        incident=worst.number,
    )


def hold(
    state: IncidentState,
    services: Sequence[str] | None,
    catalog: Mapping[str, object],
    *,
    rule: str | None = None,
    reason: str | None = None,
    until: datetime | None = None,
    now: datetime,
) -> list[Fact]:
    """Hold deploys on services, by default those that are hit; what is held already stays as it is.

    With no service known at all every service is held, since an incident that can't be placed may be anywhere.
    """
    if not state.incident.is_open:
        raise Conflict(f"the incident is {state.incident.phase}; deploys are held only during one")
    if until is not None and (until.tzinfo is None or until <= now):
        raise Invalid("until must lie in the future, with its time zone", "until")
    wanted = tuple(dict.fromkeys(services)) if services else (services_of(state) or (EVERY,))
    for name in wanted:
        if name != EVERY and name not in catalog and name not in services_of(state):
            raise Invalid(f"there is no service '{name}'. {nearest(name, catalog)}".strip(), "services")
    if EVERY in wanted:
        wanted = (EVERY,)
    held = state.mitigation.held
    missing = tuple(name for name in wanted if name not in held and EVERY not in held)
    if not missing:
        return []
    return [DeploysHeld(services=missing, rule=rule, until=until, reason=optional_masked(reason, "reason"))]


def release(state: IncidentState, services: Sequence[str] | None, reason: str | None) -> list[Fact]:
    """Let deploys go again on services, by default on all that this incident holds."""
    held = state.mitigation.held
    wanted = tuple(dict.fromkeys(services)) if services else tuple(held)
    unknown = [name for name in wanted if name not in held]
    if unknown:
        raise Conflict(f"this incident holds no deploys on {', '.join(unknown)}")
    if not wanted:
        return []
    return [DeploysReleased(services=wanted, reason=optional_masked(reason, "reason"))]


def allow(state: IncidentState, change_id: str, reason: str, service: str | None, by_change: str | None) -> list[Fact]:
    """Let one change through: it may be the fix. `by_change` is the service that the reported change names."""
    held = state.mitigation.held
    if not held:
        raise Conflict("this incident holds no deploys; the change can go anyway")
    change = text_of(change_id, "change", _LONGEST_CHANGE)
    reported = by_change if by_change in held or EVERY in held else None
    where = service or reported or (next(iter(held)) if len(held) == 1 else None)
    if where is None:
        raise Invalid(f"several services are held; name one of {', '.join(held)}", "service")
    if where not in held and EVERY not in held:
        raise Conflict(f"deploys on {where} are not held by this incident; held are {', '.join(held)}")
    if any(each.service == where and each.change_id == change for each in state.mitigation.allowed):
        return []
    return [ChangeAllowed(service=where, change_id=change, reason=masked_text(reason, "reason"))]
