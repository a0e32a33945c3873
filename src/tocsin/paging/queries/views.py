"""What is read of a page: as it stands, its log, and what a link shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.identity.actor import Actor


@dataclass(frozen=True)
class PageView:
    """A page for a screen or the API. Instants are UTC. `hidden`: the actor was paged but may not read more yet."""

    id: str
    subject_kind: str
    subject_id: str
    role: str | None
    title: str
    detail: str
    urgency: str
    severity: str | None
    services: tuple[str, ...]
    group_id: str | None
    helps_with: str | None
    incident_id: str | None
    restricted: bool
    practice: bool
    state: str
    policy_id: str | None
    step: int
    round: int
    reopened: int
    last_resort: bool
    opened_at: datetime
    reopened_at: datetime | None
    step_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_via: str | None
    snoozed_until: datetime | None
    snoozed_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    ended_why: str | None
    hidden: bool = False
    paged: tuple[str, ...] = ()
    next_at: datetime | None = None
    """When the next step comes if nobody acknowledges."""

    @property
    def standing(self) -> str:
        """Its state as people read it: an open page that is kept quiet is `snoozed`."""
        return "snoozed" if self.state == "open" and self.snoozed_until is not None else self.state


@dataclass(frozen=True)
class LogLine:
    """One row of a page's log. `event` as in `PageRecorded`; `purpose` is the page's subject_kind."""

    page_id: str
    seq: int
    at: datetime
    event: str
    purpose: str
    role: str | None
    person: str | None
    method: str | None
    text: str | None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PageDetail:
    """A page, its log, and whom its next step would page."""

    page: PageView
    log: tuple[LogLine, ...]
    next_people: tuple[str, ...] = ()
    helpers: tuple[PageView, ...] = ()
    """The pages by which others were asked to help."""


@dataclass(frozen=True)
class OpenedLink:
    """What a signed link shows. `actor` may answer for the person; None: the page has ended or the person has left."""

    page: PageView
    log: tuple[LogLine, ...]
    person_id: str | None
    person_name: str
    actor: Actor | None
    next_people: tuple[str, ...] = ()
