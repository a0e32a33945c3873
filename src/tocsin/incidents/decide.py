"""From what a person asks to the facts it makes: each a pure function over the state, raising with a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.errors import Conflict, Invalid, Mistake
from tocsin.incidents.severity import severity_of
from tocsin.incidents.wording import LONGEST_TITLE, optional_text, text_of, title_of, told_instant
from tocsin.timeline.entry import Entry, Fact, NewFact
from tocsin.timeline.facts.incidents import (
    Absorbed,
    Asked,
    Cancelled,
    ChannelOpened,
    ChannelPosted,
    Corrected,
    Declared,
    GroupChanged,
    GroupLinked,
    Merged,
    Noted,
    Redacted,
    Reminded,
    Renamed,
)
from tocsin.timeline.state import IncidentState

_MOST_LABELS = 100
_MOST_NAMED = 200


@dataclass(frozen=True)
class Declare:
    """What is known at the declare. Instants UTC; `reason` says why, where a person gives one."""

    title: str
    severity: int
    services: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()
    restricted: bool = False
    practice: bool = False
    impact_started_at: datetime | None = None
    reason: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupView:
    """What an incident keeps of an alert group."""

    group_id: str
    title: str
    severity: str
    services: tuple[str, ...]
    firing: int
    total: int
    state: str
    incident_id: str | None = None
    route: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    resolved_by: str | None = None


def declare(
    command: Declare,
    number: int,
    bundle_digest: str,
    groups: tuple[GroupView, ...],
    first_paged_at: datetime | None,
    by_rule: str | None,
    now: datetime,
) -> list[NewFact]:
    """The first facts of an incident; every wrong field is named at once."""
    wrong: list[Mistake] = []
    for check in (
        lambda: title_of(command.title),
        lambda: severity_of(command.severity),
        lambda: optional_text(command.reason, "reason"),
        lambda: told_instant(command.impact_started_at, "impact_started_at", now),
        lambda: labels_of(command.labels),
    ):
        try:
            check()
        except Invalid as error:
            wrong += error.mistakes
    if len(command.services) > _MOST_NAMED or len(command.group_ids) > _MOST_NAMED:
        wrong.append(Mistake("services", f"at most {_MOST_NAMED} services and groups can be named"))
    if command.practice and groups:
        wrong.append(Mistake("group", "a practice incident takes no real alerts: they would page nobody"))
    if wrong:
        raise Invalid("; ".join(each.message for each in wrong), mistakes=tuple(wrong))
    services = dict.fromkeys((*command.services, *(name for group in groups for name in group.services)))
    declared = Declared(
        number=number,
        title=title_of(command.title),
        severity=command.severity,
        restricted=command.restricted,
        practice=command.practice,
        services=tuple(services),
        labels=labels_of(command.labels),
        group_ids=tuple(group.group_id for group in groups),
        first_paged_at=min(first_paged_at, now) if first_paged_at else None,
        impact_started_at=told_instant(command.impact_started_at, "impact_started_at", now),
        bundle_digest=bundle_digest,
        by_rule=by_rule,
        reason=optional_text(command.reason, "reason"),
    )
    return [NewFact(fact=declared), *(NewFact(fact=linked(group)) for group in groups)]


def labels_of(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels, each a short word and its short value."""
    if len(labels) > _MOST_LABELS:
        raise Invalid(f"there are {len(labels)} labels; at most {_MOST_LABELS} are kept", "labels")
    for name, value in labels.items():
        if not name or len(name) > 128 or len(value) > 1024 or "\0" in name + value:
            raise Invalid(f"the label {name[:40]!r} is not a short word with a short value", "labels")
    return dict(labels)


def linked(group: GroupView) -> GroupLinked:
    """The group joins the incident."""
    return GroupLinked(
        group_id=group.group_id,
        title=group.title[:LONGEST_TITLE],
        services=group.services,
        severity=group.severity,
        firing=group.firing,
        total=group.total,
    )


def link_group(state: IncidentState, group: GroupView) -> list[Fact]:
    """Alerts added later; a group that is there already changes nothing."""
    if state.incident.practice:
        raise Conflict("a practice incident takes no real alerts: they would page nobody")
    return [] if group.group_id in state.incident.groups else [linked(group)]


