"""Whom a step of an escalation policy pages at an instant, and who is left out and why. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.organisation.model.fields import Target
from tocsin.organisation.model.policy import Policy, Step

WhoIsOnCall = Callable[[str, datetime], str | None]
"""Schedule id and instant to person id; None when nobody is."""


@dataclass(frozen=True)
class Directory:
    """What resolving needs to know: who is active, who is in which team, and who is on call by which schedule."""

    active: Collection[str]
    teams: Mapping[str, tuple[str, ...]]
    schedules: Collection[str]
    who: WhoIsOnCall


@dataclass(frozen=True)
class Skipped:
    """A target, or a person behind it, that is not paged, with a sentence why."""

    target: Target
    reason: str
    person: str | None = None


@dataclass(frozen=True)
class Resolved:
    """Whom a step pages, each once, in the order in which the step names them, and what it skips."""

    people: tuple[str, ...]
    skipped: tuple[Skipped, ...] = field(default=())

    @property
    def reaches_nobody(self) -> bool:
        """Whether the ladder must pass to the next step at once."""
        return not self.people


@dataclass(frozen=True)
class Rung:
    """One step of one round: `round` counts from 0, `step` is its place in the policy from 0."""

    round: int
    step: int


def resolve(step: Step, directory: Directory, at: datetime) -> Resolved:
    """The people whom a step pages at an instant."""
    people: dict[str, None] = {}
    skipped: list[Skipped] = []
    for target in step.page:
        for person in _people_of(target, directory, at, skipped):
            if person in directory.active:
                people.setdefault(person)
            else:
                skipped.append(Skipped(target, f"'{person}' is deactivated", person))
    return Resolved(tuple(people), tuple(skipped))


def _people_of(target: Target, directory: Directory, at: datetime, skipped: list[Skipped]) -> tuple[str, ...]:
    if target.kind == "person":
        return (target.id,)
    if target.kind == "team":
        members = directory.teams.get(target.id)
        if members:
            return members
        skipped.append(Skipped(target, "the team has no members" if members is not None else "there is no such team"))
        return ()
    if target.id not in directory.schedules:
        skipped.append(Skipped(target, "there is no such schedule"))
        return ()
    person = directory.who(target.id, at)
    if person is None:
        skipped.append(Skipped(target, "nobody is on call"))
        return ()
    return (person,)


def first_rung() -> Rung:
    """Where a page starts."""
    return Rung(0, 0)


def next_rung(policy: Policy, rung: Rung) -> Rung | None:
    """The rung after one; None when the last repeat is over and the last resort's turn has come."""
    if rung.step + 1 < len(policy.steps):
        return Rung(rung.round, rung.step + 1)
    return Rung(rung.round + 1, 0) if rung.round < policy.repeat else None


def wait_after(policy: Policy, rung: Rung) -> timedelta:
    """How long to wait for an acknowledgement on a rung before the next one."""
    return policy.steps[min(rung.step, len(policy.steps) - 1)].wait


def full_length(policy: Policy) -> timedelta:
    """How long the whole ladder takes, repeats included, when nobody acknowledges."""
    once = sum((step.wait for step in policy.steps), timedelta())
    return once * (policy.repeat + 1)
