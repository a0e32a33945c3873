"""Any alert that is still kept, found by what it says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from urllib.parse import urlencode

from tocsin.alerts import queries
from tocsin.alerts.search import labels_and_words
from tocsin.errors import Invalid
from tocsin.paging.queries.why import whys
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Choice, Verdict

_PAGE = 50
_LONGEST = 500
_STATES = (("all", "All"), ("firing", "Firing"), ("resolved", "Over"))


@dataclass(frozen=True)
class Found:
    """One alert."""

    id: str
    verdict: Verdict
    severity: str
    title: str
    labels: str
    service: str
    at: datetime
    why: str


@dataclass(frozen=True)
class AlertSearchView:
    """What was sought and what was found; `problem` when it could not be sought."""

    tab: str
    text: str
    states: tuple[Choice, ...]
    rows: tuple[Found, ...]
    older: str
    problem: str
    kept: int
    """Days."""


def load(asked: Asked) -> Answer:
    """`?q=checkout region=eu-3&state=firing&at=…&id=…`: the last two say where the page before ended."""
    text = asked.query.get("q", "").replace("\0", "").strip()[:_LONGEST]
    state = asked.query.get("state", "all")
    if state not in dict(_STATES):
        state = "all"
    place = (asked.query["at"], asked.query.get("id", "")) if "at" in asked.query else None
    labels, words = labels_and_words(text)
    found, problem = [], ""
    try:
        found = queries.alerts(
            asked.connection,
            asked.actor,
            state=cast(Literal["firing", "resolved", "all"], state),
            labels=labels,
            words=words,
            after=place,
            limit=_PAGE + 1,
        )
    except Invalid as error:
        problem = error.message[:1].upper() + error.message[1:] + "."
    shown = found[:_PAGE]
    said = whys(asked.connection, asked.actor, shown, asked.now)
    older = ""
    if len(found) > _PAGE:
        at, id = queries.place_of_alert(shown[-1])
        older = "?" + urlencode({"q": text, "state": state, "at": at.isoformat(), "id": id})  # type: ignore[union-attr]
    view = AlertSearchView(
        "search",
        text,
        tuple(Choice(value, label, chosen=value == state) for value, label in _STATES),
        tuple(
            Found(
                each.id,
                Verdict("fail", "Firing") if each.state == "firing" else Verdict("pass", "Over"),
                each.severity,
                each.title,
                " ".join(f"{name}={value}" for name, value in list(each.labels.items())[:6]),
                each.service or "",
                each.received_at,
                said[each.id],
            )
            for each in shown
        ),
        older,
        problem,
        asked.parts.settings.keep_alerts_days,
    )
    return Answer(view, frozenset({"alerts"}))


SCREEN = Screen("/alerts/search", "alerts", "alerts/search.html", load, ("alerts/found.html",))
