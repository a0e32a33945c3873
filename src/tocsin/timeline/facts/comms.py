"""Facts of communication and escalation: updates, their clocks, teams and vendors engaged."""

from datetime import datetime
from typing import ClassVar, Literal

from tocsin.timeline.entry import Category, Entry, Fact, Frozen, NameOf, OptionalProse, Prose
from tocsin.timeline.facts.words import sentences, told

Audience = Literal["internal", "external"]
AUDIENCE_WORDS = {"internal": "internal update", "external": "status page update"}


def _a(audience: Audience) -> str:
    return f"{'an' if audience == 'internal' else 'a'} {AUDIENCE_WORDS[audience]}"


class UpdateProposed(Fact):
    """An update in three boxes. Internal ones are posted at once; an external one may await approval."""

    kind: ClassVar[str] = "update_proposed"
    category: ClassVar[Category] = "comms"
    update_id: str
    audience: Audience
    known: Prose
    doing: Prose
    next: Prose
    headline: OptionalProse = None
    components: tuple[str, ...] = ()  # service ids, external
    status: Literal["investigating", "identified", "monitoring", "resolved"] = "investigating"
    next_at: datetime | None = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"wrote {_a(self.audience)} to approve: {self.known}"


class UpdatePosted(Fact):
    """The update went out. `approved_by` a person's id; `late_seconds` after its due time, 0 when in time."""

    kind: ClassVar[str] = "update_posted"
    category: ClassVar[Category] = "comms"
    update_id: str
    audience: Audience
    known: Prose
    doing: Prose
    next: Prose
    headline: OptionalProse = None
    components: tuple[str, ...] = ()
    status: Literal["investigating", "identified", "monitoring", "resolved"] = "investigating"
    next_at: datetime | None = None
    approved_by: str | None = None
    approval_reason: OptionalProse = None
    late_seconds: int = 0

    def sentence(self, name_of: NameOf) -> str:
        by = f"Approved by {name_of(self.approved_by)}." if self.approved_by else None
        return f"posted {_a(self.audience)}: {sentences(self.known, self.doing, self.next, by)}"


class UpdateRejected(Fact):
    kind: ClassVar[str] = "update_rejected"
    category: ClassVar[Category] = "comms"
    update_id: str
    reason: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"sent the status page update back: {self.reason}"


class UpdateMissed(Fact):
    """A clock ran out without an update; recorded once for each due time."""

    kind: ClassVar[str] = "update_missed"
    category: ClassVar[Category] = "comms"
    audience: Audience
    due_at: datetime
    told: tuple[str, ...] = ()  # people told

    def sentence(self, name_of: NameOf) -> str:
        told = f" Told {', '.join(name_of(person) for person in self.told)}." if self.told else ""
        return f"found the {AUDIENCE_WORDS[self.audience]} late; it was due {self.due_at:%H:%M:%S} UTC.{told}"


class EscalationAnswered(Fact):
    """An answer to one of the escalation questions, given once with a name and a time."""

    kind: ClassVar[str] = "escalation_answered"
    category: ClassVar[Category] = "comms"
    question: str  # data_or_auth | vendor | second_team | a runbook's own
    answer: bool
    note: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        question = {
            "data_or_auth": "Is customer data or sign-in touched?",
            "vendor": "Is a third party involved?",
            "second_team": "Is a second team needed?",
        }.get(self.question, self.question)
        return told(f"answered “{question}”: {'yes' if self.answer else 'no'}", self.note)


class TeamEngaged(Fact):
    """A further team was called in; its page's own entries follow."""

    kind: ClassVar[str] = "team_engaged"
    category: ClassVar[Category] = "comms"
    team: str
    why: Prose
    rule: str | None = None

    def sentence(self, name_of: NameOf) -> str:
        return f"called in {name_of(self.team)}: {self.why}"


class VendorEngaged(Fact):
    kind: ClassVar[str] = "vendor_engaged"
    category: ClassVar[Category] = "comms"
    engagement_id: str
    vendor: str
    contact: str | None = None
    reference: OptionalProse = None
    respond_by: datetime | None = None

    def sentence(self, name_of: NameOf) -> str:
        until = f" Answer due {self.respond_by:%H:%M} UTC." if self.respond_by else ""
        return f"engaged the vendor {name_of(self.vendor)}.{until}"


class VendorNoted(Fact):
    """The vendor answered (stops the clock), or something else happened with it."""

    kind: ClassVar[str] = "vendor_noted"
    category: ClassVar[Category] = "comms"
    engagement_id: str
    state: Literal["waiting", "answered", "ended"]
    text: Prose
    respond_by: datetime | None = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"noted of the vendor ({self.state}): {self.text}"


class VendorLate(Fact):
    kind: ClassVar[str] = "vendor_late"
    category: ClassVar[Category] = "comms"
    engagement_id: str
    due_at: datetime

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"found the vendor's answer late; it was due {self.due_at:%H:%M} UTC."


