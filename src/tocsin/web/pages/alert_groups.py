"""A group of alerts as a row: who has it, what it consists of, what one can do with it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Row

from tocsin.alerts.alert import UNHEARD, Episode
from tocsin.alerts.queries import board as alerts
from tocsin.web import format as say
from tocsin.web.screens import Asked
from tocsin.web.views.alerts import Group, Member
from tocsin.web.views.common import Action, Badge, Names, Verdict

_MINUTES, _MINUTE = 30, timedelta(minutes=1)
SHOWN = _MINUTES * _MINUTE
_MOST_LABELS = 4
_MOST_LINES, _LONGEST_LINE = 10, 200


@dataclass(frozen=True)
class Case:
    """A group with its newest page, its incident if the reader may see it, and how it stands.

    `snoozed`: nobody is paged until an hour; `hushed`: every alert that fires is silenced; `waits`: its page is open.
    """

    row: Row[Any]
    page: Row[Any] | None
    head: Row[Any] | None
    snoozed: bool
    hushed: bool
    quiet: bool
    waits: bool
    kinds: frozenset[str]


def case_of(asked: Asked, row: Row[Any], page: Row[Any] | None, head: Row[Any] | None) -> Case:
    """How a group stands, and the filters that show it."""
    snoozed = row.snoozed_until is not None and row.snoozed_until > asked.now
    hushed = row.firing > 0 and row.loud == 0
    closed = row.state == "closed"
    quiet = closed or snoozed or hushed or row.urgency != "page"
    waits = page is not None and page.state == "open" and not closed
    kinds = {"quiet"} if quiet else set()
    if not quiet and row.state == "open":
        kinds |= {"firing", "nobody"} if waits else {"firing"}
    if page is not None and page.acknowledged_by and page.acknowledged_by == asked.person_id and not closed:
        kinds.add("mine")
    return Case(row, page, head, snoozed, hushed, quiet, waits, frozenset(kinds))


def group_row(
    asked: Asked,
    case: Case,
    known: Names,
    members: Sequence[Episode],
    spans: Sequence[alerts.Span],
    said: Mapping[str, str],
    hushes: Mapping[str, str],
) -> Group:
    """The row of one group.

    `members` are its newest alerts, `spans` when these and more of them fired in the last half hour. `said` is why each
    member did or did not page, `hushes` what each silence in force says of itself.
    """
    row, page, head = case.row, case.page, case.head
    holder = known.person(page.acknowledged_by) if page is not None and page.acknowledged_by else None
    verdict = _verdict(asked, case)
    sentences = {said[member.id] for member in members}
    alike = sentences.pop() if len(sentences) == 1 else ""
    silence = next((each.silenced_by for each in members if each.silenced_by in hushes), None) if case.hushed else None
    first, more = _actions(asked, case, urgent=verdict.kind == "fail")
    if asked.responds and row.state != "closed":
        more += (Action("Silence…", f"/alerts/silence?match={quote(_match_of(row, members))}"),)
        if silence is not None:
            ends = Action("End silence", "/alerts/silence/end", post=True, fields=(("silence", silence),))
            first = (ends, *first)
    telling = _telling(members)
    return Group(
        id=row.id,
        verdict=verdict,
        title=row.title,
        note=", ".join(filter(None, (say.listed(row.services) or row.route, hushes.get(silence or "", "")))),
        minutes=by_minute(spans, asked.now),
        sampled=row.total > alerts.NEWEST,
        count=row.firing if row.state != "closed" else row.total,
        since=row.opened_at,
        holder=holder,
        incident=Badge(f"INC-{head.number}", "crit" if head.severity == 1 else "line", href=f"/incidents/{head.number}")
        if head
        else None,
        why=" ".join(filter(None, (alike or row.why or "", _why_over(row, known), _shared(row.key)))),
        members=tuple(_member(member, telling, "" if alike else said[member.id]) for member in members),
        more=max(0, row.total - len(members)),
        quiet=case.quiet,
        actions=first,
        more_actions=more,
        page=page.id if page is not None and case.waits and asked.responds else "",
        told=page.id if page is not None else "",
    )


def _verdict(asked: Asked, case: Case) -> Verdict:
    row, page, now = case.row, case.page, asked.now
    is_open = page is not None and page.state == "open"
    if row.state == "closed":
        return Verdict("pass", "Resolved")
    if case.snoozed:
        return Verdict("skip", f"Snoozed to {say.moment(row.snoozed_until, now)}")
    if case.hushed:
        return Verdict("skip", "Quiet")
    if row.state == "closing":
        return Verdict("pass", "Resolving")
    if page is not None and is_open and page.snoozed_until is not None:
        return Verdict("skip", f"Snoozed to {say.moment(page.snoozed_until, now)}")
    if is_open:
        return Verdict("fail", "Nobody has it")
    if page is not None and page.acknowledged_by:
        return Verdict("held", "Acknowledged")
    without = "In an incident" if case.head is not None else "Open"
    return Verdict("skip", {"notify": "Told", "record": "Recorded"}.get(row.urgency, without))


def _actions(asked: Asked, case: Case, *, urgent: bool) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """What stands in the row, and what below."""
    row, page, head = case.row, case.page, case.head
    if not asked.responds or row.state == "closed":
        return (), ()
    first: tuple[Action, ...] = ()
    if page is not None and page.state == "open":
        style: Literal["crit", ""] = "crit" if urgent else ""
        first += (Action("Acknowledge", f"/pages/{page.id}/acknowledge", style, post=True),)
    if head is None:
        services, title = quote(" ".join(row.services)), quote(row.title)
        first += (Action("Declare…", f"/incidents/new?group={row.id}&title={title}&services={services}"),)
    if case.snoozed:
        more: tuple[Action, ...] = (Action("End snooze", f"/alerts/{row.id}/wake", post=True),)
    else:
        more = (Action("Snooze…", f"/alerts/{row.id}/snooze"),)
    if row.state == "open":
        more += (Action("It is over…", f"/alerts/{row.id}/resolve"),)
    return first, more


def _telling(members: Sequence[Episode]) -> frozenset[str]:
    """The labels in which a group's alerts differ, or which some of them have not."""
    values: dict[str, set[str]] = {}
    carried: Counter[str] = Counter()
    for member in members:
        carried.update(member.labels.keys())
        for name, value in member.labels.items():
            values.setdefault(name, set()).add(value)
    return frozenset(name for name, found in values.items() if len(found) > 1 or carried[name] < len(members))


