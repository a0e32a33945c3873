"""What people answer to a page: I have it, not now, somebody else, it is over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from tocsin.engine.deliveries import cancel_waiting
from tocsin.engine.work import Job
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity import audit
from tocsin.identity.actor import Actor, Right
from tocsin.identity.visibility import visible_by_incident
from tocsin.paging import page as rules
from tocsin.paging.page import LogRow, WithdrawPage
from tocsin.paging.queries.people import name_of
from tocsin.paging.usecases.climbing import begin_again, climb
from tocsin.paging.usecases.ledger import as_page, cause_of, change, lock_live, lock_page, settle, write_log
from tocsin.paging.usecases.telling import tell_over
from tocsin.store.tables.paging import page_log, pages


@dataclass(frozen=True)
class Acknowledged:
    """Who has the page. `yours`: it is you. `sentence` is ready to be shown."""

    page_id: str
    yours: bool
    by: str
    by_name: str
    at: datetime
    via: str
    sentence: str


def acknowledge_page(connection: Connection, actor: Actor, page_id: str, now: datetime, *, via: str) -> Acknowledged:
    """Take the page. If somebody was faster, the answer says who, and the actor is recorded as also there.

    `via` is the face (web, link, api, cli, chat). Raises NotFound; Conflict once the page has ended.
    """
    actor.require(Right.RESPONDER, "pages")
    row = live_page(connection, actor, page_id)
    me = actor.person_id or actor.id
    row = take(connection, row, me, via, now)
    if row.acknowledged_by != me and not _is_there(connection, row, me):
        write_log(connection, row, LogRow("also", person=me, method=via), now)
    yours = row.acknowledged_by == me
    name = actor.name if yours else name_of(connection, row.acknowledged_by)
    return Acknowledged(
        page_id=row.id,
        yours=yours,
        by=row.acknowledged_by,
        by_name=name,
        at=row.acknowledged_at,
        via=row.acknowledged_via,
        sentence="You have it." if yours else f"{name} has it already; you are recorded as there too.",
    )


def take(connection: Connection, row: Row[Any], me: str, via: str, now: datetime) -> Row[Any]:
    """Give the page to a person if nobody has it; the row as it is then, locked."""
    won = connection.execute(
        update(pages)
        .where(pages.c.id == row.id, pages.c.state == "open")
        .values(state="acknowledged", acknowledged_at=now, acknowledged_by=me, acknowledged_via=via)
    ).rowcount
    row = lock_page(connection, row.id)
    if won:
        cancel_waiting(connection, "page", row.id, "acknowledged", now)
        write_log(connection, row, LogRow("acknowledged", person=me, method=via), now)
        settle(connection, row, now)
        if row.helps_with is not None:
            write_log(connection, lock_page(connection, row.helps_with), LogRow("joined", person=me), now)
    return row


def snooze_page(
    connection: Connection, actor: Actor, page_id: str, until: datetime, now: datetime, *, reason: str = ""
) -> None:
    """Keep a page quiet until an instant (at most 7 days on); then, if it still stands, it begins again at step 1.

    Raises Invalid for a time that is past or too far, NotFound, Conflict once the page has ended.
    """
    actor.require(Right.RESPONDER, "pages")
    if until <= now:
        raise Invalid("a snooze ends in the future", "until")
    if until - now > rules.LONGEST_SNOOZE:
        raise Invalid("a snooze lasts at most 7 days; silence the alert instead", "until")
    row = live_page(connection, actor, page_id)
    by = actor.person_id or actor.id
    row = change(connection, row, snoozed_until=until, snoozed_by=by)
    cancel_waiting(connection, "page", row.id, "snoozed", now)
    text = f"until {until:%Y-%m-%d %H:%M} UTC" + (f": {reason.strip()}" if reason.strip() else "")
    write_log(connection, row, LogRow("snoozed", person=by, text=text, more={"until": until.isoformat()}), now)
    settle(connection, row, now)


def pass_on_page(connection: Connection, actor: Actor, page_id: str, now: datetime, *, reason: str = "") -> None:
    """Give the page to the next step at once; an acknowledged page is open again. NotFound, Conflict once ended."""
    actor.require(Right.RESPONDER, "pages")
    row = live_page(connection, actor, page_id)
    cancel_waiting(connection, "page", row.id, "passed on", now)
    row = change(
        connection,
        row,
        state="open",
        urgency="page",
        acknowledged_at=None,
        acknowledged_by=None,
        acknowledged_via=None,
        snoozed_until=None,
        snoozed_by=None,
    )
    write_log(connection, row, LogRow("passed_on", person=actor.person_id or actor.id, text=reason.strip()), now)
    row = climb(connection, row, now)
    settle(connection, row, now)


def note_on_page(connection: Connection, actor: Actor, page_id: str, text: str, now: datetime) -> None:
    """Write down what was found. A note after the acknowledgement keeps the page from beginning again."""
    actor.require(Right.RESPONDER, "pages")
    if not text.strip():
        raise Invalid("a note says something", "text")
    row = live_page(connection, actor, page_id)
    write_log(connection, row, LogRow("noted", person=actor.person_id or actor.id, text=text.strip()[:4000]), now)
    settle(connection, row, now)


def end_page(connection: Connection, actor: Actor, page_id: str, reason: str, now: datetime) -> None:
    """An operator ends a page whose cause may still stand; everybody who was paged is told. Needs a reason."""
    actor.require(Right.RESPONDER, "pages")
    if not reason.strip():
        raise Invalid("say why the page may end", "reason")
    row = live_page(connection, actor, page_id)
    by = actor.person_id or actor.id
    end_locked(connection, row, reason.strip(), now, by=by)
    audit.record(connection, actor, "end page", row.id, {}, now, incident_id=row.incident_id)


def end_locked(
    connection: Connection,
    row: Row[Any],
    why: str,
    now: datetime,
    *,
    by: str | None = None,
    but_not: str | None = None,
) -> None:
    """End a locked page: nothing more is sent about it but that it is over, and that not to `but_not`."""
    row = change(connection, row, state="ended", ended_at=now, ended_by=by, ended_why=why)
    cancel_waiting(connection, "page", row.id, "over", now)
    write_log(connection, row, LogRow("ended", person=by, text=why), now)
    tell_over(connection, row, now, but_not=but_not)
    settle(connection, row, now)
    for helping in _asked_to_help(connection, row.id):
        end_locked(connection, lock_page(connection, helping), "what help was asked for is over", now)


def withdraw_page(connection: Connection, subject_kind: str, subject_id: str, why: str, now: datetime) -> bool:
    """End the subject's page because its cause is gone; False if it has none. Also owed as task `withdraw_page`."""
    row = lock_live(connection, subject_kind, subject_id)
    if row is None:
        return False
    end_locked(connection, row, why, now)
    return True


