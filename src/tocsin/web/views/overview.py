"""What the overview says: is anything on fire, who is on call, what is due, what waits for you."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.web.views.common import NO_REF, Action, Badge, Clock, Person, Ref, Spark


@dataclass(frozen=True)
class Fire:
    """One open incident: a card for Sev1 and Sev2, a row for Sev3 and those in watch."""

    number: int
    title: str
    severity: int
    phase: str
    step: int
    phase_since: datetime
    small: bool
    clocks: tuple[Clock, ...] = ()
    people: tuple[Person, ...] = ()
    commands: str = ""
    empty_roles: tuple[str, ...] = ()
    metric: tuple[str, str, str] | None = None  # name, value, note
    spark: Spark | None = None
    window: tuple[str, float, str, str] | None = None  # words, share, counted, of


@dataclass(frozen=True)
class DueRow:
    """One open clock."""

    clock: Clock
    title: str
    meta: str
    href: str
    ref: Ref = NO_REF


@dataclass(frozen=True)
class Waiting:
    """Something that this person is asked for."""

    title: str
    meta: str
    href: str
    action: Action


@dataclass(frozen=True)
class DutyRow:
    """A schedule and who has it."""

    schedule: str
    person: Person | None
    their_time: str
    until: str
    then: str
    gap: str = ""


@dataclass(frozen=True)
class ChangeRow:
    """A change of the last hour."""

    at: datetime
    kind: Badge
    what: str
    detail: str
    who: str
    mark: Badge | None = None


@dataclass(frozen=True)
class GroupRow:
    """An open group of alerts."""

    title: str
    meta: str
    at: datetime
    href: str


@dataclass(frozen=True)
class Overview:
    """The whole page. Empty tuples are absent blocks."""

    answer: str
    rest: str
    unwell: str = ""  # what is wrong with paging
    fires: tuple[Fire, ...] = ()
    due: tuple[DueRow, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    duty: tuple[DutyRow, ...] = ()
    changes: tuple[ChangeRow, ...] = ()
    held: Badge | None = None
    groups: tuple[GroupRow, ...] = ()
    groups_note: str = ""
    calm_note: str = ""
