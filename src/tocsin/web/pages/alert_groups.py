"""A group of alerts as a row: who has it, what it consists of, what one can do with it."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import Row

from tocsin.alerts.alert import UNHEARD
from tocsin.alerts.queries import board as alerts
from tocsin.web import format as say
from tocsin.web.screens import Asked
from tocsin.web.views.alerts import Group, Member
from tocsin.web.views.common import Action, Badge, Names, Verdict

_HALF_HOUR = 30
_MOST_LABELS = 4
_MOST_LINES, _LONGEST_LINE = 10, 200


def group_row(
    asked: Asked,
    row: Row[Any],
    page: Row[Any] | None,
    known: Names,
    head: Row[Any] | None,
    members: Sequence[Row[Any]],
    said: Mapping[str, str],
    hushes: Mapping[str, str],
) -> Group:
    """The row of one group. `page` is its newest page, `head` its incident if the reader may see it.

    `said` is why each member did or did not page, `hushes` what each silence in force says of itself.
    """
    holder = known.person(page.acknowledged_by) if page is not None and page.acknowledged_by else None
    snoozed = row.snoozed_until is not None and row.snoozed_until > asked.now
    hushed = row.firing > 0 and row.loud == 0
    quiet = row.state == "closed" or snoozed or hushed or row.urgency != "page"
    waits = page is not None and page.state == "open" and row.state != "closed"
    verdict = _verdict(asked, row, page, snoozed=snoozed, hushed=hushed, in_incident=head is not None)
    sentences = {said[member.id] for member in members}
    alike = sentences.pop() if len(sentences) == 1 else ""
    silence = next((each.silenced_by for each in members if each.silenced_by in hushes), None) if hushed else None
    first, more = _actions(asked, row, page, head, snoozed=snoozed, urgent=verdict.kind == "fail")
    if asked.responds and row.state != "closed":
        more += (Action("Silence…", f"/alerts/silence?match={quote(_match_of(row, members))}"),)
        if silence is not None:
            ends = Action("End silence", "/alerts/silence/end", post=True, fields=(("silence", silence),))
            first = (ends, *first)
    kinds = {"quiet"} if quiet else set()
    if not quiet and row.state == "open":
        kinds |= {"firing", "nobody"} if waits else {"firing"}
    if page is not None and page.acknowledged_by and page.acknowledged_by == asked.person_id and row.state != "closed":
        kinds.add("mine")
    return Group(
        id=row.id,
        verdict=verdict,
        title=row.title,
        note=", ".join(filter(None, (say.listed(row.services) or row.route, hushes.get(silence or "", "")))),
        minutes=_minutes(asked, row.id),
        count=row.firing if row.state != "closed" else row.total,
        since=row.opened_at,
        holder=holder,
        incident=Badge(f"INC-{head.number}", "crit" if head.severity == 1 else "line", href=f"/incidents/{head.number}")
        if head
        else None,
        why=" ".join(filter(None, (alike or row.why or "", _why_over(row, known), _shared(row.key)))),
        members=tuple(_member(member, members, "" if alike else said[member.id]) for member in members),
        more=max(0, row.total - len(members)),
        quiet=quiet,
        actions=first,
        more_actions=more,
        page=page.id if page is not None and waits and asked.responds else "",
        told=page.id if page is not None else "",
        kinds=frozenset(kinds),
    )


def _verdict(
    asked: Asked, row: Row[Any], page: Row[Any] | None, *, snoozed: bool, hushed: bool, in_incident: bool
) -> Verdict:
    now = asked.now
    is_open = page is not None and page.state == "open"
    if row.state == "closed":
        return Verdict("pass", "Resolved")
    if snoozed:
        return Verdict("skip", f"Snoozed to {say.moment(row.snoozed_until, now)}")
    if hushed:
        return Verdict("skip", "Quiet")
    if row.state == "closing":
        return Verdict("pass", "Resolving")
    if page is not None and is_open and page.snoozed_until is not None:
        return Verdict("skip", f"Snoozed to {say.moment(page.snoozed_until, now)}")
    if is_open:
        return Verdict("fail", "Nobody has it")
    if page is not None and page.acknowledged_by:
        return Verdict("held", "Acknowledged")
    without = "In an incident" if in_incident else "Open"
    return Verdict("skip", {"notify": "Told", "record": "Recorded"}.get(row.urgency, without))


def _actions(
    asked: Asked, row: Row[Any], page: Row[Any] | None, head: Row[Any] | None, *, snoozed: bool, urgent: bool
) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """What stands in the row, and what below."""
    if not asked.responds or row.state == "closed":
        return (), ()
    first: tuple[Action, ...] = ()
    if page is not None and page.state == "open":
        style: Literal["crit", ""] = "crit" if urgent else ""
        first += (Action("Acknowledge", f"/pages/{page.id}/acknowledge", style, post=True),)
    if head is None:
        services, title = quote(" ".join(row.services)), quote(row.title)
        first += (Action("Declare…", f"/incidents/new?group={row.id}&title={title}&services={services}"),)
    if snoozed:
        more: tuple[Action, ...] = (Action("End snooze", f"/alerts/{row.id}/wake", post=True),)
    else:
        more = (Action("Snooze…", f"/alerts/{row.id}/snooze"),)
    if row.state == "open":
        more += (Action("It is over…", f"/alerts/{row.id}/resolve"),)
    return first, more


def _member(member: Row[Any], members: Sequence[Row[Any]], why: str) -> Member:
    """By the labels in which it differs from the others, or by its first ones."""
    own = {
        name: value
        for name, value in member.labels.items()
        if any(other.labels.get(name) != value for other in members)
    }
    labels = list((own or member.labels).items())[:_MOST_LABELS]
    return Member(
        ", ".join(f"{name}={value}" for name, value in labels),
        member.annotations.get("summary", member.title),
        member.started_at or member.received_at,
        member.state == "firing",
        why,
    )


def _match_of(row: Row[Any], members: Sequence[Row[Any]]) -> str:
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


def _minutes(asked: Asked, group_id: str) -> tuple[int, ...]:
    """How many alerts of the group fired in each of the last thirty minutes."""
    since = asked.now - timedelta(minutes=_HALF_HOUR)
    counts = [0] * _HALF_HOUR
    for started, ended in alerts.spans_of(asked.connection, group_id):
        first = max(0, int((started - since).total_seconds() // 60))
        last = int((ended - since).total_seconds() // 60) if ended else _HALF_HOUR - 1
        for minute in range(first, min(last, _HALF_HOUR - 1) + 1):
            counts[minute] += 1
    return tuple(counts)
