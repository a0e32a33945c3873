"""Who would hear what, and when, if nobody answered: a page's climb without a page. Pure.

It asks the same rules as a page that climbs; only methods, people on call and the policy are as they are now.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.oncall import policy as policies
from tocsin.oncall.policy import Directory, resolve
from tocsin.organisation.model.policy import Policy
from tocsin.paging import page as rules
from tocsin.paging.page import Next, Page, Urgency

LONGEST = timedelta(hours=24)
_MOST_STEPS = 200
_LAST_RESORTS = 2


@dataclass(frozen=True)
class Usable:
    """By which kinds of method a person is paged at a moment, in order; `quiet` says why their own rules leave none."""

    kinds: tuple[str, ...]
    quiet: str | None = None


MethodsOf = Callable[[str, datetime, bool], Usable]
"""Of a person, at an instant; True: it is the last resort, which no rule silences. The screen is there besides."""


@dataclass(frozen=True)
class Heard:
    """A person who is paged, and by which method at which instant; without any, by an open screen alone.

    `quiet` says why not by any, when it is their own rule.
    """

    person: str
    by: tuple[tuple[str, datetime], ...]
    quiet: str | None = None


@dataclass(frozen=True)
class SimulatedStep:
    """One step as it would be carried out. `step` counts from 1; None is the last resort. `round` counts from 1."""

    at: datetime
    round: int
    step: int | None
    people: tuple[Heard, ...]
    webhooks: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    passed: bool = False
    """It reaches nobody, so the next one follows at once."""


def simulate(
    policy: Policy | None,
    directory: Directory,
    at: datetime,
    methods_of: MethodsOf,
    last_resort: Sequence[str],
    severity: str | None = None,
    urgency: Urgency = "page",
) -> tuple[SimulatedStep, ...]:
    """Every step of a page that opens at an instant and that nobody answers, to the second call of the last resort."""
    page = Page("", "group", "open", urgency, policy, policies.first_rung(), 0, policy is None, opened_at=at)
    found: list[SimulatedStep] = []
    paged_at: dict[str, datetime] = {}
    directory = replace(directory, last_paged=_with_what_was_simulated(directory.last_paged, paged_at))
    now, last_resorts = at, 0
    while last_resorts < _LAST_RESORTS and len(found) < _MOST_STEPS and now <= at + LONGEST:
        for step in _climb(page, directory, now, methods_of, last_resort, severity):
            found.append(step)
            paged_at.update((heard.person, now) for heard in step.people)
            rung = replace(page.rung, round=step.round - 1, step=0 if step.step is None else step.step - 1)
            page = replace(page, rung=rung, step_at=now, last_resort=step.step is None)
        if urgency == "notify":
            break
        last_resorts += page.last_resort
        now = rules.step_is_due(page)
    return tuple(found)


def _climb(
    page: Page,
    directory: Directory,
    now: datetime,
    methods_of: MethodsOf,
    last_resort: Sequence[str],
    severity: str | None,
) -> list[SimulatedStep]:
    """The steps that are carried out at one moment: those that reach nobody, and the one that reaches somebody."""
    found: list[SimulatedStep] = []
    step, left = rules.next_step(page), rules.passes_without_reaching(page)
    while not step.last_resort and page.policy is not None:
        asked = page.policy.steps[step.rung.step]
        resolved = resolve(asked, directory, now, severity, page.policy.fallback)
        heard = tuple(_heard(person, methods_of, now) for person in resolved.people)
        reached = any(each.by for each in heard) or resolved.webhooks or (heard and page.urgency == "notify")
        one = SimulatedStep(
            now,
            step.rung.round + 1,
            step.rung.step + 1,
            heard,
            resolved.webhooks,
            tuple(map(str, resolved.skipped)),
            passed=not reached,
        )
        found.append(one)
        if reached:
            return found
        left -= 1
        page = replace(page, rung=step.rung, step_at=now, last_resort=False)
        after = policies.Rung(step.rung.round + 1, 0)
        step = rules.next_step(page) if left > 0 else Next(after, last_resort=True)
    everybody = tuple(_heard(person, methods_of, now, pierces=True) for person in last_resort)
    return [*found, SimulatedStep(now, step.rung.round + 1, None, everybody)]


def _heard(person: str, methods_of: MethodsOf, now: datetime, *, pierces: bool = False) -> Heard:
    usable = methods_of(person, now, pierces)
    by = tuple((kind, now + place * rules.NEXT_METHOD_AFTER) for place, kind in enumerate(usable.kinds))
    return Heard(person, by, usable.quiet)


def _with_what_was_simulated(
    last_paged: Callable[[str], datetime | None], paged_at: dict[str, datetime]
) -> Callable[[str], datetime | None]:
    return lambda person: paged_at.get(person) or last_paged(person)
