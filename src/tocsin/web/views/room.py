"""What the incident room says: a cockpit of blocks, and the log beside it. A block that is None is absent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tocsin.web.views.common import NO_REF, Action, Badge, Clock, Person, Ref
from tocsin.web.views.log import EntryView, Fold
from tocsin.web.views.telling import Blast, Comms, Escalation
from tocsin.web.views.work import (
    Criteria,
    DecisionRow,
    Evidence,
    Followups,
    Suspects,
)


@dataclass(frozen=True)
class RailStep:
    """One of the seven phases. `since` runs for the present one; `share` is how far its gate is."""

    name: str
    note: str
    state: Literal["done", "now", ""] = ""
    since: datetime | None = None
    share: float | None = None


@dataclass(frozen=True)
class FirstFiveStep:
    """A step of the first five minutes; `took` since the first page."""

    text: str
    state: Literal["done", "next", ""]
    by: str = ""
    took: str = ""
    hint: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class FirstFive:
    """The checklist; `ended_in` when every step is done."""

    steps: tuple[FirstFiveStep, ...]
    clock: Clock
    lede: str
    ref: Ref
    ended_in: str = ""
    spare: str = ""

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.state == "done" for step in self.steps)


@dataclass(frozen=True)
class Situation:
    """Where we are, in three boxes."""

    author: str
    at: datetime
    known: str
    doing: str
    next: str


@dataclass(frozen=True)
class RoleRow:
    """A role with its person, or empty; `shout` when it is required and empty."""

    title: str
    note: str
    person: Person | None = None
    shout: bool = False
    badge: Badge | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Roles:
    """Who does what."""

    rows: tuple[RoleRow, ...]
    ref: Ref
    suggestions: tuple[tuple[str, str, str, Ref], ...] = ()  # icon, what, why, line
    actions: tuple[Action, ...] = ()

    @property
    def empty(self) -> int:
        """How many required roles have nobody."""
        return sum(row.shout for row in self.rows)


@dataclass(frozen=True)
class Room:
    """The whole room."""

    id: str
    number: int
    title: str
    severity: int
    seq: int
    is_open: bool
    clocks: tuple[Clock, ...]
    rail: tuple[RailStep, ...]
    entries: tuple[EntryView | Fold, ...]
    entry_count: int
    badges: tuple[Badge, ...] = ()
    here: tuple[Person, ...] = ()
    tools: tuple[Action, ...] = ()
    menu: tuple[Action, ...] = ()
    notices: tuple[tuple[str, str, str], ...] = ()  # tone, headline, text
    may_change: bool = False
    first_five: FirstFive | None = None
    situation: Situation | None = None
    criteria: Criteria | None = None
    roles: Roles | None = None
    suspects: Suspects | None = None
    decisions: tuple[DecisionRow, ...] = ()
    decisions_ref: Ref = NO_REF
    comms: Comms | None = None
    blast: Blast | None = None
    escalation: Escalation | None = None
    evidence: Evidence | None = None
    followups: Followups | None = None
