"""Facts of mitigation: decisions with expectation and result, freezes, feature flags."""

from datetime import datetime
from typing import ClassVar, Literal

from tocsin.timeline.entry import Category, Entry, Fact, Frozen, NameOf, OptionalProse, Prose
from tocsin.timeline.facts.words import told

Matched = Literal["matched", "no_match", "unclear"]


class DecisionOpened(Fact):
    """Something is being done to the world: the exact command or change, and what is expected by when."""

    kind: ClassVar[str] = "decision_opened"
    category: ClassVar[Category] = "decision"
    decision_id: str
    what: Literal["command", "rollback", "flag", "scale", "restart", "rate_limit", "config", "other"] = "command"
    title: OptionalProse = None
    command: Prose
    expected: Prose
    expected_by: datetime | None = None
    executed_by: str | None = None  # person, when not the actor
    host: str | None = None
    service: str | None = None
    change_id: str | None = None
    started_at: datetime

    def sentence(self, name_of: NameOf) -> str:
        who = f" (run by {name_of(self.executed_by)})" if self.executed_by else ""
        return f"ran: {self.command}{who}. Expected: {self.expected}"


class DecisionRan(Fact):
    """The command ended; the result is still to be judged. `output` is bounded and masked."""

    kind: ClassVar[str] = "decision_ran"
    category: ClassVar[Category] = "decision"
    decision_id: str
    ended_at: datetime
    exit_code: int | None = None
    output: OptionalProse = None
    output_truncated: bool = False

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"saw the command end with exit code {self.exit_code}."


class DecisionClosed(Fact):
    kind: ClassVar[str] = "decision_closed"
    category: ClassVar[Category] = "decision"
    decision_id: str
    actual: Prose
    matched: Matched

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        word = {"matched": "matched", "no_match": "no match", "unclear": "unclear"}[self.matched]
        return f"recorded the result ({word}): {self.actual}"


class DecisionExtended(Fact):
    kind: ClassVar[str] = "decision_extended"
    category: ClassVar[Category] = "decision"
    decision_id: str
    expected_by: datetime

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"gave it more time, until {self.expected_by:%H:%M:%S} UTC."


class DecisionDue(Fact):
    """The time passed by which the result was expected, and nobody has said what happened."""

    kind: ClassVar[str] = "decision_due"
    category: ClassVar[Category] = "decision"
    decision_id: str
    due_at: datetime

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return "asks: did it do what was expected?"


class DeploysHeld(Fact):
    kind: ClassVar[str] = "deploys_held"
    category: ClassVar[Category] = "decision"
    services: tuple[str, ...]  # ('*',) for all
    rule: str | None = None
    until: datetime | None = None
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        which = "every service" if "*" in self.services else ", ".join(self.services)
        return f"held deploys on {which}."


class DeploysReleased(Fact):
    kind: ClassVar[str] = "deploys_released"
    category: ClassVar[Category] = "decision"
    services: tuple[str, ...]
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        which = "every service" if "*" in self.services else ", ".join(self.services)
        return told(f"released deploys on {which}", self.reason)


class ChangeAllowed(Fact):
    kind: ClassVar[str] = "change_allowed"
    category: ClassVar[Category] = "decision"
    service: str
    change_id: str
    reason: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"allowed change {self.change_id} on {self.service}: {self.reason}"


class FlagAnswered(Fact):
    """Could a feature flag help? Either one was turned, or none helps."""

    kind: ClassVar[str] = "flag_answered"
    category: ClassVar[Category] = "decision"
    answer: Literal["no_flag_helps", "flag_turned"]
    flag: str | None = None
    note: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return "found that no flag helps." if self.answer == "no_flag_helps" else f"turned the flag {self.flag}."


class Decision(Frozen):
    decision_id: str
    what: str
    title: str | None
    command: str
    expected: str
    expected_by: datetime | None
    by: str  # who executed, as a name or a person's id
    host: str | None
    service: str | None
    change_id: str | None
    started_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    output: str | None = None
    output_truncated: bool = False
    actual: str | None = None
    matched: Matched | None = None
    closed_at: datetime | None = None
    due_told: tuple[datetime, ...] = ()
    asked_at: datetime | None = None  # when its result was last asked for

    @property
    def is_open(self) -> bool:
        """Whether its result is still to be said."""
        return self.matched is None


class Held(Frozen):
    service: str
    since: datetime
    by: str
    rule: str | None = None
    until: datetime | None = None
    reason: str | None = None


class Allowed(Frozen):
    service: str
    change_id: str
    reason: str
    by: str
    at: datetime


class MitigationPart(Frozen):
    """Decisions in the order in which they were taken, held services, allowed changes."""

    decisions: dict[str, Decision] = {}
    held: dict[str, Held] = {}
    ever_held: bool = False
    allowed: tuple[Allowed, ...] = ()
    flag_answer: str | None = None


def _changed(part: MitigationPart, decision_id: str, changes: dict[str, object]) -> MitigationPart:
    known = part.decisions.get(decision_id)
    if known is None:
        return part
    return part.model_copy(update={"decisions": {**part.decisions, decision_id: known.model_copy(update=changes)}})


def apply_mitigation(part: MitigationPart, entry: Entry) -> MitigationPart:
    """The part after one more entry."""
    fact, at = entry.fact, entry.happened_at
    match fact:
        case DecisionOpened():
            opened = Decision(
                decision_id=fact.decision_id,
                what=fact.what,
                title=fact.title,
                command=fact.command,
                expected=fact.expected,
                expected_by=fact.expected_by,
                by=fact.executed_by or entry.actor.name,
                host=fact.host,
                service=fact.service,
                change_id=fact.change_id,
                started_at=fact.started_at,
            )
            return part.model_copy(update={"decisions": {**part.decisions, fact.decision_id: opened}})
        case DecisionRan():
            ran: dict[str, object] = {
                "ended_at": fact.ended_at,
                "exit_code": fact.exit_code,
                "output": fact.output,
                "output_truncated": fact.output_truncated,
            }
            return _changed(part, fact.decision_id, ran)
        case DecisionClosed():
            return _changed(part, fact.decision_id, {"actual": fact.actual, "matched": fact.matched, "closed_at": at})
        case DecisionExtended():
            return _changed(part, fact.decision_id, {"expected_by": fact.expected_by})
        case DecisionDue():
            known = part.decisions.get(fact.decision_id)
            told = (*known.due_told, fact.due_at) if known else ()
            return _changed(part, fact.decision_id, {"due_told": told, "asked_at": at})
        case DeploysHeld():
            held = {
                service: Held(
                    service=service,
                    since=at,
                    by=entry.actor.name,
                    rule=fact.rule,
                    until=fact.until,
                    reason=fact.reason,
                )
                for service in fact.services
            }
            return part.model_copy(update={"held": {**part.held, **held}, "ever_held": True})
        case DeploysReleased():
            gone = set(part.held) if "*" in fact.services else set(fact.services)
            return part.model_copy(update={"held": {k: v for k, v in part.held.items() if k not in gone}})
        case ChangeAllowed():
            allowed = Allowed(
                service=fact.service, change_id=fact.change_id, reason=fact.reason, by=entry.actor.name, at=at
            )
            return part.model_copy(update={"allowed": (*part.allowed, allowed)})
        case FlagAnswered():
            return part.model_copy(update={"flag_answer": fact.flag or fact.answer})
    return part


KINDS: tuple[type[Fact], ...] = (
    DecisionOpened, DecisionRan, DecisionClosed, DecisionExtended, DecisionDue, DeploysHeld, DeploysReleased,
    ChangeAllowed, FlagAnswered,
)  # fmt: skip
