"""The small things that every screen is made of."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from tocsin.web import format as say

Tone = Literal["", "crit", "warn", "ok", "info", "line", "shout"]
VerdictKind = Literal["pass", "fail", "wait", "skip", "held"]
ClockState = Literal["up", "impact", "calm", "soon", "late", "hold", "done", "now"]

_SOON = timedelta(minutes=5)


@dataclass(frozen=True)
class Ref:
    """The runbook's line that asks for something: '5.1' and its heading. An empty line shows nothing."""

    line: str
    title: str = ""


NO_REF = Ref("")


@dataclass(frozen=True)
class Person:
    """A person as screens show one."""

    id: str
    name: str

    @property
    def initials(self) -> str:
        """'Dana Okafor' -> 'DO'."""
        return say.initials(self.name)

    @property
    def first(self) -> str:
        """'Dana'."""
        return self.name.split(" ", maxsplit=1)[0]


@dataclass(frozen=True)
class Badge:
    """A state or kind in a word or two."""

    text: str
    tone: Tone = ""
    icon: str = ""
    href: str = ""


@dataclass(frozen=True)
class Verdict:
    """A judgement: shape, word and colour."""

    kind: VerdictKind
    text: str


@dataclass(frozen=True)
class Action:
    """A button. `post` sends at once, else the link opens a form (in a dialog where scripts run)."""

    label: str
    href: str
    style: Literal["", "primary", "crit", "quiet"] = ""
    icon: str = ""
    key: str = ""
    post: bool = False
    fields: tuple[tuple[str, str], ...] = ()
    dialog: bool = True
    hint: str = ""


@dataclass(frozen=True)
class Clock:
    """An instant that something counts to or from. `start` is where a due interval began, for its bar."""

    label: str
    at: datetime
    counts: Literal["up", "down", "now"] = "up"
    meta: str = ""
    ref: Ref | None = None
    start: datetime | None = None
    tone: ClockState | None = None
    href: str = ""

    def state(self, now: datetime) -> ClockState:
        """How loud it is. A due clock is soon in the last third of its interval or the last 5 min, late when past."""
        if self.tone is not None:
            return self.tone
        if self.counts != "down":
            return "now" if self.counts == "now" else "up"
        left = self.at - now
        if left < timedelta():
            return "late"
        third = (self.at - self.start) / 3 if self.start else _SOON
        return "soon" if left < max(third, _SOON) else "calm"

    def text(self, now: datetime) -> str:
        """What it shows: '04:12', '+02:10', '14:27:48'."""
        if self.counts == "now":
            return say.time_of(now)
        return say.clock_text(self.at - now if self.counts == "down" else now - self.at)

    def spoken(self, now: datetime) -> str:
        """For a screen reader."""
        if self.counts == "now":
            return ""
        if self.counts == "up":
            return say.spoken(now - self.at)
        return f"{say.spoken(self.at - now)} {'late' if self.at < now else 'left'}"

    def used(self, now: datetime) -> float | None:
        """How much of the interval is gone, 0 to 1."""
        if self.counts != "down" or self.start is None or self.at <= self.start:
            return None
        return round(min(1.0, max(0.0, (now - self.start) / (self.at - self.start))), 3)


@dataclass(frozen=True)
class Spark:
    """A small line of numbers, oldest first; the side of `limit` that fails is shaded."""

    values: tuple[float, ...]
    label: str
    limit: float | None = None
    fails_above: bool = True

    @property
    def worth_showing(self) -> bool:
        """Whether there is a line to draw."""
        return len(self.values) > 1


@dataclass(frozen=True)
class Choice:
    """One option of a form's field."""

    value: str
    label: str
    hint: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Field:
    """One field of a form. `kind`: text, textarea, select, radio, checkbox, time, number, email, password, hidden."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    hint: str = ""
    error: str = ""
    choices: tuple[Choice, ...] = ()
    required: bool = False
    ref: Ref | None = None
    autocomplete: str = ""
    placeholder: str = ""


@dataclass(frozen=True)
class FormView:
    """A form that stands alone as a page, or in a dialog."""

    title: str
    lede: str
    action: str
    fields: tuple[Field, ...]
    submit: str
    back: str
    icon: str = ""
    crit: bool = False
    facts: tuple[tuple[str, str], ...] = ()
    command: str = ""
    error: str = ""
    multipart: bool = False


@dataclass(frozen=True)
class ActiveIncident:
    """An open incident in the left column."""

    number: int
    title: str
    severity: int
    phase: str
    clock: Clock | None = None


@dataclass(frozen=True)
class Ringing:
    """A page for whoever is signed in that nobody has acknowledged: the screen method."""

    page_id: str
    text: str
    since: datetime
    href: str
    urgent: bool = True
    """Else it only tells."""


@dataclass(frozen=True)
class Toast:
    """What was just done, said once; `bad` when it was refused. `undo` is a form that takes it back."""

    text: str
    bad: bool = False
    undo: Action | None = None


@dataclass(frozen=True)
class Shell:
    """What stands around every page: who you are, what is open, what you may do."""

    now: datetime
    page: str
    person: Person | None = None
    duty: str = ""
    csrf: str = ""
    active: tuple[ActiveIncident, ...] = ()
    open_incidents: int = 0
    open_groups: int = 0
    reviews_due: int = 0
    ringing: tuple[Ringing, ...] = ()
    responds: bool = False
    manages: bool = False
    administers: bool = False
    live: str = ""
    toast: Toast | None = None
    own: tuple[Action, ...] = ()  # this page's own actions, first in the palette

    @property
    def quiet(self) -> bool:
        """Whether nothing is on fire."""
        return not self.active


NOBODY = Shell(now=datetime(2026, 1, 1, tzinfo=UTC), page="")


@dataclass(frozen=True)
class Names:
    """Names to show for ids of people, teams, services, schedules, policies and vendors."""

    people: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    def of(self, some_id: str) -> str:
        """The name, or the id itself where there is none."""
        return self.people.get(some_id) or self.others.get(some_id) or some_id

    def person(self, person_id: str) -> Person:
        """The person as screens show one."""
        return Person(person_id, self.people.get(person_id, person_id))
