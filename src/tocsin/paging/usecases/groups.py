"""Groups of alerts and their pages: what a group needs now, and which incident its pages belong to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select

from tocsin.alerts.alert import UNHEARD
from tocsin.engine.deliveries import cancel_waiting
from tocsin.engine.work import Job
from tocsin.paging import page as rules
from tocsin.paging.page import GroupNow, LogRow, OpenPage
from tocsin.paging.queries.people import name_of
from tocsin.paging.usecases.answering import end_locked, take
from tocsin.paging.usecases.climbing import begin_again
from tocsin.paging.usecases.ledger import (
    as_page,
    change,
    is_group_snoozed,
    is_open_incident,
    is_quiet,
    lock_live,
    lock_page,
    owe_page_entries,
    settle,
    write_log,
)
from tocsin.paging.usecases.opening import open_page
from tocsin.runbook.durations import say_duration
from tocsin.store.columns import lockable
from tocsin.store.tables.alerts import groups
from tocsin.store.tables.paging import page_log, pages
from tocsin.store.tables.timeline import incidents

LOOK = "look_at_group"
_LOCKED = lockable(select(groups).where(groups.c.id == bindparam("group_id")))
_ENDED = select(pages.c.worse_seen).where(pages.c.group_id == bindparam("group_id"), pages.c.state == "ended")


def look_at_group(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `look_at_group`: raises, reopens, pauses, goes on with or withdraws the group's page."""
    look_at(connection, job.subject_id, now)


def look_at(connection: Connection, group_id: str, now: datetime) -> None:
    """See what the group needs now and do it; done twice it does nothing more."""
    group = connection.execute(_LOCKED(connection), {"group_id": group_id}).first()
    if group is None:
        return
    row = lock_live(connection, "group", group.id)
    before = list(connection.execute(_ENDED, {"group_id": group_id}).scalars())
    in_incident, quiet = is_open_incident(connection, group.incident_id), is_quiet(group, now)
    verdict = rules.judge(
        GroupNow(group.state, group.urgency, group.worse, in_incident, quiet, _why_over(connection, group)),
        as_page(row) if row else None,
        row.worse_seen if row else max(before, default=0),
        ended_before=bool(before),
    )
    match verdict.do:
        case "withdraw" if row:
            end_locked(connection, row, verdict.sentence, now)
        case "raise":
            _raise(connection, group, now)
        case "reopen" if row:
            row = _follow(connection, row, group, now)
            settle(connection, begin_again(connection, row, verdict.sentence, now), now)
        case "keep" if row:
            row = _follow(connection, row, group, now)
            _note_pause(connection, row, group, now)
            row = _taken_by_who_called_it_over(connection, row, group, now)
            if quiet:
                cancel_waiting(connection, "page", row.id, "quiet", now)
            settle(connection, row, now)


def link_pages_to_incident(
    connection: Connection, group_ids: Sequence[str], incident_id: str, restricted: bool, practice: bool, now: datetime
) -> None:
    """The groups belong to the incident: so do their pages, whose logs, then and later, its timeline is owed.

    Called by `incidents` with the head locked, on declare and when groups join or leave a restriction changes.
    """
    of_groups = select(pages.c.id).where(pages.c.group_id.in_(list(group_ids)))
    wanted = or_(pages.c.id.in_(of_groups), pages.c.helps_with.in_(of_groups))
    ids = connection.execute(select(pages.c.id).where(wanted).order_by(pages.c.id))
    for page_id in ids.scalars().all():
        link_page(connection, page_id, incident_id, restricted, practice, now)


def link_page(
    connection: Connection, page_id: str, incident_id: str, restricted: bool, practice: bool, now: datetime
) -> None:
    """One page belongs to the incident from now on."""
    row = lock_page(connection, page_id)
    row = change(connection, row, incident_id=incident_id, restricted=restricted, practice=practice)
    owe_page_entries(connection, row.id, incident_id, now)
    settle(connection, row, now)


def _raise(connection: Connection, group: Row[Any], now: datetime) -> None:
    incident = _incident(connection, group.incident_id)
    page_id = open_page(
        connection,
        OpenPage(
            subject_kind="group",
            subject_id=group.id,
            title=group.title,
            detail=_detail(group),
            urgency=group.urgency,
            severity=group.severity,
            services=tuple(group.services),
            policy=group.policy_id,
            incident_id=incident.id if incident else None,
            restricted=bool(incident and incident.restricted),
            practice=bool(incident and incident.practice),
        ),
        now,
    )
    change(connection, lock_page(connection, page_id), worse_seen=group.worse)


def _follow(connection: Connection, row: Row[Any], group: Row[Any], now: datetime) -> Row[Any]:
    """The page says what its group says now; from then on it may climb where it only notified."""
    more_urgent = row.urgency == "notify" and group.urgency == "page"
    if more_urgent:
        write_log(connection, row, LogRow("urgent", text="it pages now"), now)
    again = {"step_at": None, "reopened": row.reopened + 1, "reopened_at": now} if more_urgent else {}
    return change(
        connection,
        row,
        title=group.title,
        detail=_detail(group),
        severity=group.severity,
        services=list(group.services),
        urgency="page" if more_urgent else row.urgency,
        worse_seen=group.worse,
        **again,
    )


def _note_pause(connection: Connection, row: Row[Any], group: Row[Any], now: datetime) -> None:
    """Write down when the page stops climbing and when it goes on."""
    if row.state != "open":
        return
    last = connection.execute(
        select(page_log.c.kind)
        .where(page_log.c.page_id == row.id, page_log.c.kind.in_(("paused", "resumed")))
        .order_by(page_log.c.seq.desc())
    ).scalar()
    why = None
    if is_group_snoozed(group, now):
        why = f"its group is snoozed until {group.snoozed_until:%Y-%m-%d %H:%M} UTC"
    elif is_quiet(group, now):
        why = "a silence covers all that fires"
    elif group.state == "closing":
        why = f"{_why_over(connection, group)}; waiting whether that stays so"
    if why and last != "paused":
        write_log(connection, row, LogRow("paused", text=why), now)
    elif not why and last == "paused":
        write_log(connection, row, LogRow("resumed", text="it fires again"), now)


def _why_over(connection: Connection, group: Row[Any]) -> str:
    if group.resolved_by is None:
        return "its alerts are resolved"
    if group.resolved_by == UNHEARD:
        return f"nothing was heard of its alerts for {say_duration(timedelta(seconds=group.resolve_seconds))}"
    return f"{name_of(connection, group.resolved_by)} called its alerts over"


def _taken_by_who_called_it_over(connection: Connection, row: Row[Any], group: Row[Any], now: datetime) -> Row[Any]:
    """Should it fire again after all, it is with them, and pages nobody anew."""
    if group.state != "closing" or group.resolved_by in (None, UNHEARD) or row.state != "open":
        return row
    return take(connection, row, group.resolved_by, "resolving", now)


def _detail(group: Row[Any]) -> str:
    firing = f"{group.firing} of {group.total} alerts firing." if group.total > 1 else ""
    return " ".join(filter(None, (firing, group.why)))


def _incident(connection: Connection, incident_id: str | None) -> Row[Any] | None:
    if incident_id is None:
        return None
    return connection.execute(select(incidents).where(incidents.c.id == incident_id)).first()
