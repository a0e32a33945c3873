"""What the room shows of telling others: updates, who is hit, whom to call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tocsin.web.views.common import Action, Choice, Clock, Ref


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
