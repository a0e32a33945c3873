"""The kinds of facts of the incident itself: declared, named, noted, moved through its phases."""

from datetime import datetime
from typing import ClassVar, Literal

from tocsin.timeline.entry import Category, Fact, NameOf, OptionalProse, Prose
from tocsin.timeline.facts.incidents.people import (
    DeputyNamed,
    HandoverDeclined,
    HandoverOffered,
    MemberAdded,
    MemberRemoved,
    RestrictionChanged,
    RoleAssigned,
    RoleReleased,
    RoleShouted,
    role_word,
)

Phase = Literal[
    "declared", "triage", "mitigating", "restoring", "watching", "resolved", "review", "closed", "cancelled", "merged"
]
OPEN_PHASES: frozenset[str] = frozenset({"declared", "triage", "mitigating", "restoring", "watching"})
ENDED_PHASES: frozenset[str] = frozenset({"closed", "cancelled", "merged"})
MILESTONES = ("paged", "acknowledged", "commander", "severity", "channel", "document", "held", "flag", "timeline")


class Declared(Fact):
    """The first entry of every incident."""

    kind: ClassVar[str] = "declared"
    category: ClassVar[Category] = "severity"
    number: int
    title: Prose
    severity: int
    restricted: bool = False
    practice: bool = False
    services: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    group_ids: tuple[str, ...] = ()
    first_paged_at: datetime | None = None
    impact_started_at: datetime | None = None
    bundle_digest: str
    by_rule: str | None = None
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        how = f" by rule {self.by_rule}" if self.by_rule else ""
        return f"declared INC-{self.number} as Sev{self.severity}{how}: {self.title}"


class Renamed(Fact):
    kind: ClassVar[str] = "renamed"
    title: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"renamed the incident to “{self.title}”."


class SeverityChanged(Fact):
    kind: ClassVar[str] = "severity_changed"
    category: ClassVar[Category] = "severity"
    severity: int
    previous: int
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        verb = "raised" if self.severity < self.previous else "lowered"
        why = f" {self.reason}" if self.reason else ""
        return f"{verb} severity from Sev{self.previous} to Sev{self.severity}.{why}"


class PhaseChanged(Fact):
    """The incident moved; `automatic` when a gate opened by itself."""

    kind: ClassVar[str] = "phase_changed"
    phase: Phase
    previous: Phase
    automatic: bool = False
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        why = f" {self.reason}" if self.reason else ""
        return f"moved the incident from {self.previous} to {self.phase}.{why}"


class Noted(Fact):
    kind: ClassVar[str] = "noted"
    category: ClassVar[Category] = "note"
    text: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return self.text


class Corrected(Fact):
    """A correction names the entry that it corrects; it rewinds nothing."""

    kind: ClassVar[str] = "corrected"
    category: ClassVar[Category] = "note"
    corrects: int  # seq
    text: OptionalProse = None
    happened_at: datetime | None = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        when = f" It happened at {self.happened_at:%H:%M:%S} UTC." if self.happened_at else ""
        return f"corrected entry {self.corrects}: {self.text or ''}{when}"


class Redacted(Fact):
    """Names the entry and the free-text fields whose content was removed."""

    kind: ClassVar[str] = "redacted"
    redacts: int  # seq
    fields: tuple[str, ...]
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"redacted {', '.join(self.fields)} of entry {self.redacts}."


class ChecklistTicked(Fact):
    """A step of the first five minutes, ticked by a person (others tick themselves from facts)."""

    kind: ClassVar[str] = "checklist_ticked"
    step: str
    note: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"ticked “{self.step}”."


class FirstFiveEnded(Fact):
    """Five minutes passed since the first page; which steps were still open."""

    kind: ClassVar[str] = "first_five_ended"
    open_steps: tuple[str, ...]

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        if not self.open_steps:
            return "counted the first five minutes: every step done."
        return f"counted the first five minutes: still open {', '.join(self.open_steps)}."