class Update(Frozen):
    update_id: str
    audience: Audience
    known: str
    doing: str
    next: str
    headline: str | None
    components: tuple[str, ...]
    status: Literal["investigating", "identified", "monitoring", "resolved"]
    next_at: datetime | None
    by: str
    author: str | None = None  # the person's id
    at: datetime
    approved_by: str | None = None
    approval_reason: str | None = None
    late_seconds: int = 0


class Missed(Frozen):
    audience: Audience
    due_at: datetime
    at: datetime


class Answer(Frozen):
    answer: bool
    by: str
    at: datetime
    note: str | None = None


class Engagement(Frozen):
    engagement_id: str
    vendor: str
    contact: str | None
    reference: str | None
    respond_by: datetime | None
    state: str
    opened_at: datetime
    late_told: tuple[datetime, ...] = ()
    notes: tuple[str, ...] = ()


class Engaged(Frozen):
    team: str
    why: str
    at: datetime
    by: str


class CommsPart(Frozen):
    """Updates, newest last; what waits for approval; who was called in."""

    updates: tuple[Update, ...] = ()
    proposed: dict[str, Update] = {}
    missed: tuple[Missed, ...] = ()
    answers: dict[str, Answer] = {}
    teams: dict[str, Engaged] = {}
    vendors: dict[str, Engagement] = {}

    def last(self, audience: Audience) -> Update | None:
        """The newest update that went out to the audience."""
        return next((update for update in reversed(self.updates) if update.audience == audience), None)


def _update(fact: UpdateProposed | UpdatePosted, entry: Entry) -> Update:
    fields = {
        name: getattr(fact, name)
        for name in ("update_id", "audience", "known", "doing", "next", "headline", "components", "status", "next_at")
    }
    if isinstance(fact, UpdatePosted):
        fields |= {
            "approved_by": fact.approved_by,
            "approval_reason": fact.approval_reason,
            "late_seconds": fact.late_seconds,
        }
    return Update(**fields, by=entry.actor.name, author=entry.actor.person_id, at=entry.happened_at)


def _without(proposed: dict[str, Update], update_id: str) -> dict[str, Update]:
    return {key: update for key, update in proposed.items() if key != update_id}


def apply_comms(part: CommsPart, entry: Entry) -> CommsPart:
    """The part after one more entry."""
    fact, at, by = entry.fact, entry.happened_at, entry.actor.name
    match fact:
        case UpdateProposed():
            return part.model_copy(update={"proposed": {**part.proposed, fact.update_id: _update(fact, entry)}})
        case UpdatePosted():
            posted = _update(fact, entry)
            if proposed := part.proposed.get(fact.update_id):
                posted = posted.model_copy(update={"by": proposed.by, "author": proposed.author})
            return part.model_copy(
                update={"updates": (*part.updates, posted), "proposed": _without(part.proposed, fact.update_id)}
            )
        case UpdateRejected():
            return part.model_copy(update={"proposed": _without(part.proposed, fact.update_id)})
        case UpdateMissed():
            missed = Missed(audience=fact.audience, due_at=fact.due_at, at=at)
            return part.model_copy(update={"missed": (*part.missed, missed)})
        case EscalationAnswered():
            answer = Answer(answer=fact.answer, by=by, at=at, note=fact.note)
            return part.model_copy(update={"answers": {**part.answers, fact.question: answer}})
        case TeamEngaged():
            engaged = Engaged(team=fact.team, why=fact.why, at=at, by=by)
            return part.model_copy(update={"teams": {**part.teams, fact.team: engaged}})
        case VendorEngaged():
            engagement = Engagement(
                engagement_id=fact.engagement_id,
                vendor=fact.vendor,
                contact=fact.contact,
                reference=fact.reference,
                respond_by=fact.respond_by,
                state="waiting",
                opened_at=at,
            )
            return part.model_copy(update={"vendors": {**part.vendors, fact.engagement_id: engagement}})
        case VendorNoted() | VendorLate():
            return _vendor(part, fact)
    return part


def _vendor(part: CommsPart, fact: VendorNoted | VendorLate) -> CommsPart:
    known = part.vendors.get(fact.engagement_id)
    if known is None:
        return part
    changes: dict[str, object]
    if isinstance(fact, VendorLate):
        changes = {"late_told": (*known.late_told, fact.due_at)}
    else:
        respond_by = fact.respond_by or (known.respond_by if fact.state == "waiting" else None)
        changes = {"state": fact.state, "notes": (*known.notes, fact.text), "respond_by": respond_by}
    return part.model_copy(update={"vendors": {**part.vendors, fact.engagement_id: known.model_copy(update=changes)}})


KINDS: tuple[type[Fact], ...] = (
    UpdateProposed, UpdatePosted, UpdateRejected, UpdateMissed, EscalationAnswered, TeamEngaged, VendorEngaged,
    VendorNoted, VendorLate,
)  # fmt: skip
