"""Groups of alerts: who has them, why they page or not; silences; what came in and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row

from tocsin.alerts.queries import board as alerts
from tocsin.alerts.queries import counts
from tocsin.alerts.queries.quiet import maintenance_to_come
from tocsin.alerts.queries.rows import episode_of
from tocsin.incidents.queries import heads as incidents
from tocsin.intake.queries import integrations_now, waiting_count
from tocsin.paging.queries import ringing as pages
from tocsin.paging.queries.why import whys
from tocsin.web import format as say
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.common import Action, Badge, Names, Person, Verdict

_HALF_HOUR = 30
_MOST_HOURS = 6
_LATE = timedelta(hours=24)


@dataclass(frozen=True)
class Member:
    """One alert of a group."""

    labels: str
    text: str
    at: datetime
    firing: bool
    why: str
    """Why it did or did not page."""


@dataclass(frozen=True)
class Group:
    """One group as a row that opens."""

    id: str
    verdict: Verdict
    title: str
    note: str
    minutes: tuple[int, ...]
    count: int
    since: datetime
    holder: Person | None
    incident: Badge | None
    why: str
    members: tuple[Member, ...]
    more: int
    quiet: bool
    actions: tuple[Action, ...]
    page: str
    """Its page, if the reader may take it."""
    told: str
    """The page whose log says who was paged and how."""
    """Its page, if it can be acknowledged."""


@dataclass(frozen=True)
class Source:
    """An integration and when it was last heard."""

    name: str
    last: str
    refused: int


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
    """The whole page."""

    tab: str
    answer: str
    rest: str
    groups: tuple[Group, ...]
    silences: tuple[SilenceRow, ...]
    sources: tuple[Source, ...]
    set_aside: int
    may_act: bool
    selectable: bool


def load(asked: Asked) -> Answer:
    """Open groups, or the closed ones under /alerts?tab=history."""
    connection, actor, now = asked.connection, asked.actor, asked.now
    tab = asked.query.get("tab", "now")
    rows = alerts.groups_now(connection, actor, closed=tab == "history")
    members = alerts.members(connection, [row.id for row in rows[:50]])
    paged = pages.of_groups(connection, [row.id for row in rows])
    numbers = {head.id: head for head in incidents.listed(connection, actor, "all", 0, "", 0, 200)}
    known = people.names(connection)
    said = whys(connection, actor, [episode_of(each) for some in members.values() for each in some], now)
    shown = []
    for row in rows:
        page = paged.get(row.id)
        holder = known.person(page.acknowledged_by) if page is not None and page.acknowledged_by else None
        head = numbers.get(row.incident_id)
        shown.append(_group(asked, row, page, holder, head, members.get(row.id, []), said))
    open_ones = [group for group in shown if not group.quiet]
    unheld = sum(paged[row.id].state == "open" for row in rows if row.id in paged and row.state == "open")
    view = AlertsView(
        tab=tab,
        answer=_answer(len(open_ones), unheld)
        if tab == "now"
        else f"{say.figure(len(rows), 'closed group')}, newest first.",
        rest=f"In the last hour {say.figure(counts(connection, actor, now).alerts_last_hour, 'alert')} came in.",
        groups=tuple(shown),
        silences=_silences(asked, known),
        sources=tuple(
            Source(each.name, f"{say.coarse(now - each.last_at)} ago" if each.last_at else "nothing yet", each.refused)
            for each in integrations_now(connection, actor)
            if each.disabled_at is None
        ),
        set_aside=waiting_count(connection),
        may_act=asked.responds,
        selectable=any(group.page for group in shown),
    )
    return Answer(view, frozenset({"alerts", "pages", "integrations"}))


def _silences(asked: Asked, known: Names) -> tuple[SilenceRow, ...]:
    """What is quiet now or will be: silences, and of each service's maintenance hours the next."""
    now = asked.now

    def begins(at: datetime) -> datetime | None:
        return at if at > now else None

    made = [
        SilenceRow(
            row.id,
            ", ".join(f"{k}={v}" for k, v in row.match.items()),
            f"{row.reason}, {known.of(row.created_by)}",
            begins(row.starts_at),
            row.ends_at,
        )
        for row in alerts.silences_now(asked.connection, now)
    ]
    hours: dict[tuple[str, str], SilenceRow] = {}
    for each in maintenance_to_come(asked.connection, asked.actor, now):
        row = SilenceRow("", each.service_name, f"maintenance: {each.name}", begins(each.starts_at), each.ends_at)
        hours.setdefault((each.service, each.name), row)
    return (*made, *list(hours.values())[:_MOST_HOURS])


