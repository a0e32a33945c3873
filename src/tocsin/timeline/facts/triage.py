"""Facts of triage: symptoms, impact, links, suspect changes, evidence."""

from datetime import datetime
from typing import ClassVar

from tocsin.timeline.entry import Category, Entry, Fact, Frozen, NameOf, OptionalProse, Prose
from tocsin.timeline.facts.words import told


class SymptomAdded(Fact):
    kind: ClassVar[str] = "symptom_added"
    category: ClassVar[Category] = "note"
    text: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"saw a symptom: {self.text}"


class ImpactChanged(Fact):
    """Who is hit. Only what is not None changes; `services` is the whole new list. Times UTC."""

    kind: ClassVar[str] = "impact_changed"
    category: ClassVar[Category] = "severity"
    services: tuple[str, ...] | None = None
    customers: OptionalProse = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        parts = []
        if self.services is not None:
            parts.append(f"services {', '.join(self.services) or 'none'}")
        if self.customers is not None:
            parts.append(self.customers)
        if self.started_at:
            parts.append(f"since {self.started_at:%H:%M:%S} UTC")
        if self.ended_at:
            parts.append(f"until {self.ended_at:%H:%M:%S} UTC")
        return f"set the impact: {'; '.join(parts)}."


class LinkAdded(Fact):
    kind: ClassVar[str] = "link_added"
    category: ClassVar[Category] = "evidence"
    link_id: str
    url: Prose
    title: Prose
    what: str = "dashboard"  # dashboard | logs | trace | ticket | chat | pr | commit | other

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"linked {self.what}: {self.title}"


class SuspectMarked(Fact):
    """A change is suspected, or no longer."""

    kind: ClassVar[str] = "suspect_marked"
    category: ClassVar[Category] = "note"
    change_id: str
    suspect: bool
    reason: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return told(f"{'suspects' if self.suspect else 'cleared'} change {self.change_id}", self.reason)


class EvidenceAdded(Fact):
    """An artefact kept by its SHA-256; `size` in bytes."""

    kind: ClassVar[str] = "evidence_added"
    category: ClassVar[Category] = "evidence"
    evidence_id: str
    what: str  # snapshot | log | metrics | screenshot | output | scratch | file
    title: Prose
    sha256: str
    size: int
    media_type: str = "application/octet-stream"
    host: str | None = None
    captured_at: datetime
    volatile: bool = False

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        where = f" on {self.host}" if self.host else ""
        return f"kept {self.what}{where}: {self.title} (SHA-256 {self.sha256[:12]}…)"


class EvidenceAsked(Fact):
    """The runbook asks for a capture before it is gone."""

    kind: ClassVar[str] = "evidence_asked"
    category: ClassVar[Category] = "evidence"
    what: str
    text: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"asks for evidence: {self.text}"


class Symptom(Frozen):
    text: str
    at: datetime
    by: str


class Link(Frozen):
    link_id: str
    url: str
    title: str
    what: str
    at: datetime
    by: str


class Evidence(Frozen):
    evidence_id: str
    what: str
    title: str
    sha256: str
    size: int
    media_type: str
    host: str | None
    captured_at: datetime
    volatile: bool
    by: str


class TriagePart(Frozen):
    """Symptoms, blast radius and evidence."""

    symptoms: tuple[Symptom, ...] = ()
    services: tuple[str, ...] = ()
    customers: str | None = None
    impact_started_at: datetime | None = None
    impact_ended_at: datetime | None = None
    links: tuple[Link, ...] = ()
    suspects: dict[str, bool] = {}
    evidence: tuple[Evidence, ...] = ()
    evidence_asked: tuple[str, ...] = ()


def _impact(part: TriagePart, fact: ImpactChanged) -> TriagePart:
    changes = {
        "services": fact.services,
        "customers": fact.customers,
        "impact_started_at": fact.started_at,
        "impact_ended_at": fact.ended_at,
    }
    return part.model_copy(update={name: value for name, value in changes.items() if value is not None})


def apply_triage(part: TriagePart, entry: Entry) -> TriagePart:
    """The part after one more entry."""
    fact, at, by = entry.fact, entry.happened_at, entry.actor.name
    match fact:
        case SymptomAdded():
            return part.model_copy(update={"symptoms": (*part.symptoms, Symptom(text=fact.text, at=at, by=by))})
        case ImpactChanged():
            return _impact(part, fact)
        case LinkAdded():
            link = Link(link_id=fact.link_id, url=fact.url, title=fact.title, what=fact.what, at=at, by=by)
            return part.model_copy(update={"links": (*part.links, link)})
        case SuspectMarked():
            return part.model_copy(update={"suspects": {**part.suspects, fact.change_id: fact.suspect}})
        case EvidenceAdded():
            kept = Evidence(
                evidence_id=fact.evidence_id,
                what=fact.what,
                title=fact.title,
                sha256=fact.sha256,
                size=fact.size,
                media_type=fact.media_type,
                host=fact.host,
                captured_at=fact.captured_at,
                volatile=fact.volatile,
                by=by,
            )
            return part.model_copy(update={"evidence": (*part.evidence, kept)})
        case EvidenceAsked():
            return part.model_copy(update={"evidence_asked": (*part.evidence_asked, fact.text)})
    if entry.kind == "declared":
        services = getattr(fact, "services", ())
        started = getattr(fact, "impact_started_at", None)
        return part.model_copy(update={"services": services, "impact_started_at": started})
    if entry.kind == "phase_changed":
        phase = getattr(fact, "phase", "")
        if phase in ("watching", "resolved") and part.impact_ended_at is None and part.impact_started_at:
            return part.model_copy(update={"impact_ended_at": at})
        if phase == "mitigating" and part.impact_ended_at is not None:
            return part.model_copy(update={"impact_ended_at": None})
    return part


KINDS: tuple[type[Fact], ...] = (SymptomAdded, ImpactChanged, LinkAdded, SuspectMarked, EvidenceAdded, EvidenceAsked)
