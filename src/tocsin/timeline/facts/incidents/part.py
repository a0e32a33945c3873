"""The incident's own part of the state, and how each fact changes it."""

from datetime import datetime

from tocsin.timeline.entry import Entry, Frozen
from tocsin.timeline.facts.incidents.kinds import (
    ENDED_PHASES,
    OPEN_PHASES,
    Absorbed,
    Asked,
    Cancelled,
    ChannelOpened,
    ChecklistTicked,
    Declared,
    FirstFiveEnded,
    GroupChanged,
    GroupLinked,
    Merged,
    Phase,
    PhaseChanged,
    Reminded,
    Renamed,
    RuleFailed,
    ServicePinned,
    SeverityChanged,
)
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
)


class Milestone(Frozen):
    """When something of the first five minutes first became true, and who did it."""

    at: datetime
    by: str


class RoleHolder(Frozen):
    person: str
    since: datetime


class Offer(Frozen):
    to: str
    by: str
    at: datetime


class LinkedGroup(Frozen):
    group_id: str
    title: str
    services: tuple[str, ...]
    severity: str
    firing: int
    total: int
    state: str = "open"
    linked_at: datetime


class PhaseSpan(Frozen):
    phase: str
    entered_at: datetime


class Question(Frozen):
    question: str
    text: str
    role: str | None
    asked_at: datetime


class IncidentPart(Frozen):
    """What the incident itself is. Times are UTC."""

    id: str = ""
    number: int = 0
    title: str = ""
    severity: int = 3
    highest_severity: int = 3  # the worst it ever was
    severity_since: datetime | None = None
    phase: Phase = "declared"
    phases: tuple[PhaseSpan, ...] = ()
    restricted: bool = False
    practice: bool = False
    members: tuple[str, ...] = ()
    declared_at: datetime | None = None
    declared_by: str = ""
    first_paged_at: datetime | None = None
    mitigated_at: datetime | None = None
    restored_at: datetime | None = None
    resolved_at: datetime | None = None
    ended_at: datetime | None = None
    bundle_digest: str = ""
    labels: dict[str, str] = {}
    roles: dict[str, RoleHolder] = {}
    deputy: str | None = None
    role_shouts: dict[str, int] = {}
    role_shouted_at: dict[str, datetime] = {}
    role_released_at: dict[str, datetime] = {}
    offers: dict[str, Offer] = {}
    milestones: dict[str, Milestone] = {}
    ticked: dict[str, Milestone] = {}
    first_five_ended: bool = False
    groups: dict[str, LinkedGroup] = {}
    channel: str | None = None
    questions: dict[str, Question] = {}
    merged_into: int | None = None
    absorbed: tuple[int, ...] = ()
    failed_rules: tuple[str, ...] = ()
    reminders: dict[str, datetime] = {}

    @property
    def is_open(self) -> bool:
        """Whether the response still runs (before resolved)."""
        return self.phase in OPEN_PHASES

    @property
    def clock_start(self) -> datetime | None:
        """When the first five minutes began: the first page, or with none the declare."""
        return self.first_paged_at or self.declared_at

    def with_milestone(self, name: str, entry: Entry) -> "IncidentPart":
        """The part with the milestone set, if it was not already."""
        if name in self.milestones:
            return self
        reached = Milestone(at=entry.happened_at, by=entry.actor.name)
        return self.model_copy(update={"milestones": {**self.milestones, name: reached}})


def _declared(fact: Declared, entry: Entry) -> IncidentPart:
    milestone = Milestone(at=entry.happened_at, by=entry.actor.name)
    milestones = {"severity": milestone, "timeline": milestone}
    if fact.first_paged_at:
        milestones["paged"] = Milestone(at=fact.first_paged_at, by="Tocsin")
    members = (entry.actor.person_id,) if entry.actor.person_id else ()
    return IncidentPart(
        id=entry.incident_id,
        number=fact.number,
        title=fact.title,
        severity=fact.severity,
        highest_severity=fact.severity,
        severity_since=entry.happened_at,
        phases=(PhaseSpan(phase="declared", entered_at=entry.happened_at),),
        restricted=fact.restricted,
        practice=fact.practice,
        members=members,
        declared_at=entry.happened_at,
        declared_by=entry.actor.name,
        first_paged_at=fact.first_paged_at,
        bundle_digest=fact.bundle_digest,
        labels=fact.labels,
        milestones=milestones,
    )


def _moved(part: IncidentPart, phase: Phase, at: datetime) -> IncidentPart:
    changes: dict[str, object] = {
        "phase": phase,
        "phases": (*part.phases, PhaseSpan(phase=phase, entered_at=at)),
    }
    if phase == "mitigating":
        changes |= {"mitigated_at": part.mitigated_at or at, "restored_at": None}
    elif phase == "restoring":
        changes["restored_at"] = at
    elif phase == "watching":
        changes["restored_at"] = part.restored_at or at
    elif phase == "resolved":
        changes["resolved_at"] = at
    elif phase in ENDED_PHASES:
        changes["ended_at"] = at
    return part.model_copy(update=changes)