def _answer(open_groups: int, unheld: int) -> str:
    if not open_groups:
        return "No group needs anyone."
    many = say.sentence(f"{say.count_of(open_groups, 'group')} {'is' if open_groups == 1 else 'are'} open")[:-1]
    if unheld == open_groups > 1:
        return f"{many}, and nobody has any of them."
    if unheld:
        return (
            f"{many}, and {'nobody has it' if open_groups == 1 else say.count_of(unheld, 'has nobody', 'have nobody')}."
        )
    return f"{many}, and {'somebody has it' if open_groups == 1 else 'each has somebody'}."


def _group(
    asked: Asked,
    row: Row[Any],
    page: Row[Any] | None,
    holder: Person | None,
    head: Row[Any] | None,
    members: list[Row[Any]],
    said: Mapping[str, str],
) -> Group:
    now = asked.now
    snoozed = row.snoozed_until is not None and row.snoozed_until > now
    hushed = row.firing > 0 and row.loud == 0
    quiet = row.state == "closed" or snoozed or hushed or row.urgency != "page"
    if row.state == "closed":
        verdict = Verdict("pass", "Resolved")
    elif snoozed:
        verdict = Verdict("skip", f"Snoozed to {say.moment(row.snoozed_until, now)}")
    elif hushed:
        verdict = Verdict("skip", "Quiet")
    elif page is not None and page.state == "open" and page.snoozed_until is not None:
        verdict = Verdict("skip", f"Snoozed to {say.moment(page.snoozed_until, now)}")
    elif page is not None and page.state == "open":
        verdict = Verdict("fail", "Nobody has it")
    elif holder is not None:
        verdict = Verdict("held", "Acknowledged")
    elif row.state == "closing":
        verdict = Verdict("pass", "Resolving")
    else:
        verdict = Verdict(
            "skip", {"notify": "Told", "record": "Recorded"}.get(row.urgency, "In an incident" if head else "Open")
        )
    actions: tuple[Action, ...] = ()
    may_take = asked.responds and row.state != "closed" and page is not None and page.state == "open"
    if asked.responds and row.state != "closed":
        if page is not None and page.state == "open":
            style: Literal["crit", ""] = "crit" if verdict.kind == "fail" else ""
            actions += (Action("Acknowledge", f"/pages/{page.id}/acknowledge", style, post=True),)
        if head is None:
            services = " ".join(row.services)
            actions += (
                Action(
                    "Declare…", f"/incidents/new?group={row.id}&title={_quoted(row.title)}&services={_quoted(services)}"
                ),
            )
        if snoozed:
            actions += (Action("End snooze", f"/alerts/{row.id}/wake", post=True),)
        else:
            actions += (Action("Snooze…", f"/alerts/{row.id}/snooze", "quiet"),)
    sentences = {said[member.id] for member in members}
    alike = sentences.pop() if len(sentences) == 1 else ""
    return Group(
        id=row.id,
        verdict=verdict,
        title=row.title,
        note=say.listed(row.services) or row.route,
        minutes=_minutes(asked, row.id),
        count=row.firing if row.state != "closed" else row.total,
        since=row.opened_at,
        holder=holder,
        incident=Badge(f"INC-{head.number}", "crit" if head.severity == 1 else "line", href=f"/incidents/{head.number}")
        if head
        else None,
        why=alike or row.why or "",
        members=tuple(
            Member(
                ", ".join(f"{k}={v}" for k, v in list(member.labels.items())[:4]),
                member.annotations.get("summary", member.title),
                member.started_at or member.received_at,
                member.state == "firing",
                "" if alike else said[member.id],
            )
            for member in members
        ),
        more=max(0, row.total - len(members)),
        quiet=quiet,
        actions=actions,
        page=page.id if may_take and page is not None else "",
        told=page.id if page is not None else "",
    )


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)


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


SCREEN = Screen("/alerts", "alerts", "alerts.html", load, ("alerts/body.html",))
