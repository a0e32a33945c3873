"""Incidents as a list with filters."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.queries import heads as incidents
from tocsin.timeline.facts.incidents import OPEN_PHASES
from tocsin.web import format as say
from tocsin.web.pages.room.head import PHASE_WORDS
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Choice

_PAGE = 50


@dataclass(frozen=True)
class Row:
    """One incident."""

    number: int
    title: str
    severity: int
    is_open: bool
    phase: str
    declared_at: datetime
    took: str
    restricted: bool
    practice: bool


@dataclass(frozen=True)
class IncidentsView:
    """The list."""

    rows: tuple[Row, ...]
    states: tuple[Choice, ...]
    severities: tuple[Choice, ...]
    text: str
    next: str


def load(asked: Asked) -> Answer:
    """`?state=open|closed|all&severity=1&q=text&before=NUMBER`."""
    state, text = asked.query.get("state", "all"), asked.query.get("q", "").replace("\0", "").strip()
    severity = int(asked.query.get("severity", "0")) if asked.query.get("severity", "0").isdecimal() else 0
    before = int(asked.query.get("before", "0")) if asked.query.get("before", "0").isdecimal() else 0
    found = incidents.listed(asked.connection, asked.actor, state, severity, text, before, _PAGE + 1)
    rows = tuple(
        Row(
            head.number,
            head.title,
            head.severity,
            head.phase in OPEN_PHASES,
            PHASE_WORDS[head.phase],
            head.declared_at,
            say.duration((head.resolved_at or asked.now) - head.declared_at)
            if head.resolved_at or head.phase in OPEN_PHASES
            else "",
            head.restricted,
            head.practice,
        )
        for head in found[:_PAGE]
    )
    more = f"?state={state}&severity={severity or ''}&before={rows[-1].number}" if len(found) > _PAGE else ""
    words = (("all", "All"), ("open", "Open"), ("closed", "Over"))
    view = IncidentsView(
        rows,
        tuple(Choice(value, label, chosen=value == state) for value, label in words),
        tuple(
            Choice(str(level) if level else "", f"Sev{level}" if level else "Any severity", chosen=level == severity)
            for level in (0, 1, 2, 3)
        ),
        text,
        more,
    )
    return Answer(view, frozenset({"incidents"}))


SCREEN = Screen("/incidents", "incidents", "incidents.html", load, ("incidents/body.html",))