def handle_withdraw_page(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `withdraw_page`."""
    asked = WithdrawPage.model_validate(dict(job.payload))
    withdraw_page(connection, asked.subject_kind, asked.subject_id, asked.why, now)


def look_after_unattended(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline `page_unattended`: nobody looks after it and it still fires."""
    row = lock_page(connection, job.subject_id)
    if rules.begins_again(as_page(row), cause_of(connection, row, now), now):
        row = begin_again(connection, row, "acknowledged 30 minutes ago, and nothing was done about it", now)
    settle(connection, row, now)


def end_snooze(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline `page_snooze_over`."""
    row = lock_page(connection, job.subject_id)
    over = row.state != "ended" and row.snoozed_until is not None and row.snoozed_until <= now
    if over:
        if cause_of(connection, row, now).stands:
            row = begin_again(connection, row, "the snooze is over", now)
        else:
            row = change(connection, row, snoozed_until=None, snoozed_by=None)
    settle(connection, row, now)


def tidy_page(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline `page_tidy`: an acknowledged page that nothing will withdraw ends by itself, quietly."""
    row = lock_page(connection, job.subject_id)
    if row.state == "acknowledged":
        why = "acknowledged a day ago"
        row = change(connection, row, state="ended", ended_at=now, ended_why=why)
        write_log(connection, row, LogRow("ended", text=why), now)
    settle(connection, row, now)


def live_page(connection: Connection, actor: Actor, page_id: str) -> Row[Any]:
    """The page, locked, if the actor may know of it and it has not ended."""
    row = lock_page(connection, page_id)
    visible = select(pages.c.id).where(pages.c.id == page_id, visible_by_incident(actor, pages.c.incident_id))
    if connection.execute(visible).first() is None and not _was_paged(connection, row, actor):
        raise NotFound("there is no such page")
    if row.state == "ended":
        raise Conflict(f"this page is over: {row.ended_why}")
    return row


def _asked_to_help(connection: Connection, page_id: str) -> list[str]:
    """The pages that ask for help with this one and have not ended."""
    theirs = select(pages.c.id).where(pages.c.helps_with == page_id, pages.c.state != "ended")
    return list(connection.execute(theirs.order_by(pages.c.id)).scalars())


def _was_paged(connection: Connection, row: Row[Any], actor: Actor) -> bool:
    """Whoever was paged may answer, member of a restricted incident or not yet."""
    paged = select(page_log.c.id).where(
        page_log.c.page_id == row.id, page_log.c.kind == "step", page_log.c.person_id == actor.person_id
    )
    return actor.person_id is not None and connection.execute(paged.limit(1)).first() is not None


def _is_there(connection: Connection, row: Row[Any], person: str) -> bool:
    there = select(page_log.c.id).where(
        page_log.c.page_id == row.id, page_log.c.kind == "also", page_log.c.person_id == person
    )
    return connection.execute(there.limit(1)).first() is not None
