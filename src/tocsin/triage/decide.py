"""What triage writes on the timeline: symptoms, impact, links, suspects. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from tocsin.errors import Conflict, Invalid
from tocsin.incidents.wording import optional_text, text_of, title_of, told_instant
from tocsin.runbook.findings import nearest
from tocsin.timeline.entry import Fact, NewFact
from tocsin.timeline.facts.triage import ImpactChanged, LinkAdded, SuspectMarked, SymptomAdded
from tocsin.timeline.state import IncidentState

LINK_KINDS = ("dashboard", "logs", "trace", "ticket", "chat", "pr", "commit", "other")
_LONGEST_URL = 2000


@dataclass(frozen=True)
class Impact:
    """Who is hit; what is None stays as it is. `services` is the whole new list; instants UTC."""

    services: tuple[str, ...] | None = None
    customers: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


def add_symptom(text: str, happened_at: datetime | None, now: datetime) -> list[NewFact]:
    """Something that is seen."""
    at = told_instant(happened_at, "happened_at", now)
    return [NewFact(fact=SymptomAdded(text=text_of(text, "text")), happened_at=at)]


def change_impact(state: IncidentState, impact: Impact, catalog: Mapping[str, object], now: datetime) -> list[Fact]:
    """Only what differs is recorded. Services must be in the catalog, unless an alert brought them here."""
    triage = state.triage
    services = tuple(dict.fromkeys(impact.services)) if impact.services is not None else None
    known = {*catalog, *triage.services}
    for name in services or ():
        if name not in known:
            raise Invalid(f"there is no service '{name}'. {nearest(name, catalog)}".strip(), "services")
    started = told_instant(impact.started_at, "started_at", now)
    ended = told_instant(impact.ended_at, "ended_at", now)
    customers = optional_text(impact.customers, "customers")
    begun = started or triage.impact_started_at
    if ended and begun and ended < begun:
        raise Invalid("the impact can't end before it began", "ended_at")
    fact = ImpactChanged(
        services=services if services != triage.services else None,
        customers=customers if customers != triage.customers else None,
        started_at=started if started != triage.impact_started_at else None,
        ended_at=ended if ended != triage.impact_ended_at else None,
    )
    return [] if fact == ImpactChanged() else [fact]


def add_link(state: IncidentState, link_id: str, url: str, title: str | None, what: str) -> list[Fact]:
    """A link, http or https only, since others may run something where they are clicked; the same one only once."""
    address = link_of(url)
    if what not in LINK_KINDS:
        raise Invalid(f"'{what}' is no kind of link; those are {', '.join(LINK_KINDS)}", "kind")
    if any(link.url == address for link in state.triage.links):
        return []
    words = title_of(title, "title") if title and title.strip() else urlsplit(address).netloc
    return [LinkAdded(link_id=link_id, url=address, title=words, what=what)]


def link_of(url: str, field: str = "url") -> str:
    """The address, when it is one of the web; Invalid otherwise."""
    address = url.strip()
    wrong = Invalid(f"{field} is no web address; it starts with https:// or http:// and names a host", field)
    if len(address) > _LONGEST_URL or any(character.isspace() or ord(character) < 32 for character in address):
        raise wrong
    if "<" in address or ">" in address:
        raise wrong
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not host:
        raise wrong
    return address


def mark_suspect(state: IncidentState, change_id: str, suspect: bool, reason: str | None) -> list[Fact]:
    """A change is suspected, or cleared again."""
    if state.triage.suspects.get(change_id) is suspect:
        return []
    if not suspect and change_id not in state.triage.suspects:
        raise Conflict("this change was not suspected")
    return [SuspectMarked(change_id=change_id, suspect=suspect, reason=optional_text(reason, "reason"))]
