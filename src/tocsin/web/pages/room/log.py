"""The timeline: newest happening first, in sentences; runs of alerts and system entries fold to one line."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tocsin.timeline.entry import Entry
from tocsin.timeline.facts.comms import UpdatePosted
from tocsin.timeline.facts.incidents import Corrected, Declared, SeverityChanged
from tocsin.timeline.facts.mitigation import DecisionClosed, DecisionOpened
from tocsin.timeline.facts.paging import PageRecorded
from tocsin.web import format as say
from tocsin.web.views.common import Names, Verdict
from tocsin.web.views.log import EntryView, Fold

_ICONS = {
    "decision": "decision",
    "comms": "speech",
    "evidence": "clip",
    "alert": "bell",
    "system": "cpu",
    "severity": "incident",
    "role": "user",
    "note": "speech",
}
_KIND_ICONS = {"deploys_held": "snow", "deploys_released": "snow", "evidence_added": "camera", "redacted": "shield"}
_FOLDED = frozenset({"alert", "system"})
_FOLD_FROM = 6
_LATE = timedelta(minutes=2)


def entry_views(
    entries: Iterable[Entry], names: Names, declared_at: datetime, *, fresh_after: int = -1
) -> list[EntryView]:
    """One view for each entry, newest happening first; those after `fresh_after` are tinted."""
    ordered = sorted(entries, key=lambda entry: (entry.happened_at, entry.seq), reverse=True)
    return [_view(entry, names, declared_at, 0 <= fresh_after < entry.seq) for entry in ordered]


def _view(entry: Entry, names: Names, declared_at: datetime, fresh: bool) -> EntryView:
    fact, category = entry.fact, entry.fact.category
    who = entry.actor.name.split(" ", maxsplit=1)[0] if entry.actor.kind == "person" else entry.actor.name
    text, extra = fact.sentence(names.of), dict[str, object]()
    match fact:
        case Declared():
            text, extra = f"declared INC-{fact.number} as", {"severity": fact.severity, "detail": fact.reason or ""}
        case SeverityChanged():
            verb = "raised" if fact.severity < fact.previous else "lowered"
            text = f"{verb} severity from Sev{fact.previous} to"
            extra = {"severity": fact.severity, "detail": fact.reason or ""}
        case DecisionOpened():
            text = f"started: {fact.title}." if fact.title else "ran a command."
            extra = {"command": fact.command, "expected": fact.expected}
        case DecisionClosed():
            verdicts = {
                "matched": ("pass", "Matched"),
                "no_match": ("fail", "No match"),
                "unclear": ("skip", "Unclear"),
            }
            text, extra = "said what happened.", {"verdict": Verdict(*verdicts[fact.matched]), "detail": fact.actual}  # type: ignore[arg-type]
        case UpdatePosted() if fact.audience == "external":
            by = f", approved by {names.of(fact.approved_by)}" if fact.approved_by else ""
            extra = {"quote": f"{fact.known} {fact.doing} {fact.next}", "detail": f"by {who}{by}"}
            who, text = "Status page", ""
        case UpdatePosted():
            text, extra = "updated where we are.", {"detail": fact.known}
        case PageRecorded():
            who, text = _page_words(fact, names, who)
        case Corrected():
            extra = {"detail": ""}
    if entry.redacted:
        text = f"{text} (redacted)"
    late = entry.recorded_at - entry.happened_at
    note = f"Written down {say.time_of(entry.recorded_at)}" if late > _LATE else ""
    icon = _KIND_ICONS.get(fact.kind) or ("globe" if who == "Status page" else _ICONS.get(category, "log"))
    return EntryView(
        entry.seq,
        entry.happened_at,
        say.offset(entry.happened_at, declared_at),
        category,
        icon,
        "" if who == "Tocsin" else who,
        say.sentence(text) if who == "Tocsin" else text,
        late_note=note,
        fresh=fresh,
        **extra,  # type: ignore[arg-type]
    )


def _page_words(fact: PageRecorded, names: Names, who: str) -> tuple[str, str]:
    if fact.event == "acknowledged" and fact.person:
        return names.of(fact.person).split(" ", maxsplit=1)[0], "acknowledged the page."
    return who, fact.sentence(names.of)


def folded(views: Sequence[EntryView]) -> tuple[EntryView | Fold, ...]:
    """Long runs of alerts and system entries become one line that opens."""
    out: list[EntryView | Fold] = []
    run: list[EntryView] = []
    for view in [*views, None]:
        if view is not None and view.category in _FOLDED and not view.fresh:
            run.append(view)
            continue
        if len(run) >= _FOLD_FROM:
            out.append(Fold(_fold_words(run), tuple(run)))
        else:
            out += run
        run = []
        if view is not None:
            out.append(view)
    return tuple(out)


def _fold_words(run: Sequence[EntryView]) -> str:
    alerts = sum(view.category == "alert" for view in run)
    system = len(run) - alerts
    parts = [say.figure(alerts, "alert entry", "alert entries")] if alerts else []
    parts += [say.figure(system, "system entry", "system entries")] if system else []
    first, last = say.hour_minute(run[-1].at), say.hour_minute(run[0].at)
    return f"{say.listed(parts)} {f'at {first}' if first == last else f'between {first} and {last}'}"
