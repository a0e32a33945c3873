"""A page as its person sees it on a phone: from the signed link, or signed in."""

from datetime import datetime, timedelta

from typing import Any

from sqlalchemy import Connection, Row

from tocsin.organisation.queries import everything
from tocsin.runbook.bundle import default_bundle
from tocsin.web import format as say
from tocsin.web.forms.incidents import severity_choices
from tocsin.web.reading import alerts, pages
from tocsin.web.views.common import Clock
from tocsin.web.views.phone import PhonePage

_SUGGEST = {"critical": "2", "error": "2", "warning": "3", "info": "3"}


def phone_page(
    connection: Connection, row: Row[Any], person_id: str, name: str, action: str, now: datetime, *, csrf: str = "", refused: str = ""
) -> PhonePage:
    """The page's view model. A restricted page shows next to nothing."""
    row_title, restricted = str(row.title), bool(row.restricted)
    state = row.state
    mine = state == "acknowledged" and row.acknowledged_by == person_id
    known = everything(connection).people
    holder = known[row.acknowledged_by].name if row.acknowledged_by in known else (row.acknowledged_by or "")
    group = alerts_of(connection, row) if not restricted else None
    next_at = pages.next_step_at(connection, row.id) if state == "open" else None
    opened = row.reopened_at or row.opened_at
    took = say.duration(row.acknowledged_at - opened) if row.acknowledged_at else ""
    five = Clock("First five minutes", row.opened_at + timedelta(minutes=5), "down", start=row.opened_at)
    incident = incident_number(connection, row.incident_id)
    severity = row.severity or "critical"
    return PhonePage(
        title="You are needed in a restricted incident" if restricted else row_title,
        who=name.split(" ", maxsplit=1)[0],
        state="ended" if state == "ended" else ("open" if state == "open" else ("yours" if mine else "theirs")),
        action=action,
        fact="" if restricted else str(row.detail).splitlines()[0][:200] if row.detail else "",
        marks=() if restricted else _marks(row, group, now),
        next_clock=Clock("Next", next_at, "down", start=opened) if next_at else None,
        next_words="The next step pages further people in" if state == "open" else "Nobody else will be paged.",
        took=took,
        holder=holder,
        held_at=row.acknowledged_at,
        ended_why=say.sentence(row.ended_why or ""),
        severities=severity_choices(default_bundle()),
        suggested=_SUGGEST.get(severity, "2"),
        suggestion=f"Suggested: the alert says {severity}",
        five=five if row.group_id else None,
        may_declare=row.group_id is not None and not restricted,
        group=row.group_id is not None,
        incident=incident,
        declares="Choosing declares the incident, opens the room and the channel, and pages the incident commander on call.",
        csrf=csrf,
        refused=refused,
    )


def alerts_of(connection: Connection, row: Row[Any]) -> Row[Any] | None:
    """The group that the page is about."""
    from tocsin.identity.actor import SYSTEM

    return alerts.group_of(connection, SYSTEM, row.group_id) if row.group_id else None


def incident_number(connection: Connection, incident_id: str | None) -> int:
    """The incident's number, 0 without one."""
    from sqlalchemy import select

    from tocsin.store.tables.timeline import incidents

    if incident_id is None:
        return 0
    return int(connection.execute(select(incidents.c.number).where(incidents.c.id == incident_id)).scalar() or 0)


def _marks(row: Row[Any], group: Row[Any] | None, now: datetime) -> tuple[tuple[str, str, str], ...]:
    found = []
    if group is not None:
        found.append(("bell", group.title, f", {say.figure(group.total, 'alert')} in one page"))
    if row.services:
        found.append(("boxes", say.listed(row.services), ""))
    waiting = say.duration(now - (row.reopened_at or row.opened_at))
    held = row.state == "open"
    found.append(("people", "", f"Waiting for {waiting}. {'Nobody has it yet.' if held else ''}".strip()))
    if row.last_resort:
        found.append(("warn", "", "Nobody before you acknowledged: you are the last resort."))
    return tuple(found)
