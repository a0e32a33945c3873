"""What a change of a schedule would change, told before it is made. Pure."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.oncall import rotation as rotations
from tocsin.oncall.schedule import FinalShift
from tocsin.organisation.model.schedule import Months, Rotation

_DAY = timedelta(days=1)
_EVERY_MONTH_HAS_IT = 28


@dataclass(frozen=True)
class Difference:
    """From `start` until just before `end` somebody else has it; None is nobody."""

    start: datetime
    end: datetime
    before: str | None
    after: str | None


def differences(
    before: Sequence[FinalShift], after: Sequence[FinalShift], start: datetime, end: datetime
) -> tuple[Difference, ...]:
    """When in [start, end) the two come to different people, in order; both are in order and without overlap."""
    edges = {start, end}
    for shift in (*before, *after):
        edges |= {at for at in (shift.start, shift.end) if start < at < end}
    found: list[Difference] = []
    moments = sorted(edges)
    had, has = _Walk(before), _Walk(after)
    for begin, finish in itertools.pairwise(moments):
        one, other = had.at(begin), has.at(begin)
        if one == other:
            continue
        last = found[-1] if found else None
        if last and (last.end, last.before, last.after) == (begin, one, other):
            found[-1] = replace(last, end=finish)
        else:
            found.append(Difference(begin, finish, one, other))
    return tuple(found)


def anchored(rotation: Rotation, at: datetime) -> Rotation:
    """The same turns from the one at an instant on, with its person first in the list.

    So adding or moving somebody below leaves the present turn alone. Left as it is where that can't be said: before the
    start, and in months of which some lack the day.
    """
    turn = rotations.turn_at(rotation, at)
    if turn is None:
        return rotation
    if isinstance(rotation.every, Months):
        if rotation.starts.day > _EVERY_MONTH_HAS_IT:
            return rotation
    else:
        while turn and (turn * rotation.every) % _DAY:  # only whole days keep the time of the handover
            turn -= 1
    first = turn % len(rotation.people)
    people = (*rotation.people[first:], *rotation.people[:first])
    return rotation.model_copy(update={"people": people, "starts": rotations.wall_start(rotation, turn).date()})


class _Walk:
    """Who has it at instants that are asked in order."""

    def __init__(self, shifts: Sequence[FinalShift]) -> None:
        self._shifts, self._place = shifts, 0

    def at(self, moment: datetime) -> str | None:
        while self._place < len(self._shifts) and self._shifts[self._place].end <= moment:
            self._place += 1
        if self._place == len(self._shifts) or self._shifts[self._place].start > moment:
            return None
        return self._shifts[self._place].person