def _role_assigned(part: IncidentPart, fact: RoleAssigned, entry: Entry) -> IncidentPart:
    holder = RoleHolder(person=fact.person, since=entry.happened_at)
    members = part.members if fact.person in part.members else (*part.members, fact.person)
    offers = {role: offer for role, offer in part.offers.items() if role != fact.role}
    part = part.model_copy(update={"roles": {**part.roles, fact.role: holder}, "members": members, "offers": offers})
    return part.with_milestone("commander", entry) if fact.role == "commander" else part


def apply_incidents(part: IncidentPart, entry: Entry) -> IncidentPart:
    """The part after one more entry; kinds of other stages leave it as it is, but for milestones and members."""
    fact = entry.fact
    match fact:
        case Declared():
            return _declared(fact, entry)
        case Renamed():
            return part.model_copy(update={"title": fact.title})
        case SeverityChanged():
            highest = min(part.highest_severity, fact.severity)
            return part.model_copy(
                update={
                    "severity": fact.severity,
                    "highest_severity": highest,
                    "severity_since": entry.happened_at,
                }
            )
        case PhaseChanged():
            return _moved(part, fact.phase, entry.happened_at)
        case Cancelled():
            return _moved(part, "cancelled", entry.happened_at)
        case Merged():
            return _moved(part, "merged", entry.happened_at).model_copy(update={"merged_into": fact.into_number})
        case Absorbed():
            return part.model_copy(update={"absorbed": (*part.absorbed, fact.from_number)})
        case RoleAssigned():
            return _role_assigned(part, fact, entry)
        case RoleReleased():
            return part.model_copy(
                update={
                    "roles": {k: v for k, v in part.roles.items() if k != fact.role},
                    "role_released_at": {**part.role_released_at, fact.role: entry.happened_at},
                }
            )
        case HandoverOffered():
            offer = Offer(to=fact.to, by=entry.actor.name, at=entry.happened_at)
            return part.model_copy(update={"offers": {**part.offers, fact.role: offer}})
        case HandoverDeclined():
            return part.model_copy(update={"offers": {k: v for k, v in part.offers.items() if k != fact.role}})
        case DeputyNamed():
            return part.model_copy(update={"deputy": fact.person})
        case RoleShouted():
            return part.model_copy(
                update={
                    "role_shouts": {**part.role_shouts, fact.role: fact.count},
                    "role_shouted_at": {**part.role_shouted_at, fact.role: entry.happened_at},
                }
            )
        case MemberAdded():
            members = part.members if fact.person in part.members else (*part.members, fact.person)
            return part.model_copy(update={"members": members})
        case MemberRemoved():
            return part.model_copy(update={"members": tuple(m for m in part.members if m != fact.person)})
        case RestrictionChanged():
            return part.model_copy(update={"restricted": fact.restricted})
        case ChecklistTicked():
            ticked = {**part.ticked, fact.step: Milestone(at=entry.happened_at, by=entry.actor.name)}
            return part.model_copy(update={"ticked": ticked})
        case FirstFiveEnded():
            return part.model_copy(update={"first_five_ended": True})
        case ChannelOpened():
            part = part.model_copy(update={"channel": fact.name})
            return part.with_milestone("channel", entry).with_milestone("document", entry)
        case RuleFailed():
            return part.model_copy(update={"failed_rules": (*part.failed_rules, fact.rule)})
        case Asked():
            question = Question(question=fact.question, text=fact.text, role=fact.role, asked_at=entry.happened_at)
            return part.model_copy(update={"questions": {**part.questions, fact.question: question}})
        case Reminded():
            return part.model_copy(update={"reminders": {**part.reminders, fact.what: entry.happened_at}})
        case GroupLinked():
            group = LinkedGroup(
                group_id=fact.group_id,
                title=fact.title,
                services=fact.services,
                severity=fact.severity,
                firing=fact.firing,
                total=fact.total,
                linked_at=entry.happened_at,
            )
            return part.model_copy(update={"groups": {**part.groups, fact.group_id: group}})
        case GroupChanged():
            known = part.groups.get(fact.group_id)
            if known is None:
                return part
            group = known.model_copy(update={"firing": fact.firing, "total": fact.total, "state": fact.state})
            return part.model_copy(update={"groups": {**part.groups, fact.group_id: group}})
        case ServicePinned():
            return part.model_copy(update={"bundle_digest": fact.bundle_digest})
        case _:
            return _milestones_of_others(part, entry)


def _milestones_of_others(part: IncidentPart, entry: Entry) -> IncidentPart:
    """Steps of the first five minutes that facts of other stages tick."""
    ticks = {"deploys_held": "held", "flag_answered": "flag"}
    if entry.kind in ticks:
        return part.with_milestone(ticks[entry.kind], entry)
    if entry.kind == "page":
        event = getattr(entry.fact, "event", "")
        if event == "acknowledged":
            part = part.with_milestone("acknowledged", entry)
        if event in ("opened", "step"):
            part = part.with_milestone("paged", entry)
            if part.first_paged_at is None or entry.happened_at < part.first_paged_at:
                started = part.declared_at is None or entry.happened_at <= part.declared_at
                if started or part.first_paged_at is not None:
                    part = part.model_copy(update={"first_paged_at": entry.happened_at})
    return part