def group_changed(state: IncidentState, group: GroupView) -> list[Fact]:
    """How the group stands now, if that differs from what the timeline says."""
    known = state.incident.groups.get(group.group_id)
    if known is None or (known.firing, known.total, known.state) == (group.firing, group.total, group.state):
        return []
    standing = next((word for word in ("closing", "closed") if word == group.state), "open")
    over_by = group.resolved_by if group.firing == 0 else None
    return [
        GroupChanged(group_id=group.group_id, firing=group.firing, total=group.total, state=standing, over_by=over_by)
    ]


def rename(state: IncidentState, title: str) -> list[Fact]:
    """The same title again changes nothing."""
    new = title_of(title)
    return [] if new == state.incident.title else [Renamed(title=new)]


def cancel(state: IncidentState, reason: str) -> list[Fact]:
    """It was no incident; only while it is open."""
    if not state.incident.is_open:
        raise Conflict(f"the incident is {state.incident.phase}; only an open one can be cancelled")
    return [Cancelled(reason=text_of(reason, "reason"))]


def merge(state: IncidentState, into: IncidentState, reason: str | None) -> list[Fact]:
    """This incident ends in another one."""
    if state.incident.id == into.incident.id:
        raise Conflict("an incident can't be merged into itself")
    for each in (state, into):
        if not each.incident.is_open:
            raise Conflict(f"INC-{each.incident.number} is {each.incident.phase}; only open incidents can be merged")
    why = optional_text(reason, "reason")
    return [Merged(into_id=into.incident.id, into_number=into.incident.number, reason=why)]


def absorb(survivor: IncidentState, gone: IncidentState) -> list[Fact]:
    """What the surviving incident takes over: the other's groups and the word where they came from."""
    known = survivor.incident.groups
    moved: list[Fact] = [
        GroupLinked(
            group_id=group.group_id,
            title=group.title,
            services=group.services,
            severity=group.severity,
            firing=group.firing,
            total=group.total,
        )
        for group in gone.incident.groups.values()
        if group.group_id not in known
    ]
    return [Absorbed(from_id=gone.incident.id, from_number=gone.incident.number), *moved]


def note(text: str, happened_at: datetime | None, now: datetime) -> list[NewFact]:
    """A plain line on the timeline, told late if need be."""
    return [NewFact(fact=Noted(text=text_of(text, "text")), happened_at=told_instant(happened_at, "happened_at", now))]


def correct(target: Entry, text: str | None, happened_at: datetime | None, now: datetime) -> list[Fact]:
    """A correction names its entry; the old text stays one click away."""
    if target.kind in ("corrected", "redacted"):
        raise Conflict(
            f"entry {target.seq} is itself a {target.kind.removesuffix('ed')}ion; name the entry that is wrong"
        )
    words = optional_text(text, "text")
    at = told_instant(happened_at, "happened_at", now)
    if words is None and at is None:
        raise Invalid("say what is right: a text, a time, or both", "text")
    return [Corrected(corrects=target.seq, text=words, happened_at=at)]


def redact(target: Entry, fields: tuple[str, ...], there: tuple[str, ...], reason: str | None) -> list[Redacted]:
    """Names the fields of an entry whose text is removed; `there` are those whose text is still kept."""
    if not there:
        raise Conflict(f"entry {target.seq} has no text that could be redacted any more")
    unknown = [name for name in fields if name not in (*there, *type(target.fact).prose_fields())]
    if unknown:
        raise Invalid(f"entry {target.seq} has no text '{unknown[0]}'; it has {', '.join(there)}", "fields")
    gone = tuple(name for name in (fields or there) if name in there)
    return [Redacted(redacts=target.seq, fields=gone, reason=optional_text(reason, "reason"))] if gone else []


def open_channel(state: IncidentState) -> list[Fact]:
    """The room is the channel and the document; opened once."""
    if state.incident.channel:
        return []
    return [ChannelOpened(channel="room", name=f"INC-{state.incident.number}")]


def post(text: str) -> list[Fact]:
    """A message of the runbook in the channel."""
    return [ChannelPosted(text=text)]


def ask(state: IncidentState, question: str, text: str, role: str | None) -> list[Fact]:
    """The runbook's question, asked once."""
    if question in state.incident.questions or question in state.comms.answers:
        return []
    return [Asked(question=question, text=text, role=role)]


def remind(what: str, text: str, role: str | None, to: tuple[str, ...]) -> list[Fact]:
    """Somebody is told; `what` is the clock's key, so that it is told once."""
    return [Reminded(what=what, to=to, role=role, text=text)]
