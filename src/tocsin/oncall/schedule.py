"""Who is on call by a schedule: its rotations with overrides on top. Pure.

An override beats every rotation; of two at once, the one made last. Then the first rotation that has somebody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tocsin.oncall import rotation as rotations
from tocsin.organisation.model.schedule import Schedule

_SHORT_STRIDE, _LONG_STRIDE = timedelta(days=1), timedelta(days=8)
HORIZON = timedelta(days=120)
"""How far ahead 'until' and 'next' look; a turn may last longer, then they are not known."""


@dataclass(frozen=True, order=True)
class Override:
    """Somebody takes it from `start` until just before `end`; of overlapping ones, the later `made_at` counts."""

    start: datetime
    end: datetime
    person: str
    made_at: datetime
    id: str = ""
    reason: str = ""
    source: Literal["override", "calendar"] = "override"
    """`calendar`: somebody else's calendar says so; any override comes before it."""


@dataclass(frozen=True, slots=True)
class FinalShift:
    """What the layers come to: who has it, by which rotation (`layer`, its place from 0) or by which override."""

    start: datetime
    end: datetime
    person: str
    source: Literal["rotation", "override", "calendar"]
    layer: int = 0
    turn: int = 0
    override_id: str = ""

    def covers(self, at: datetime) -> bool:
        """Whether the instant lies in the shift."""
        return self.start <= at < self.end


@dataclass(frozen=True)
class Gap:
    """From `start` until just before `end` nobody is on call."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class OnCall:
    """The answer to 'who is on call': person (None: nobody), until when that stays so, and who is next.

    `until` is None when it stays so beyond the horizon. `next_person` is None when a gap follows or nothing changes.
    """

    person: str | None
    source: Literal["rotation", "override", "calendar", "nobody"]
    until: datetime | None
    next_person: str | None
    override_id: str = ""


def who(schedule: Schedule, overrides: Iterable[Override], at: datetime) -> str | None:
    """Who is on call at an instant, or None."""
    winner = _winner([each for each in overrides if each.start <= at < each.end])
    if winner:
        return winner.person
    return next((person for layer in schedule.rotations if (person := rotations.who(layer, at))), None)


def final_shifts(
    schedule: Schedule, overrides: Iterable[Override], start: datetime, end: datetime
) -> tuple[FinalShift, ...]:
    """Who has it when in [start, end), in order, without overlap, cut at the edges of that window."""
    taken: list[FinalShift] = []
    free = [(start, end)] if start < end else []
    for piece in _override_pieces(overrides, start, end):
        free = _take(free, [piece], taken)
    for place, layer in enumerate(schedule.rotations):
        if not free:
            break
        held = rotations.shifts(layer, free[0][0], free[-1][1])
        pieces = (FinalShift(each.start, each.end, each.person, "rotation", place, each.turn) for each in held)
        free = _take(free, pieces, taken)
    return joined(sorted(taken, key=lambda shift: shift.start))


def gaps(schedule: Schedule, overrides: Iterable[Override], start: datetime, end: datetime) -> tuple[Gap, ...]:
    """When nobody is on call in [start, end), in order."""
    found: list[Gap] = []
    at = start
    for shift in final_shifts(schedule, overrides, start, end):
        if shift.start > at:
            found.append(Gap(at, shift.start))
        at = shift.end
    if at < end:
        found.append(Gap(at, end))
    return tuple(found)


def on_call(schedule: Schedule, overrides: Sequence[Override], at: datetime, horizon: timedelta = HORIZON) -> OnCall:
    """Who is on call at an instant, until when, and who is next; looks ahead in growing strides."""
    shortest = min((rotations.longest_turn(layer) for layer in schedule.rotations), default=_LONG_STRIDE)
    stride = min(max(2 * shortest, _SHORT_STRIDE), _LONG_STRIDE)
    while True:
        window = min(stride, horizon)
        answer = _look(schedule, overrides, at, at + window)
        if answer.until is not None or window == horizon:
            return answer
        stride *= 4


def after(schedule: Schedule, overrides: Sequence[Override], at: datetime, horizon: timedelta = HORIZON) -> str | None:
    """Who is on call next after whoever is at an instant, also past a gap; None when nobody else is in sight."""
    present = who(schedule, overrides, at)
    begin, stride = at, timedelta(days=8)
    while begin < at + horizon:
        end = min(begin + stride, at + horizon)
        for shift in final_shifts(schedule, overrides, begin, end):
            if shift.person != present:
                return shift.person
        begin, stride = end, stride * 4
    return None


def _look(schedule: Schedule, overrides: Sequence[Override], at: datetime, end: datetime) -> OnCall:
    shifts = final_shifts(schedule, overrides, at, end)
    if not shifts:
        return OnCall(None, "nobody", None, None)
    first = shifts[0]
    if first.start > at:
        return OnCall(None, "nobody", first.start, first.person)
    until = first.end
    for shift in shifts[1:]:
        if shift.start > until:
            break
        if shift.person != first.person:
            return OnCall(first.person, first.source, until, shift.person, first.override_id)
        until = shift.end
    return OnCall(first.person, first.source, until if until < end else None, None, first.override_id)


def _winner(candidates: Sequence[Override]) -> Override | None:
    return max(candidates, key=lambda each: (each.made_at, each.id), default=None)


def _override_pieces(overrides: Iterable[Override], start: datetime, end: datetime) -> list[FinalShift]:
    """Overrides cut to the window, the one made last first."""
    within = [each for each in overrides if each.start < end and each.end > start and each.start < each.end]
    within.sort(key=lambda each: (each.made_at, each.id), reverse=True)
    return [
        FinalShift(max(each.start, start), min(each.end, end), each.person, each.source, override_id=each.id)
        for each in within
    ]


def _take(
    free: Sequence[tuple[datetime, datetime]], pieces: Iterable[FinalShift], taken: list[FinalShift]
) -> list[tuple[datetime, datetime]]:
    """Puts what of the pieces (in order, without overlap) lies in free time into `taken`; what is still free then."""
    left: list[tuple[datetime, datetime]] = []
    coming = iter(pieces)
    piece = next(coming, None)
    for begin, end in free:
        at = begin
        while piece is not None and piece.start < end:
            if piece.end > at:
                if piece.start > at:
                    left.append((at, piece.start))
                low, high = max(piece.start, at), min(piece.end, end)
                whole = (low, high) == (piece.start, piece.end)
                taken.append(piece if whole else replace(piece, start=low, end=high))
                at = high
                if piece.end > end:
                    break  # it goes on in the next free time
            piece = next(coming, None)
        if at < end:
            left.append((at, end))
    return left


def joined(shifts: Iterable[FinalShift]) -> tuple[FinalShift, ...]:
    """Neighbours of the same turn or the same override become one; a handover to oneself stays two."""
    found: list[FinalShift] = []
    for shift in shifts:
        last = found[-1] if found else None
        if last and last.end == shift.start and _is_same_duty(last, shift):
            found[-1] = replace(last, end=shift.end)
        else:
            found.append(shift)
    return tuple(found)


def _is_same_duty(one: FinalShift, other: FinalShift) -> bool:
    return (one.person, one.source, one.layer, one.turn, one.override_id) == (
        other.person,
        other.source,
        other.layer,
        other.turn,
        other.override_id,
    )
