"""What will go wrong on call within 30 days: gaps, the same person on two steps, overrides that cover each other. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Literal

from tocsin.oncall.gaps import TOLD_BEFORE
from tocsin.oncall.schedule import FinalShift, Gap, Override
from tocsin.organisation.model.policy import Policy

LOOKED_AHEAD = timedelta(days=30)
LOOKED_BACK = timedelta(days=8)
_RETURNS = (timedelta(days=1), timedelta(weeks=1))


@dataclass(frozen=True)
class Trouble:
    """Something to mend; instants of its first occurrence, `times` how often it comes.

    `double`: `person` is on call on `schedule_id` and `other`, two steps of `policy_id`. `overlap`: the override of
    `person` is covered by a later one of `other`. `unreachable`: `person` has a shift and no verified method.
    `away`: `person` has a shift while on leave. `limit`: all that `person` has is more than they take, as `said`.
    `calendar`: somebody else's calendar, by which the schedule goes, can't be read or not wholly, as `said`.
    """

    kind: Literal["gap", "double", "overlap", "unreachable", "away", "limit", "calendar"]
    schedule_id: str
    start: datetime
    end: datetime
    person: str = ""
    other: str = ""
    policy_id: str = ""
    times: int = 1
    said: str = ""


def first_gaps(gaps: Sequence[Gap], now: datetime) -> list[Gap]:
    """The gaps to tell of long before: those that do not return from the day or the week before.

    One that begins within a day is told as such. `gaps` reach back `LOOKED_BACK`, as far as the schedule was the same.
    """
    starts = {gap.start for gap in gaps}
    return [
        gap
        for gap in gaps
        if gap.start > now + TOLD_BEFORE and not any(gap.start - span in starts for span in _RETURNS)
    ]


def doubles(policy_id: str, policy: Policy, shifts: Mapping[str, Sequence[FinalShift]]) -> list[Trouble]:
    """Who is on call on two steps of a policy at once: nobody would stand behind them. One for each pair and person."""
    steps = [{target.schedule for target in step.page if target.schedule} for step in policy.steps]
    found: dict[tuple[str, str, str], Trouble] = {}
    for earlier, later in combinations(steps, 2):
        for one in sorted(earlier):
            for other in sorted(later - earlier):
                for person, start, end in _both(shifts.get(one, ()), shifts.get(other, ())):
                    first = found.get((one, other, person))
                    found[one, other, person] = (
                        replace(first, times=first.times + 1)
                        if first
                        else Trouble("double", one, start, end, person, other, policy_id)
                    )
    return list(found.values())


def overlaps(schedule_id: str, overrides: Sequence[Override]) -> list[Trouble]:
    """Overrides of two people at the same time: whoever made theirs first may still believe in it."""
    found = []
    for one, other in combinations(sorted(overrides, key=lambda each: (each.made_at, each.id)), 2):
        start, end = max(one.start, other.start), min(one.end, other.end)
        if start < end and one.person != other.person:
            found.append(Trouble("overlap", schedule_id, start, end, one.person, other.person))
    return sorted(found, key=lambda each: each.start)


def away(
    schedule_id: str, shifts: Sequence[FinalShift], leaves: Sequence[tuple[str, datetime, datetime]]
) -> list[Trouble]:
    """Shifts of people who are away then: for each person the first, and how many."""
    found: dict[str, Trouble] = {}
    for shift in shifts:
        for person, start, end in leaves:
            begin, finish = max(start, shift.start), min(end, shift.end)
            if person == shift.person and begin < finish:
                first = found.get(person)
                found[person] = (
                    replace(first, times=first.times + 1)
                    if first
                    else Trouble("away", schedule_id, begin, finish, person)
                )
    return list(found.values())


def _both(one: Sequence[FinalShift], other: Sequence[FinalShift]) -> Iterator[tuple[str, datetime, datetime]]:
    """When the same person has both of two schedules; shifts in order, without overlap."""
    place = 0
    for shift in one:
        while place < len(other) and other[place].end <= shift.start:
            place += 1
        at = place
        while at < len(other) and other[at].start < shift.end:
            if other[at].person == shift.person:
                yield shift.person, max(shift.start, other[at].start), min(shift.end, other[at].end)
            at += 1