class ChannelOpened(Fact):
    kind: ClassVar[str] = "channel_opened"
    channel: str  # room | a chat's own name
    name: str

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"opened the channel {self.name} and the incident document."


class ChannelPosted(Fact):
    """A message in the live channel that the system wrote (updates are facts of their own)."""

    kind: ClassVar[str] = "channel_posted"
    category: ClassVar[Category] = "comms"
    text: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return self.text


class RuleFailed(Fact):
    kind: ClassVar[str] = "rule_failed"
    rule: str
    error: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"could not evaluate rule {self.rule}: {self.error}"


class Asked(Fact):
    """The runbook asks something that a person must answer."""

    kind: ClassVar[str] = "asked"
    question: str  # its id
    text: Prose
    role: str | None = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"asks {role_word(self.role) if self.role else 'the responders'}: {self.text}"


class Reminded(Fact):
    """Somebody was told that something is due or late."""

    kind: ClassVar[str] = "reminded"
    what: str  # the deadline's kind and key
    to: tuple[str, ...] = ()
    role: str | None = None
    text: Prose

    def sentence(self, name_of: NameOf) -> str:
        who = ", ".join(name_of(person) for person in self.to) or (role_word(self.role) if self.role else "the channel")
        return f"reminded {who}: {self.text}"


class GroupLinked(Fact):
    kind: ClassVar[str] = "group_linked"
    category: ClassVar[Category] = "alert"
    group_id: str
    title: Prose
    services: tuple[str, ...] = ()
    severity: str = "critical"
    firing: int = 0
    total: int = 0

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"linked the alert group “{self.title}”."


class GroupChanged(Fact):
    """At most one a group a minute."""

    kind: ClassVar[str] = "group_changed"
    category: ClassVar[Category] = "alert"
    group_id: str
    firing: int
    total: int
    state: Literal["open", "closing", "closed"]
    over_by: str | None = None
    """Who called the last of them over where no sender did: a person, or 'unheard'."""

    def sentence(self, name_of: NameOf) -> str:
        if self.state == "closed":
            return "saw the alerts of a group stay resolved."
        if self.firing == 0 and self.over_by == "unheard":
            return "heard nothing of a group's alerts for so long that they count as over."
        if self.firing == 0 and self.over_by is not None:
            return f"was told by {name_of(self.over_by)} that the alerts of a group are over."
        if self.firing == 0:
            return "saw the alert resolve." if self.total == 1 else f"saw all {self.total} alerts of a group resolve."
        return f"saw {self.firing} of {self.total} alerts of a group firing."


class Cancelled(Fact):
    kind: ClassVar[str] = "cancelled"
    reason: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"cancelled the incident: {self.reason}"


class Merged(Fact):
    """This incident ended in another one."""

    kind: ClassVar[str] = "merged"
    into_id: str
    into_number: int
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"merged this incident into INC-{self.into_number}."


class Absorbed(Fact):
    """Another incident ended in this one."""

    kind: ClassVar[str] = "absorbed"
    from_id: str
    from_number: int

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"took INC-{self.from_number} into this incident."


class ServicePinned(Fact):
    """A service joined and its runbook was pinned; or the incident moved to the current runbook."""

    kind: ClassVar[str] = "bundle_pinned"
    bundle_digest: str
    previous: str
    why: Literal["service_joined", "moved_to_current"]

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        if self.why == "moved_to_current":
            return "moved the incident to the current runbook."
        return "added a joining service's runbook to the incident's."


KINDS: tuple[type[Fact], ...] = (
    Declared, Renamed, SeverityChanged, PhaseChanged, RoleAssigned, RoleReleased, HandoverOffered, HandoverDeclined,
    DeputyNamed, RoleShouted, MemberAdded, MemberRemoved, RestrictionChanged, Noted, Corrected, Redacted,
    ChecklistTicked, FirstFiveEnded, ChannelOpened, ChannelPosted, RuleFailed, Asked, Reminded, GroupLinked,
    GroupChanged, Cancelled, Merged, Absorbed, ServicePinned,
)  # fmt: skip
