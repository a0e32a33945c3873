"""The line of all alerts, by when they came, cut into what segments cover and what they do not. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

Point = tuple[datetime, str]
"""When an alert came and its id: what all of them are ordered by."""

FIRST: Point = (datetime(1970, 1, 1, tzinfo=UTC), "")
"""Before every alert."""


@dataclass(frozen=True)
class Segment:
    """Alerts after `after`, up to and including `to`, that have postings."""

    id: int
    after: Point
    to: Point


@dataclass(frozen=True)
class Stretch:
    """Alerts after `after` up to `to` (None: to the newest), which no segment covers."""

    after: Point
    to: Point | None


def stretches_between(segments: Sequence[Segment]) -> Iterator[Stretch]:
    """What segments in their order leave uncovered, the oldest first; the newest has no end."""
    reached = FIRST
    for segment in segments:
        if reached < segment.after:
            yield Stretch(reached, segment.after)
        reached = segment.to
    yield Stretch(reached, None)


def newest_first(good: Sequence[Segment], before: Point | None) -> Iterator[Stretch | list[Segment]]:
    """All that came before a point (None: all), the newest first: what must be read through, and runs of segments."""
    run: list[Segment] = []
    reached: Point | None = None
    for segment in reversed(good):
        if before is not None and segment.after >= before:
            reached = segment.after
            continue
        if reached is None or segment.to < reached:
            if run:
                yield run
                run = []
            yield Stretch(segment.to, reached)
        run.append(segment)
        reached = segment.after
    if run:
        yield run
    if reached is None or reached > FIRST:
        yield Stretch(FIRST, reached)


__all__ = ["FIRST", "Point", "Segment", "Stretch", "newest_first", "stretches_between"]
