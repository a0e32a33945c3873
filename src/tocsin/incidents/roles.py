"""Who leads, writes, works and knows: roles taken, given, handed over and released. Names are for the sentences."""

from tocsin.errors import Conflict, Forbidden, Invalid
from tocsin.incidents.wording import optional_text
from tocsin.runbook.findings import nearest
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact, NameOf
from tocsin.timeline.facts.incidents import (
    DeputyNamed,
    HandoverDeclined,
    HandoverOffered,
    MemberAdded,
    MemberRemoved,
    RestrictionChanged,
    RoleAssigned,
    RoleReleased,
    role_word,
)
from tocsin.timeline.state import IncidentState

COMMANDER = "commander"


def role_of(runbook: Runbook, role: str) -> str:
    """The role's key (`commander`, `expert:checkout-api`); Invalid when the runbook has no such role."""
    stem, _, service = role.partition(":")
    known = runbook.roles.get(stem)
    if known is None:
        raise Invalid(f"the runbook has no role '{stem}'. {nearest(stem, runbook.roles)}".strip(), "role")
    if service and known.for_each is None:
        raise Invalid(f"{role_word(stem)} is one role for the whole incident; name it without a service", "role")
    return role


def assign_role(
    state: IncidentState,
    runbook: Runbook,
    role: str,
    person: str,
    name_of: NameOf,
    *,
    by: str | None,
    replace: bool = False,
) -> list[Fact]:
    """Take a role (`by` is the person) or give it. Who comes second is told who has it, unless they `replace`."""
    key = role_of(runbook, role)
    holder = state.incident.roles.get(key)
    if holder and holder.person == person:
        return []
    if holder and not replace:
        raise Conflict(
            f"{name_of(holder.person)} is already {role_word(key)}; ask them to hand it over, or release them first"
        )
    how = "taken" if by == person else "given"
    return [RoleAssigned(role=key, person=person, previous=holder.person if holder else None, how=how)]


def release_role(state: IncidentState, runbook: Runbook, role: str, reason: str | None) -> list[Fact]:
    """Nobody has the role any more; while it is required it shouts."""
    key = role_of(runbook, role)
    holder = state.incident.roles.get(key)
    if holder is None:
        raise Conflict(f"nobody is {role_word(key)}")
    return [RoleReleased(role=key, person=holder.person, reason=optional_text(reason, "reason"))]


def offer_handover(
    state: IncidentState, runbook: Runbook, role: str, to: str, note: str | None, name_of: NameOf, *, by: str | None
) -> list[Fact]:
    """The holder, or the deputy, offers the role to another person, who must say yes."""
    key = role_of(runbook, role)
    holder = state.incident.roles.get(key)
    if holder is None:
        raise Conflict(f"nobody is {role_word(key)}; give the role instead of handing it over")
    if by is not None and by not in (holder.person, state.incident.deputy):
        raise Forbidden(f"{name_of(holder.person)} is {role_word(key)}; they or the deputy can hand it over")
    if to == holder.person:
        raise Conflict(f"{name_of(to)} is already {role_word(key)}")
    offer = state.incident.offers.get(key)
    if offer and offer.to == to:
        return []
    seeing = [] if not state.incident.restricted or to in state.incident.members else [MemberAdded(person=to)]
    return [HandoverOffered(role=key, to=to, note=optional_text(note, "note")), *seeing]


def accept_handover(state: IncidentState, role: str, person: str | None, name_of: NameOf) -> list[Fact]:
    """The yes of whom the role was offered to."""
    holder = state.incident.roles.get(role)
    if holder and holder.person == person:
        return []
    _offered(state, role, person, name_of)
    assert person is not None
    previous = holder.person if holder else None
    return [RoleAssigned(role=role, person=person, previous=previous, how="handover")]


def decline_handover(
    state: IncidentState, role: str, person: str | None, reason: str | None, name_of: NameOf
) -> list[Fact]:
    """The no of whom the role was offered to, or the offer taken back by who made it: the holder keeps it."""
    holder = state.incident.roles.get(role)
    if not (holder and holder.person == person and role in state.incident.offers):
        _offered(state, role, person, name_of)
    return [HandoverDeclined(role=role, reason=optional_text(reason, "reason"))]


def _offered(state: IncidentState, role: str, person: str | None, name_of: NameOf) -> None:
    offer = state.incident.offers.get(role)
    if offer is None:
        raise Conflict(f"{role_word(role)} is not offered to anybody")
    if offer.to != person:
        raise Conflict(f"{role_word(role)} is offered to {name_of(offer.to)}; the answer is theirs")


def name_deputy(state: IncidentState, person: str) -> list[Fact]:
    """The commander's deputy: may hand command over and approve in the commander's place."""
    if state.incident.deputy == person:
        return []
    added = [] if person in state.incident.members else [MemberAdded(person=person)]
    return [DeputyNamed(person=person), *added]


def add_member(state: IncidentState, person: str) -> list[Fact]:
    """Somebody more who belongs to the incident, and may see it when it is restricted."""
    return [] if person in state.incident.members else [MemberAdded(person=person)]


def remove_member(state: IncidentState, person: str, name_of: NameOf) -> list[Fact]:
    """Not whoever holds a role; and a restricted incident is never left without anybody who can see it."""
    incident = state.incident
    if person not in incident.members:
        return []
    held = [role for role, holder in incident.roles.items() if holder.person == person]
    if held:
        raise Conflict(f"{name_of(person)} is {role_word(held[0])}; release the role first")
    if incident.restricted and len(incident.members) == 1:
        raise Conflict("a restricted incident needs at least one member; add another one first")
    return [MemberRemoved(person=person)]


def restrict(state: IncidentState, restricted: bool, reason: str | None, keep: tuple[str, ...]) -> list[Fact]:
    """Show the incident to its members alone, or to everybody again (with a reason). `keep` become members first."""
    if state.incident.restricted == restricted:
        return []
    why = optional_text(reason, "reason")
    if not restricted and why is None:
        raise Invalid("opening a restricted incident to everybody needs a reason", "reason")
    joining = [person for person in dict.fromkeys(keep) if person not in state.incident.members] if restricted else []
    if restricted and not joining and not state.incident.members:
        raise Conflict("nobody would see the incident any more; add a member first")
    return [*(MemberAdded(person=person) for person in joining), RestrictionChanged(restricted=restricted, reason=why)]
