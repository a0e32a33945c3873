"""What the on-call page shows."""

from dataclasses import dataclass
from datetime import date, datetime

from tocsin.web.views.common import Action, Choice


@dataclass(frozen=True)
class Bar:
    """A shift in the calendar: hours from the start of the shown week."""

    start: float
    end: float
    who: str
    kind: str  # a b me gap
    cover: bool = False
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class DayHead:
    """The head of a day of the shown week: 'Mon 16'. `noted`: something is said of it below."""

    label: str
    today: bool
    weekend: bool
    noted: bool


@dataclass(frozen=True)
class DayNote:
    """What is special about a day: its clock changes, or it is a holiday."""

    day: date
    icon: str
    text: str


@dataclass(frozen=True)
class Lane:
    """A schedule's row."""

    id: str
    name: str
    note: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class GapRow:
    """When nobody is on call."""

    schedule: str
    schedule_id: str
    start: datetime
    end: datetime
    free: tuple[tuple[str, str], ...] = ()
    """Ids and names of some who could fill it: they have no duty then, are not away and do not rest."""


@dataclass(frozen=True)
class Shift:
    """One of your own shifts."""

    title: str
    note: str
    left: datetime | None = None


@dataclass(frozen=True)
class Step:
    """One step of a policy."""

    at: str
    who: str
    note: str


@dataclass(frozen=True)
class OverrideLine:
    """An override that stands or is to come."""

    id: str
    text: str
    note: str


@dataclass(frozen=True)
class ShadowLine:
    """Who learns, on what, until when."""

    id: str
    who: str
    when: str
    may_end: bool


@dataclass(frozen=True)
class TroubleLine:
    """Something to mend within 30 days."""

    text: str
    note: str


@dataclass(frozen=True)
class LoadLine:
    """What duty cost a person in the last four weeks."""

    who: str
    hours: str
    pages: str


@dataclass(frozen=True)
class FeedLine:
    """A calendar feed that was made."""

    id: str
    name: str
    made: str


@dataclass(frozen=True)
class SwapLine:
    """A swap that waits for an answer: mine to give, or of the other one."""

    id: str
    text: str
    note: str
    answers: bool


@dataclass(frozen=True)
class LeaveLine:
    """Somebody who is away now or will be."""

    id: str
    who: str
    when: str
    may_end: bool


@dataclass(frozen=True)
class OncallView:
    """The whole page."""

    asked_for: str
    asked_error: str
    answers: tuple[tuple[str, str], ...]
    title: str
    days: tuple[DayHead, ...]
    notes: tuple[DayNote, ...]
    lanes: tuple[Lane, ...]
    now_at: float | None
    before: str
    after: str
    gaps: tuple[GapRow, ...]
    mine: tuple[Shift, ...]
    policies: tuple[tuple[str, tuple[Step, ...]], ...]
    overrides: tuple[OverrideLine, ...]
    may_override: bool
    override: Action
    troubles: tuple[TroubleLine, ...]
    shadows: tuple[ShadowLine, ...]
    load: tuple[LoadLine, ...]
    feeds: tuple[FeedLine, ...]
    feed_choices: tuple[Choice, ...]
    swaps: tuple[SwapLine, ...] = ()
    leaves: tuple[LeaveLine, ...] = ()
    may_swap: bool = False
