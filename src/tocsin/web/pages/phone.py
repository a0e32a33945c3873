"""A page as its person sees it on a phone: from the signed link, or signed in."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from tocsin.alerts.queries import board as alerts
from tocsin.identity.actor import SYSTEM
from tocsin.incidents.queries import heads as incidents
from tocsin.paging.queries import PageView, others_were_asked
from tocsin.paging.queries.together import told_with
from tocsin.runbook.bundle import default_bundle
from tocsin.triage.queries import changes_before
from tocsin.web import format as say
from tocsin.web.forms.incidents import severity_choices
from tocsin.web.reading.people import names
from tocsin.web.views.common import Clock
from tocsin.web.views.phone import PhonePage

_SUGGEST = {"critical": "2", "error": "2", "warning": "3", "info": "3"}
_FIVE = timedelta(minutes=5)


def phone_page(
    connection: Connection,
    page: PageView,
    next_people: Sequence[str],
    person_id: str,
    name: str,
    action: str,
    now: datetime,
    *,
    csrf: str = "",
    refused: str = "",
    may_act: bool = True,
) -> PhonePage:
    """The page's view model. A restricted page shows next to nothing."""
    known = names(connection)
    mine = page.state == "acknowledged" and page.acknowledged_by == person_id
    opened = page.reopened_at or page.opened_at
    following = [known.of(person) for person in next_people if person != person_id]
    severity = page.severity or "critical"
    group = alerts.group_of(connection, SYSTEM, page.group_id) if page.group_id and not page.hidden else None
    stays = _over_at(group)
    declares = group is not None and not stays and page.incident_id is None
    over = f"{say.listed(following)} will not be paged." if following else "Nobody else will be paged."
    return PhonePage(
        title="You are needed in a restricted incident" if page.hidden else page.title,
        who=name.split(" ", maxsplit=1)[0],
        state="ended"
        if page.state == "ended"
        else ("open" if page.state == "open" else ("yours" if mine else "theirs")),
        action=action,
        fact=f"Nothing of it fires any more. If it stays so, it is over at {stays} UTC."
        if stays
        else ("" if page.hidden else _fact(connection, page)),
        marks=() if page.hidden else _marks(connection, page, person_id, now),
        next_clock=Clock("Next", page.next_at, "down", start=opened) if page.next_at and page.state == "open" else None,
        next_words=(
            f"{say.listed(following)} {'is' if len(following) == 1 else 'are'} paged too in"
            if following
            else "You are paged again in"
        )
        if page.state == "open"
        else over,
        pass_to=following[0].split(" ", maxsplit=1)[0] if following else "",
        took=say.duration(page.acknowledged_at - opened) if page.acknowledged_at else "",
        holder=known.of(page.acknowledged_by) if page.acknowledged_by else "",
        held_at=page.acknowledged_at,
        ended_why=say.sentence(page.ended_why or ""),
        severities=severity_choices(default_bundle()),
        suggested=_SUGGEST.get(severity, "2"),
        suggestion=f"Suggested: the alert says {severity}",
        five=Clock("First five minutes", page.opened_at + _FIVE, "down", start=page.opened_at) if declares else None,
        may_declare=declares,
        may_act=may_act,
        group=declares,
        others=tuple(title for _, title in told_with(connection, page.id, person_id, taken=mine)),
        helps=page.helps_with is not None,
        incident=incidents.number_of(connection, page.incident_id) if page.incident_id and not page.hidden else 0,
        declares="Choosing declares the incident, opens the room and the channel, and pages the incident commander on call.",
        csrf=csrf,
        refused=refused,
    )


def _over_at(group: Row[Any] | None) -> str:
    """When it is over for good, if nothing of the group fires again; '' while something does."""
    if group is None or group.state != "closing":
        return ""
    return say.time_of(group.resolved_at + timedelta(seconds=group.flap_seconds))


def _fact(connection: Connection, page: PageView) -> str:
    """What the alert itself says, else why there is a page."""
    newest = alerts.members(connection, [page.group_id], 1)[page.group_id] if page.group_id else []
    said = newest[0].annotations if newest else {}
    words = (said.get("description", ""), said.get("summary", ""), page.detail)
    first = (text.strip().splitlines()[0] for text in words if text and text.strip())
    return next((line[:200] for line in first if line.rstrip(".") != page.title.rstrip(".")), "")


def _last_change(connection: Connection, page: PageView) -> tuple[str, str, str] | None:
    """The newest change of the page's services or of what they stand on, in the two hours before."""
    found = changes_before(connection, page.services, page.opened_at)
    if not found:
        return None
    change = max((each.change for each in found), key=lambda change: change.happened_at)
    what = " ".join(filter(None, (change.service, change.version)))
    went = {"deploy": "went live", "rollback": "was rolled back", "flag": "was turned"}.get(change.kind, "changed")
    return ("rocket", what, f"{went} {say.coarse(page.opened_at - change.happened_at)} before this page")


def _marks(connection: Connection, page: PageView, person_id: str, now: datetime) -> tuple[tuple[str, str, str], ...]:
    found = []
    if change := _last_change(connection, page):
        found.append(change)
    group = alerts.group_of(connection, SYSTEM, page.group_id) if page.group_id else None
    if group is not None:
        found.append(("bell", group.title, f", {say.figure(group.total, 'alert')} in one page"))
        found.append(("right", "", say.sentence(group.why)))
    if page.services:
        found.append(("boxes", say.listed(names(connection).of(service) for service in page.services), ""))
    waiting = say.duration(now - (page.reopened_at or page.opened_at))
    found.append(
        ("people", "", f"Waiting for {waiting}. {'Nobody has it yet.' if page.state == 'open' else ''}".strip())
    )
    if page.last_resort and others_were_asked(connection, page.id, person_id):
        found.append(("warn", "", "Nobody before you acknowledged: you are the last resort."))
    return tuple(found)
