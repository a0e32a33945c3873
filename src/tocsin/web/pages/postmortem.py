"""The postmortem: the shape of the incident, the document, the times, follow-ups, artifacts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from tocsin.incidents.queries import incident_id_of, state_of
from tocsin.review.decide import SECTIONS
from tocsin.review.postmortem import Span, curated, shape, suggestion, times
from tocsin.review.queries import reviews
from tocsin.timeline.journal import read_entries
from tocsin.timeline.state import IncidentState
from tocsin.web import format as say
from tocsin.web.markdown import prose
from tocsin.web.pages.room.log import entry_views
from tocsin.web.pages.room.work import FOLLOWUP_WORDS
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Action, Badge, Clock, Names, Ref
from tocsin.web.views.log import EntryView

_ARTIFACTS = ("logs", "prs", "commits", "dashboards", "chats")
_ARTIFACT_WORDS = {
    "logs": "Logs and traces",
    "prs": "Pull requests",
    "commits": "Commits",
    "dashboards": "Dashboards",
    "chats": "Chats",
}
_X0, _X1 = 92.0, 1148.0


@dataclass(frozen=True)
class Mark:
    """One bar or dot of the shape, in its coordinates."""

    x: float
    width: float
    label: str


@dataclass(frozen=True)
class Lane:
    """One row of the shape."""

    label: str
    y: float
    kind: str  # bar or dot
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Shape:
    """Impact, phases, decisions and updates on one time axis."""

    title: str
    words: str
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    height: float


@dataclass(frozen=True)
class Section:
    """A section that people write."""

    id: str
    title: str
    text: Markup
    suggested: bool


@dataclass(frozen=True)
class Followup:
    """Tracked work."""

    id: str
    title: str
    kind: str
    owner: str
    due: str
    state: str


@dataclass(frozen=True)
class PostmortemView:
    """The whole page."""

    number: int
    title: str
    severity: int
    when: str
    state: Badge
    published: bool
    clocks: tuple[Clock, ...]
    shape: Shape | None
    sections: tuple[Section, ...]
    timeline: tuple[EntryView, ...]
    entry_count: int
    times: tuple[tuple[str, str], ...]
    followups: tuple[Followup, ...]
    artifacts: tuple[tuple[str, str, int, bool], ...]  # kind, word, how many, marked
    may_write: bool
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class ListRow:
    """A postmortem in the list."""

    number: int
    title: str
    severity: int
    state: str
    due_at: datetime
    published_at: datetime | None


def load_list(asked: Asked) -> Answer:
    """Postmortems, those still owed first."""
    rows = tuple(
        ListRow(row.number, row.title, row.severity, row.state, row.due_at, row.published_at)
        for row in reviews(asked.connection, asked.actor)
    )
    return Answer({"rows": rows}, frozenset({"incidents"}), live=False)


def load(asked: Asked) -> Answer:
    """The postmortem of one incident, drafted from the record."""
    connection, now = asked.connection, asked.now
    incident_id = incident_id_of(connection, asked.actor, str(asked.path["number"]))
    state = state_of(connection, asked.actor, incident_id)
    known, entries = people.names(connection), tuple(read_entries(connection, incident_id))
    review, incident = state.review, state.incident
    assert incident.declared_at is not None
    number, at = incident.number, f"/postmortems/{incident.number}"
    may = asked.responds and review.published_at is None and not incident.is_open
    clocks = []
    if review.due_at and not review.published_at:
        clocks.append(
            Clock(
                "Review due",
                review.due_at,
                "down",
                f"by {say.moment(review.due_at, now)}",
                Ref(""),
                incident.resolved_at,
            )
        )
    if review.meeting_at and review.meeting_at > now:
        clocks.append(
            Clock(
                "Review meets in",
                review.meeting_at,
                "down",
                f"{say.moment(review.meeting_at, now)}, {say.figure(len(review.invited), 'person', 'people')}",
                tone="calm",
            )
        )
    actions: tuple[Action, ...] = ()
    if may:
        actions = (
            Action("Publish after review", f"{at}/publish", "primary", post=True),
            Action("Set the meeting…", f"{at}/meeting"),
        )
    spent = times(state)
    until = say.hour_minute(incident.resolved_at) if incident.resolved_at else "now"
    view = PostmortemView(
        number=number,
        title=incident.title,
        severity=incident.severity,
        when=f"{say.full_day(incident.declared_at)}, {say.hour_minute(incident.declared_at)} to {until} UTC",
        state=Badge("Published", "ok")
        if review.published_at
        else Badge("Draft" if review.drafted_at else "Not drafted yet", "info"),
        published=review.published_at is not None,
        clocks=tuple(clocks),
        shape=_shape(state, now),
        # nothing asks for causes before the service is restored
        sections=() if incident.is_open else tuple(_section(state, key, title) for key, title in SECTIONS.items()),
        timeline=tuple(reversed(entry_views(curated(entries), known, incident.declared_at))),
        entry_count=len(entries),
        times=tuple(
            (label, say.duration(span))
            for label, span in (
                ("Acknowledge", spent.to_acknowledge),
                ("Declare", spent.to_declare),
                ("Mitigate", spent.to_mitigate),
                ("Restore", spent.to_restore),
                ("Resolve", spent.to_resolve),
                ("Customer impact", spent.impact),
            )
            if span is not None
        ),
        followups=_followups(state, known, now),
        artifacts=tuple(_artifact(state, kind) for kind in _ARTIFACTS),
        may_write=may,
        actions=actions,
    )
    return Answer(view, frozenset({f"incident:{incident_id}"}), live=False, own=actions)


def _section(state: IncidentState, key: str, title: str) -> Section:
    written = state.review.sections.get(key, "")
    return Section(key, title, prose(written or suggestion(state, key)), not written)


def _followups(state: IncidentState, known: Names, now: datetime) -> tuple[Followup, ...]:
    return tuple(
        Followup(
            each.followup_id,
            each.title,
            FOLLOWUP_WORDS.get(each.what, each.what),
            known.of(each.owner) if each.owner else "",
            say.day(each.due_at, now) if each.due_at else "",
            each.state,
        )
        for each in state.review.followups.values()
    )


def _artifact(state: IncidentState, kind: str) -> tuple[str, str, int, bool]:
    marked = [each for each in state.review.artifacts if each.what == kind]
    return kind, _ARTIFACT_WORDS[kind], sum(each.available for each in marked), bool(marked)


def _shape(state: IncidentState, now: datetime) -> Shape | None:
    spans = shape(state, now)
    if not spans:
        return None
    start = min(span.start for span in spans)
    end = max(start + timedelta(minutes=1), *(span.end for span in spans))

    def x(at: datetime) -> float:
        return round(_X0 + (_X1 - _X0) * ((at - start) / (end - start)), 1)

    labels = (
        ("phase", "Phase"),
        ("impact", "Impact"),
        ("decision", "Decisions"),
        ("internal", "Internal"),
        ("external", "Status page"),
    )
    lanes: list[Lane] = []
    for kind, label in labels:
        mine: list[Span] = [span for span in spans if span.lane == kind]
        if mine:
            dots = kind in ("decision", "internal", "external")
            marks = tuple(Mark(x(span.start), max(2.0, x(span.end) - x(span.start) - 2), span.label) for span in mine)
            lanes.append(Lane(label, 20 + 34.0 * len(lanes), "dot" if dots else kind, marks))
    step = (end - start) / 6
    mark = say.hour_minute if step >= timedelta(minutes=1) else say.time_of
    ticks = tuple((x(start + step * i), mark(start + step * i)) for i in range(7))
    words = f"From {say.time_of(start)} to {say.time_of(end)} UTC: " + say.listed(
        f"{len(lane.marks)} in {lane.label.lower()}" for lane in lanes
    )
    return Shape(f"The shape of INC-{state.incident.number}", words, tuple(lanes), ticks, 34.0 * len(lanes) + 40)


SCREENS = (
    Screen("/postmortems", "postmortems", "postmortems.html", load_list),
    Screen("/postmortems/{number:int}", "postmortems", "postmortem.html", load),
)
