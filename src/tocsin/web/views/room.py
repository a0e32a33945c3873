"""What the incident room says: a cockpit of blocks, and the log beside it. A block that is None is absent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tocsin.web.views.common import NO_REF, Action, Badge, Choice, Clock, Person, Ref, Spark, Verdict


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
class Criterion:
    """One recovery check as it stands."""

    id: str
    name: str
    target: str
    value: str
    verdict: Verdict
    spark: Spark | None = None
    detail: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Criteria:
    """The exit criteria and their hold or watch."""

    items: tuple[Criterion, ...]
    ref: Ref
    passing: int = 0
    window: str = ""  # 'Hold' or 'Watch'
    counted: str = ""
    length: str = ""
    share: float = 0.0
    since: datetime | None = None  # runs while it counts
    note: str = ""
    actions: tuple[Action, ...] = ()


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
class Suspect:
    """A change before the impact, with how well it fits (0 to 1)."""

    kind: Badge
    title: str
    version: str
    detail: str
    score: float
    verdict: Verdict | None = None
    top: bool = False
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Suspects:
    """What changed before it began, newest first."""

    rows: tuple[Suspect, ...]
    ref: Ref
    count: str = ""


@dataclass(frozen=True)
class DecisionRow:
    """Something done to the world: expected against actual."""

    id: str
    label: str
    at: datetime
    who: str
    title: str
    command: str
    expected: str
    actual: str
    verdict: Verdict
    clock: Clock | None = None
    actions: tuple[Action, ...] = ()
    is_open: bool = False


@dataclass(frozen=True)
class Proposal:
    """An external update that waits for its approval."""

    id: str
    by: str
    at: datetime
    known: str
    doing: str
    next: str
    may_approve: bool
    needs_reason: bool


@dataclass(frozen=True)
class Comms:
    """The composer and what waits."""

    audience: Literal["internal", "external"]
    ref: Ref
    plain_ref: Ref
    known: str = ""
    doing: str = ""
    next: str = ""
    next_in: str = ""
    states: tuple[Choice, ...] = ()
    parts: tuple[Choice, ...] = ()
    submit: str = "Post update"
    proposals: tuple[Proposal, ...] = ()
    checks: tuple[tuple[bool, str], ...] = ()
    sent: str = ""
    may_post: bool = False


@dataclass(frozen=True)
class GraphNode:
    """A service in the blast radius, placed."""

    name: str
    note: str
    state: Literal["fail", "warn", "ok"]
    x: float
    y: float
    width: float
    origin: bool = False


@dataclass(frozen=True)
class Blast:
    """Who calls, what fails, what it calls."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[float, float, float, float, bool], ...]
    height: float
    count: str
    description: str
    ref: Ref
    customers: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class EscalationStep:
    """A question of the escalation section, or a person, team or vendor called in."""

    text: str
    answer: str = ""
    at: datetime | None = None
    note: str = ""
    state: Literal["done", "next", ""] = ""
    actions: tuple[Action, ...] = ()
    clock: Clock | None = None


@dataclass(frozen=True)
class Pageable:
    """Someone who can be paged now, with their own time."""

    name: str
    note: str
    icon: str = ""
    initials: str = ""


@dataclass(frozen=True)
class Escalation:
    """Data or sign-in touched? A vendor? A second team?"""

    steps: tuple[EscalationStep, ...]
    ref: Ref
    pageable: tuple[Pageable, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class EvidenceRow:
    """A captured artefact or a link."""

    icon: str
    title: str
    note: str
    href: str
    outside: bool = False
    kept: bool = False


@dataclass(frozen=True)
class Evidence:
    """What was kept."""

    rows: tuple[EvidenceRow, ...]
    ref: Ref
    asked: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class FollowupRow:
    """Work that the review will track."""

    title: str
    note: str
    done: bool = False
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Followups:
    """Follow-up actions noted so far."""

    rows: tuple[FollowupRow, ...]
    ref: Ref
    foot: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class EntryView:
    """One line of the timeline."""

    seq: int
    at: datetime
    offset: str
    category: str
    icon: str
    who: str
    text: str
    severity: int = 0
    verdict: Verdict | None = None
    detail: str = ""
    command: str = ""
    expected: str = ""
    quote: str = ""
    late_note: str = ""
    fresh: bool = False


@dataclass(frozen=True)
class Fold:
    """A run of alerts and system entries, in one line."""

    text: str
    entries: tuple[EntryView, ...]


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
