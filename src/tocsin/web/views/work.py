"""What the room shows of the work: criteria, suspects, decisions, evidence, follow-ups."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.web.views.common import Action, Badge, Clock, Ref, Spark, Verdict


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
