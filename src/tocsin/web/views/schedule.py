"""What the pages of one schedule show: as it stands, and while it is changed."""

from dataclasses import dataclass, field

from tocsin.oncall.queries.imported import CalendarState
from tocsin.web.forms.draft import Draft
from tocsin.web.views.common import Choice
from tocsin.web.views.oncall import Bar, DayHead, DayNote


@dataclass(frozen=True)
class Week:
    """A row of the calendar: a week, or one layer of a week."""

    name: str
    note: str
    bars: tuple[Bar, ...]
    layer: bool = False


@dataclass(frozen=True)
class ShiftLine:
    """A shift in words; nobody's is a gap."""

    who: str
    when: str
    gap: bool = False


@dataclass(frozen=True)
class PreviewView:
    """The coming weeks of a draft, and what changes against today."""

    weeks: tuple[Week, ...]
    changes: tuple[str, ...]
    more: int
    gaps: tuple[str, ...]


@dataclass(frozen=True)
class ScheduleView:
    """One schedule as it stands."""

    id: str
    name: str
    source: str
    title: str
    days: tuple[DayHead, ...]
    notes: tuple[DayNote, ...]
    weeks: tuple[Week, ...]
    now_at: float | None
    before: str
    after: str
    layers: tuple[tuple[str, str], ...]
    shifts: tuple[ShiftLine, ...]
    may_edit: bool
    may_override: bool
    calendar: CalendarState | None = None


@dataclass(frozen=True)
class EditView:
    """A schedule while it is changed."""

    draft: Draft
    new: bool
    action: str
    back: str
    people: tuple[Choice, ...]
    names: dict[str, str]
    teams: tuple[Choice, ...]
    zones: tuple[str, ...]
    errors: dict[str, str] = field(default_factory=dict)
    preview: PreviewView | None = None
    removable: bool = False
