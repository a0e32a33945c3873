"""Whom a step of an escalation policy pages at an instant, and who is left out and why. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tocsin import wallclock
from tocsin.organisation.hours import within
from tocsin.organisation.model.fields import Target
from tocsin.organisation.model.policy import Only, Policy, Step

WhoIsOnCall = Callable[[str, datetime], str | None]
"""Schedule id and instant to person id; None when nobody is."""


WhoRests = Callable[[str, datetime], datetime | None]


def _nobody(schedule: str, at: datetime) -> str | None:
    del schedule, at
    return None


def _never(person: str) -> datetime | None:
    del person
    return None


def _awake(person: str, at: datetime) -> datetime | None:
    del person, at
    return None


@dataclass(frozen=True)
class Directory:
    """What resolving needs to know: who is active and in which team, who is on call and next, who was paged when."""

    active: Collection[str]
    teams: Mapping[str, tuple[str, ...]]
    schedules: Collection[str]
    who: WhoIsOnCall
    after: WhoIsOnCall = _nobody
    last_paged: Callable[[str], datetime | None] = _never
    """When a person was last paged; None: never."""
    rests_until: WhoRests = _awake
    """Until when a person rests after a page at night; None: they do not."""


@dataclass(frozen=True)
class Skipped:
    """A target, or a person behind it, that is not paged, with a sentence why. `target` is None for the whole step."""

    target: Target | None
    reason: str
    person: str | None = None

    def __str__(self) -> str:
        return f"{self.target}: {self.reason}" if self.target else self.reason


@dataclass(frozen=True)
class Resolved:
    """Whom a step pages, each once, in the order in which the step names them, what it tells, and what it skips."""

    people: tuple[str, ...]
    skipped: tuple[Skipped, ...] = field(default=())
    webhooks: tuple[str, ...] = field(default=())
    rests: tuple[str, ...] = field(default=())
    """Who rests, and who is paged for them or that nobody else could be: a sentence each."""

    @property
    def reaches_nobody(self) -> bool:
        """Whether the ladder must pass to the next step at once."""
        return not self.people and not self.webhooks


@dataclass(frozen=True)
class Rung:
    """One step of one round: `round` counts from 0, `step` is its place in the policy from 0."""

    round: int
    step: int


def resolve(
    step: Step,
    directory: Directory,
    at: datetime,
    severity: str | None = None,
    fallback: Sequence[Target] = (),
) -> Resolved:
    """The people whom a step pages at an instant; `fallback` stands in for a schedule on which nobody is on call."""
    if step.only and (reason := _why_not_now(step.only, at, severity)):
        return Resolved((), (Skipped(None, reason),))
    skipped: list[Skipped] = []
    people: dict[str, None] = {}
    rests: list[str] = []
    for target in step.page:
        found = _people_of(target, directory, at, skipped)
        if target.kind != "person" and severity not in _WAKES:
            found = _awake_of(target, found, directory, at, rests)
        if not found and fallback and target.kind in ("schedule", "next_on_call"):
            found = tuple(person for other in fallback for person in _people_of(other, directory, at, skipped))
        for person in found:
            if person in directory.active:
                people.setdefault(person)
            else:
                skipped.append(Skipped(target, f"'{person}' is deactivated", person))
    named = tuple(people)
    if step.pick == "round_robin" and len(named) > 1:
        chosen = min(named, key=lambda person: _order(directory.last_paged(person)))
        named = (chosen,)
    return Resolved(named, tuple(skipped), step.webhooks, tuple(rests))


_WAKES = ("critical", "sev1")
"""What wakes also those who rest."""


def _awake_of(
    target: Target, found: tuple[str, ...], directory: Directory, at: datetime, rests: list[str]
) -> tuple[str, ...]:
    """Those of them who do not rest; whoever is next on the schedule for who does; if nobody else is there, they."""
    resting = {person: until for person in found if (until := directory.rests_until(person, at)) is not None}
    if not resting:
        return found
    others = tuple(person for person in found if person not in resting)
    if not others and target.kind == "schedule":
        after = directory.after(target.id, at)
        if after is not None and after in directory.active and directory.rests_until(after, at) is None:
            others = (after,)
    for person, until in resting.items():
        instead = f"{', '.join(others)} instead" if others else "nobody else is free, so they are paged nevertheless"
        rests.append(f"{person} rests until {until:%H:%M} UTC after a page at night: {instead}")
    return others or found


def _order(last_paged: datetime | None) -> tuple[bool, datetime]:
    """Whoever was never paged comes first, then whoever was paged longest ago."""
    return last_paged is not None, last_paged or datetime.min.replace(tzinfo=UTC)


def _why_not_now(only: Only, at: datetime, severity: str | None) -> str | None:
    if only.severities and severity is not None and severity.casefold() not in only.severities:
        return f"the step is only for {', '.join(only.severities)}; this is {severity}"
    if only.hours and not within(only.hours, only.time_zone, at):
        return f"the step is only for its hours; it is {wallclock.local_time_text(at, only.time_zone)}"
    return None


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
    is_next = target.kind == "next_on_call"
    person = (directory.after if is_next else directory.who)(target.id, at)
    if person is None:
        skipped.append(Skipped(target, "nobody follows" if is_next else "nobody is on call"))
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
