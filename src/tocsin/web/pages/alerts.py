"""Groups of alerts: who has them, why they page or not; silences; what came in and when."""

from datetime import datetime, timedelta

from tocsin.alerts.queries import board as alerts
from tocsin.alerts.queries.heartbeats import heartbeats
from tocsin.alerts.queries.quiet import maintenance_to_come
from tocsin.alerts.queries.rows import episode_of
from tocsin.incidents.queries import heads as incidents
from tocsin.intake.queries import integrations_now, waiting_count
from tocsin.paging.queries import ringing as pages
from tocsin.paging.queries.why import whys
from tocsin.web import format as say
from tocsin.web.pages.alert_groups import group_row
from tocsin.web.reading import people
from tocsin.web.screens import Answer, Asked, Screen
from tocsin.web.views.alerts import AlertsView, Filter, FunnelStep, Group, SilenceRow, Source
from tocsin.web.views.common import Names

_MOST_HOURS = 6
_FILTERS = (("firing", "Firing"), ("nobody", "Nobody has it"), ("mine", "Mine"), ("quiet", "Quiet"))


def load(asked: Asked) -> Answer:
    """Open groups, those of them that `show` names; or the closed ones under /alerts?tab=history."""
    connection, actor, now = asked.connection, asked.actor, asked.now
    tab = asked.query.get("tab", "now")
    rows = alerts.groups_now(connection, actor, closed=tab == "history")
    members = alerts.members(connection, [row.id for row in rows[:50]])
    paged = pages.of_groups(connection, [row.id for row in rows])
    numbers = {head.id: head for head in incidents.listed(connection, actor, "all", 0, "", 0, 200)}
    known = people.names(connection)
    said = whys(connection, actor, [episode_of(each) for some in members.values() for each in some], now)
    silences = _silences(asked, known)
    hushes = {each.id: f"until {say.moment(each.until, now)}, {each.note}" for each in silences if each.id}
    found = [
        group_row(
            asked, row, paged.get(row.id), known, numbers.get(row.incident_id), members.get(row.id, []), said, hushes
        )
        for row in rows
    ]
    found.sort(key=lambda group: group.quiet)  # what needs nobody stands under the rest
    show = asked.query.get("show", "")
    wanted = show if tab == "now" and show in dict(_FILTERS) else ""
    shown = tuple(group for group in found if not wanted or wanted in group.kinds)
    open_ones = [group for group in found if "firing" in group.kinds]
    unheld = sum("nobody" in group.kinds for group in found)
    funnel, rest = _last_hour(asked)
    view = AlertsView(
        tab=tab,
        answer=_answer(len(open_ones), unheld)
        if tab == "now"
        else f"{say.figure(len(rows), 'closed group')}, newest first.",
        rest=rest,
        groups=shown,
        filters=_filters(found, wanted) if tab == "now" else (),
        funnel=funnel,
        silences=silences,
        sources=_sources(asked),
        set_aside=waiting_count(connection),
        may_act=asked.responds,
        selectable=any(group.page for group in shown),
    )
    return Answer(view, frozenset({"alerts", "pages", "integrations"}))


def _filters(found: list[Group], chosen: str) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            label,
            sum(kind in group.kinds for group in found),
            kind == chosen,
            "/alerts" if kind == chosen else f"/alerts?show={kind}",
        )
        for kind, label in _FILTERS
    )


def _last_hour(asked: Asked) -> tuple[tuple[FunnelStep, ...], str]:
    """What became of what came in, step by step and in a sentence."""
    hour = alerts.last_hour(asked.connection, asked.actor, asked.now)
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


SCREEN = Screen("/alerts", "alerts", "alerts.html", load, ("alerts/body.html",))
