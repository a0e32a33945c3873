"""A page's row under its lock, its append-only log, and its deadlines."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from tocsin.engine import tasks
from tocsin.engine.deadlines import reconcile
from tocsin.errors import NotFound
from tocsin.ids import new_id
from tocsin.oncall.policy import Rung
from tocsin.organisation.model.policy import Policy
from tocsin.paging import page as rules
from tocsin.paging.page import Cause, LogRow, Page
from tocsin.store.columns import lockable
from tocsin.store.database import announce
from tocsin.store.tables.alerts import groups
from tocsin.store.tables.paging import page_log, pages
from tocsin.store.tables.timeline import incidents

PAGES = "pages"  # the topic of live screens
PAGE_ENTRY = "page_entry"
_OVER = ("resolved", "review", "closed", "cancelled", "merged")


# made once: making a statement costs several times what running it does, and a page that is due waits for each
_PAGE = select(pages).where(pages.c.id == bindparam("page_id"))
_LOCKED = lockable(_PAGE)
_LOCKED_LIVE = lockable(
    select(pages).where(
        pages.c.subject_kind == bindparam("subject_kind"),
        pages.c.subject_id == bindparam("subject_id"),
        pages.c.state != "ended",
    )
)
_CHANGE = update(pages).where(pages.c.id == bindparam("page_id"))
_LAST_SEQ = select(func.max(page_log.c.seq)).where(page_log.c.page_id == bindparam("page_id"))
_APPEND = insert(page_log)
_GROUP = select(groups).where(groups.c.id == bindparam("group_id"))


def lock_page(connection: Connection, page_id: str) -> Row[Any]:
    """The page's row, locked until the transaction ends; NotFound."""
    row = connection.execute(_LOCKED(connection), {"page_id": page_id}).first()
    if row is None:
        raise NotFound("there is no such page")
    return row


def lock_live(connection: Connection, subject_kind: str, subject_id: str) -> Row[Any] | None:
    """The subject's page that has not ended, locked."""
    return connection.execute(
        _LOCKED_LIVE(connection), {"subject_kind": subject_kind, "subject_id": subject_id}
    ).first()


def as_page(row: Row[Any]) -> Page:
    """The row as the rules see it."""
    return Page(
        id=row.id,
        subject_kind=row.subject_kind,
        state=row.state,
        urgency=row.urgency,
        policy=Policy.model_validate(row.policy) if row.policy else None,
        rung=Rung(row.round, row.step),
        reopened=row.reopened,
        last_resort=row.last_resort,
        opened_at=row.opened_at,
        reopened_at=row.reopened_at,
        step_at=row.step_at,
        acknowledged_at=row.acknowledged_at,
        snoozed_until=row.snoozed_until,
    )


def change(connection: Connection, row: Row[Any], **values: Any) -> Row[Any]:
    """Set columns of a locked page and read it again."""
    connection.execute(_CHANGE, {"page_id": row.id, **values})
    return connection.execute(_PAGE, {"page_id": row.id}).one()


def write_log(connection: Connection, row: Row[Any], entry: LogRow, now: datetime) -> int:
    """Append to the log of a locked page; if it belongs to an incident, its timeline is owed a copy. Returns the seq."""
    last = connection.execute(_LAST_SEQ, {"page_id": row.id}).scalar() or 0
    seq = last + 1
    data = dict(entry.more)
    if entry.text:
        data["text"] = entry.text
    connection.execute(
        _APPEND,
        {
            "id": new_id(),
            "page_id": row.id,
            "seq": seq,
            "at": now,
            "kind": entry.kind,
            "person_id": entry.person,
            "method": entry.method,
            "delivery_id": entry.delivery_id,
            "data": data,
        },
    )
    if row.incident_id:
        owe_entry(connection, row.id, seq, row.incident_id, now)
    announce(connection, PAGES)
    return seq


def owe_entry(connection: Connection, page_id: str, seq: int, incident_id: str, now: datetime) -> None:
    """Owe the incident's timeline a copy of one row of the log, once."""
    payload = {"incident_id": incident_id, "page_id": page_id, "log_seq": seq}
    tasks.owe(
        connection, PAGE_ENTRY, "incident", incident_id, payload, now, key=f"page_entry:{incident_id}:{page_id}:{seq}"
    )


def owe_page_entries(connection: Connection, page_id: str, incident_id: str, now: datetime) -> None:
    """Owe the incident's timeline every row that the page's log has so far."""
    for seq in connection.execute(select(page_log.c.seq).where(page_log.c.page_id == page_id).order_by(page_log.c.seq)):
        owe_entry(connection, page_id, seq[0], incident_id, now)


def cause_of(connection: Connection, row: Row[Any], now: datetime) -> Cause:
    """What stands behind the page now."""
    if row.subject_kind != "group":
        return Cause()
    group = connection.execute(_GROUP, {"group_id": row.subject_id}).first()
    if group is None:
        return Cause(stands=False)
    snoozed = is_group_snoozed(group, now)
    return Cause(
        stands=group.state == "open",
        paused=group.state == "closing" or is_quiet(group, now),
        attended=snoozed
        or is_open_incident(connection, group.incident_id or row.incident_id)
        or _is_noted(connection, row),
    )


def is_group_snoozed(group: Row[Any], now: datetime) -> bool:
    """Whether a person snoozed the group until later than now."""
    return group.snoozed_until is not None and group.snoozed_until > now


def is_quiet(group: Row[Any], now: datetime) -> bool:
    """Whether the group may page nobody now: it is snoozed, or a silence covers all that fires."""
    return is_group_snoozed(group, now) or (group.firing > 0 and group.loud == 0)


def settle(connection: Connection, row: Row[Any], now: datetime) -> None:
    """Make the page's deadlines those that its rules want. Every change of a page ends with this."""
    reconcile(connection, "page", row.id, rules.wanted(as_page(row), cause_of(connection, row, now), now), now)
    announce(connection, PAGES)


def is_open_incident(connection: Connection, incident_id: str | None) -> bool:
    """Whether there is such an incident and it is not over."""
    if incident_id is None:
        return False
    phase = connection.execute(select(incidents.c.phase).where(incidents.c.id == incident_id)).scalar()
    return phase is not None and phase not in _OVER


def _is_noted(connection: Connection, row: Row[Any]) -> bool:
    if row.acknowledged_at is None:
        return False
    noted = select(page_log.c.id).where(
        page_log.c.page_id == row.id, page_log.c.kind == "noted", page_log.c.at >= row.acknowledged_at
    )
    return connection.execute(noted.limit(1)).first() is not None
