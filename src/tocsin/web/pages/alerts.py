"""Groups of alerts: who has them, why they page or not; silences; what came in and when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from tocsin.alerts.queries import board as alerts
from tocsin.alerts.queries.heartbeats import heartbeats
from tocsin.alerts.queries.lately import last_hour
from tocsin.alerts.queries.quiet import maintenance_to_come
from tocsin.incidents.queries import heads as incidents
from tocsin.intake.queries import integrations_now, waiting_count
from tocsin.paging.queries import ringing as pages
from tocsin.paging.queries.why import whys
from tocsin.web import format as say
from tocsin.web.pages.alert_groups import SHOWN, Case, case_of, group_row
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.alerts import AlertsView, Filter, FunnelStep, Group, SilenceRow, Source
from tocsin.web.views.common import Names

_MOST_HOURS = 6
_FIRST = 30  # groups that are drawn until more are asked for: a storm's page stays one that loads at once
_MOST, _MOST_CLOSED = 500, 100  # groups that are looked at
_FILTERS = (("firing", "Firing"), ("nobody", "Nobody has it"), ("mine", "Mine"), ("quiet", "Quiet"))


def load(asked: Asked) -> Answer:
    """Open groups, those of them that `show` names; or the closed ones under /alerts?tab=history. The first, or `all`."""
    connection = asked.connection
    tab = asked.query.get("tab", "now")
    cases = _cases(asked, closed=tab == "history")
    show = asked.query.get("show", "")
    wanted = show if tab == "now" and show in dict(_FILTERS) else ""
    chosen = [case for case in cases if not wanted or wanted in case.kinds]
    drawn = chosen if "all" in asked.query else chosen[:_FIRST]
    known = people.names(connection)
    silences = _silences(asked, known)
    groups = _drawn(asked, drawn, known, silences)
    open_ones = sum("firing" in case.kinds for case in cases)
    unheld = sum("nobody" in case.kinds for case in cases)
    here = {"tab": tab} if tab != "now" else {"show": wanted} if wanted else {}
    funnel, rest = _last_hour(asked)
    view = AlertsView(
        tab=tab,
        answer=_answer(open_ones, unheld, more=len(cases) == _MOST) if tab == "now" else _closed(len(cases)),
        rest=rest,
        groups=groups,
        hidden=len(chosen) - len(drawn),
        everything=f"/alerts?{urlencode(here | {'all': '1'})}",
        filters=_filters(cases, wanted) if tab == "now" else (),
        funnel=funnel,
        silences=silences,
        sources=_sources(asked),
        set_aside=waiting_count(connection),
        may_act=asked.responds,
        selectable=any(group.page for group in groups),
    )
    return Answer(view, frozenset({"alerts", "pages", "integrations"}))


def _cases(asked: Asked, *, closed: bool) -> list[Case]:
    """What nobody has first, then the rest, and under it what needs nobody; each by its newest change."""
    connection, actor = asked.connection, asked.actor
    rows = alerts.groups_now(connection, actor, closed=closed, limit=_MOST_CLOSED if closed else _MOST)
    paged = pages.of_groups(connection, [row.id for row in rows])
    heads = incidents.by_id(connection, actor, {row.incident_id for row in rows if row.incident_id})
    found = [case_of(asked, row, paged.get(row.id), heads.get(row.incident_id)) for row in rows]
    return found if closed else sorted(found, key=lambda case: (case.quiet, not case.waits))


def _drawn(asked: Asked, cases: Sequence[Case], known: Names, silences: Sequence[SilenceRow]) -> tuple[Group, ...]:
    """As rows, with what each consists of."""
    connection, now = asked.connection, asked.now
    ids = [case.row.id for case in cases]
    members, spans = alerts.members(connection, ids), alerts.spans(connection, ids, now - SHOWN)
    said = whys(connection, asked.actor, [each for some in members.values() for each in some], now)
    hushes = {each.id: f"until {say.moment(each.until, now)}, {each.note}" for each in silences if each.id}
    return tuple(
        group_row(asked, case, known, members[case.row.id], spans[case.row.id], said, hushes) for case in cases
    )


def _filters(cases: Sequence[Case], chosen: str) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            label,
            sum(kind in case.kinds for case in cases),
            kind == chosen,
            "/alerts" if kind == chosen else f"/alerts?show={kind}",
        )
        for kind, label in _FILTERS
    )


def _last_hour(asked: Asked) -> tuple[tuple[FunnelStep, ...], str]:
    """What became of what came in, step by step and in a sentence."""
    hour = last_hour(asked.connection, asked.actor, asked.now)
    raised = pages.raised_since(asked.connection, asked.actor, asked.now - timedelta(hours=1))
    if not hour.alerts:
        return (), "In the last hour no alert came in."
    steps = (
        ("Alerts received", hour.alerts),
        ("Groups they opened", hour.groups),
        ("Groups that page", hour.paging),
        ("Pages sent", raised),
    )
    became = f"{say.figure(hour.alerts, 'alert')} became {say.figure(raised, 'page')}"
    quiet = f" {say.figure(hour.silenced, 'was', 'were')} silenced." if hour.silenced else ""
    funnel = tuple(FunnelStep(label, count, min(1.0, count / hour.alerts)) for label, count in steps)
    return funnel, f"In the last hour {became}.{quiet}"


def _sources(asked: Asked) -> tuple[Source, ...]:
    """What is late or refused comes first."""
    now = asked.now
    heard = [
        Source(
            each.name,
            f"{say.coarse(now - each.last_at)} ago" if each.last_at else "nothing yet",
            f"{say.figure(each.refused, 'body', 'bodies')} refused" if each.refused else "",
        )
        for each in integrations_now(asked.connection, asked.actor)
        if each.disabled_at is None
    ]
    for each in heartbeats(asked.connection, asked.actor):
        if each.paused_at is not None:
            continue
        ago = f"{say.coarse(now - each.last_at)} ago" if each.last_at else "nothing yet"
        heard.append(Source(each.name, ago, "heartbeat is late" if each.state == "late" else "", each.state == "late"))
    return tuple(sorted(heard, key=lambda source: (not source.late, not source.wrong)))


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


def _closed(count: int) -> str:
    """Of the history: all of it, or its newest."""
    if count == _MOST_CLOSED:
        return f"The newest {count} closed groups. Older alerts are found by searching."
    return f"{say.figure(count, 'closed group')}, newest first."


def _answer(open_groups: int, unheld: int, *, more: bool) -> str:
    """How many groups page and how many of them nobody has. `more`: perhaps than were looked at."""
    if more:
        return f"{_MOST} groups or more are open. Of the newest, nobody has {unheld}."
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


SCREEN = Screen("/alerts", "alerts", "alerts.html", load, ("alerts/body.html",))
