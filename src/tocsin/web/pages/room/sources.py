"""Everything that the room's blocks are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from tocsin.runbook import clocks as running
from tocsin.runbook.bundle import Bundle
from tocsin.runbook.events import services_of
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Entry
from tocsin.timeline.facts.incidents import Declared
from tocsin.timeline.state import IncidentState
from tocsin.web.views.common import Action, Names, Ref


@dataclass(frozen=True)
class Candidate:
    """Who could fill a role now. `note` says of which schedule and what time it is for them."""

    person_id: str
    name: str
    note: str


@dataclass(frozen=True)
class Change:
    """A change reported by the tools that make them, with how well it fits (0 to 1)."""

    id: str
    kind: str
    service: str
    version: str
    summary: str
    link: str
    undo: str
    happened_at: datetime
    score: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class ServiceCard:
    """What the catalog says of a service, as far as the room shows it."""

    id: str
    name: str
    depends_on: tuple[str, ...] = ()
    public_name: str = ""
    vendors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sources:
    """One reading of an incident and of what stands around it."""

    state: IncidentState
    bundle: Bundle
    names: Names
    now: datetime
    entries: tuple[Entry, ...] = ()
    person_id: str = ""
    responds: bool = False
    audience: str = "internal"
    candidates: Mapping[str, Candidate] = field(default_factory=dict)
    samples: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    services: Mapping[str, ServiceCard] = field(default_factory=dict)
    pageable: tuple[Candidate, ...] = ()
    here: tuple[str, ...] = ()
    wording: tuple[tuple[bool, str], ...] = ()

    @cached_property
    def runbook(self) -> Runbook:
        """What holds for this incident."""
        return self.bundle.effective(services_of(self.state))

    @cached_property
    def clocks(self) -> list[running.Clock]:
        """Every clock that runs, soonest first."""
        return running.clocks(self.state, self.bundle, self.now)

    @property
    def may_change(self) -> bool:
        """Whether this person sees buttons."""
        return self.responds and self.state.incident.phase not in ("closed", "cancelled", "merged")

    @cached_property
    def impact_started_at(self) -> datetime | None:
        """When customers began to notice, as far as it is known."""
        return self.state.triage.impact_started_at

    @cached_property
    def declared(self) -> Declared | None:
        """The first fact."""
        return next((entry.fact for entry in self.entries if isinstance(entry.fact, Declared)), None)

    def ref(self, *path: str) -> Ref:
        """The runbook's line that says it, or none."""
        return Ref(self.runbook.section_of(*path))

    def chapter(self, *path: str) -> Ref:
        """As `ref`, but the chapter: '3' of '3.1'."""
        return Ref(self.runbook.section_of(*path).partition(".")[0])

    def do(self, what: str, query: str = "") -> str:
        """The URL of something that can be done in this room."""
        return f"/incidents/{self.state.incident.number}/do/{what}{f'?{query}' if query else ''}"

    def action(self, label: str, what: str, query: str = "", **look: object) -> Action:
        """A button that opens a form."""
        return Action(label, self.do(what, query), **look)  # type: ignore[arg-type]

    def post(self, label: str, what: str, *fields: tuple[str, str], **look: object) -> Action:
        """A button that sends at once."""
        return Action(label, self.do(what), post=True, fields=fields, **look)  # type: ignore[arg-type]