def _member(member: Episode, telling: frozenset[str], why: str) -> Member:
    """By the labels in which it differs from the others, or by its first ones."""
    own = {name: value for name, value in member.labels.items() if name in telling}
    labels = list((own or member.labels).items())[:_MOST_LABELS]
    return Member(
        ", ".join(f"{name}={value}" for name, value in labels),
        member.annotations.get("summary", member.title),
        member.started_at or member.received_at,
        member.state == "firing",
        why,
    )


def _match_of(row: Row[Any], members: Sequence[Episode]) -> str:
    """What a silence of just these alerts would ask for, a label a line: what all of them carry."""
    labels = dict(members[0].labels) if members else {}
    shared = {name: value for name, value in labels.items() if all(each.labels.get(name) == value for each in members)}
    if len(row.services) == 1:
        shared.setdefault("service", row.services[0])
    lines = [f"{name}={value}" for name, value in shared.items() if "=" not in name]
    return "\n".join([line for line in lines if len(line) <= _LONGEST_LINE and line.isprintable()][:_MOST_LINES])


def _why_over(row: Row[Any], known: Names) -> str:
    if row.resolved_by is None:
        return ""
    if row.resolved_by == UNHEARD:
        return "Nothing was heard of its alerts for long, so they count as over."
    return f"{known.of(row.resolved_by)} called its alerts over."


def _shared(key: str) -> str:
    """Why its alerts are one group: what they share, by the names in the group's key."""
    try:
        names = list(json.loads(key))
    except ValueError:  # too long to be kept as it was
        return ""
    return f"Grouped because they share {say.listed(names)}." if names else "One group for all that its rule matches."


def by_minute(spans: Sequence[alerts.Span], now: datetime) -> tuple[int, ...]:
    """How many of these alerts fired in each of the last thirty minutes, the oldest first."""
    since = now - SHOWN
    more = [0] * (_MINUTES + 1)  # how many more fire than in the minute before
    for started, ended in spans:
        first = max(0, (started - since) // _MINUTE)
        last = min(_MINUTES - 1, (ended - since) // _MINUTE) if ended else _MINUTES - 1
        if first <= last:
            more[first] += 1
            more[last + 1] -= 1
    return tuple(accumulate(more[:-1]))
