"""What the alerts' page shows."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.web.views.common import Action, Badge, Person, Verdict


@dataclass(frozen=True)
class Member:
    """One alert of a group. `why` it did or did not page, where that is not the same for all."""

    labels: str
    text: str
    at: datetime
    firing: bool
    why: str


@dataclass(frozen=True)
class Group:
    """One group as a row that opens.

    `page` is its page if the reader may take it, `told` the page whose log says who was paged and how. `actions` stand
    in the row, `more_actions` below what it opens to. `sampled`: `minutes` tell of its newest alerts alone.
    """

    id: str
    verdict: Verdict
    title: str
    note: str
    minutes: tuple[int, ...]
    sampled: bool
    count: int
    since: datetime
    holder: Person | None
    incident: Badge | None
    why: str
    members: tuple[Member, ...]
    more: int
    quiet: bool
    actions: tuple[Action, ...]
    more_actions: tuple[Action, ...]
    page: str
    told: str


@dataclass(frozen=True)
class Filter:
    """A choice of groups with how many it has; `href` takes it back where it is chosen."""

    label: str
    count: int
    chosen: bool
    href: str


@dataclass(frozen=True)
class Source:
    """An integration, or something that must be heard of, and when it was last heard. `wrong`: what is the matter."""

    name: str
    last: str
    wrong: str = ""
    late: bool = False


@dataclass(frozen=True)
class FunnelStep:
    """How many were left at a step from alert to page; `share` of the first step's, 0 to 1."""

    label: str
    count: int
    share: float


@dataclass(frozen=True)
class SilenceRow:
    """What keeps alerts quiet, or will: a silence of somebody's, or hours of a file's, which have no `id`."""

    id: str
    match: str
    note: str
    begins: datetime | None
    until: datetime


@dataclass(frozen=True)
class AlertsView:
    """The whole page. `hidden` groups more there are than are drawn; `everything` is where they are."""

    tab: str
    answer: str
    rest: str
    groups: tuple[Group, ...]
    hidden: int
    everything: str
    filters: tuple[Filter, ...]
    funnel: tuple[FunnelStep, ...]
    silences: tuple[SilenceRow, ...]
    sources: tuple[Source, ...]
    set_aside: int
    may_act: bool
    selectable: bool
