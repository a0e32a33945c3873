"""A page in other hands: given to somebody else, or more people asked to help with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.engine.deliveries import cancel_waiting, send_later
from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import Actor, Right
from tocsin.organisation.queries import everything
from tocsin.paging import methods
from tocsin.paging import page as rules
from tocsin.paging.page import LogRow, OpenPage
from tocsin.paging.queries import people
from tocsin.paging.queries.simulating import called, whom
from tocsin.paging.usecases.answering import end_locked, live_page
from tocsin.paging.usecases.climbing import begin_again
from tocsin.paging.usecases.ledger import change, lock_page, settle, write_log
from tocsin.paging.usecases.opening import open_page
from tocsin.paging.usecases.telling import ways_that_reached
from tocsin.store.tables.paging import page_log

MOST_ASKED = 20
_LONGEST = 2000


def reassign_page(
    connection: Connection, actor: Actor, page_id: str, to: str, now: datetime, *, reason: str = ""
) -> None:
    """Give the page to others, who are paged at once and must acknowledge it; whoever had it is told so.

    `to` is a person, schedule, team, service or policy. Who is named comes first, then the page's policy as it is now;
    a policy (or what has one) takes the place of the page's own. Raises Invalid for a name that is not known, NotFound,
    Conflict once the page has ended.
    """
    actor.require(Right.RESPONDER, "pages")
    organisation = everything(connection)
    targets, policy_id = whom(organisation, to)
    row = live_page(connection, actor, page_id)
    former = _who_has_it(connection, row)
    policy_id, policy = people.policy_of(connection, policy_id or row.policy_id)
    ladder = rules.ladder(targets, policy)
    cancel_waiting(connection, "page", row.id, "reassigned", now)
    row = change(
        connection,
        row,
        policy_id=policy_id,
        policy=ladder.model_dump(mode="json") if ladder else {},
        urgency="page",
    )
    name = called(organisation, to)
    said = f"to {name}" + (f": {reason.strip()[:_LONGEST]}" if reason.strip() else "")
    by = actor.person_id or actor.id
    write_log(connection, row, LogRow("reassigned", person=by, text=said, more={"to": to}), now)
    row = begin_again(connection, row, f"it was given to {name}", now)
    for person in former:
        if person not in (to, by):
            _tell_passed(connection, row, person, f"{actor.name} gave it to {name}", now)
    settle(connection, row, now)


def ask_to_help(
    connection: Connection, actor: Actor, page_id: str, to: Sequence[str], now: datetime, *, text: str = ""
) -> list[str]:
    """Page more people about the same: one page for each of `to` (as for `reassign_page`), until they answer.

    Who has the page keeps it. Asking again whom this page has asked already is the same page. Returns their ids.
    Raises Invalid, NotFound, Conflict once the page has ended.
    """
    actor.require(Right.RESPONDER, "pages")
    asked = list(dict.fromkeys(to))
    if not asked:
        raise Invalid("name who should help: a person, a schedule, a team, a service or a policy", "to")
    if len(asked) > MOST_ASKED:
        raise Invalid(f"at most {MOST_ASKED} at once", "to")
    organisation = everything(connection)
    named = [(each, *whom(organisation, each)) for each in asked]
    row = live_page(connection, actor, page_id)
    if row.helps_with is not None:
        raise Conflict("this is a request for help itself; ask on the page that it is for")
    wish = text.strip()[:_LONGEST]
    opened = []
    for name, targets, policy_id in named:
        helping = OpenPage(
            subject_kind="help",
            subject_id=f"{row.id}:{name}",
            title=row.title,
            detail=" ".join(filter(None, (f"{actor.name} asks you to help.", wish, row.detail))),
            severity=row.severity,
            services=tuple(row.services),
            to=targets,
            policy=policy_id,
            helps_with=row.id,
            incident_id=row.incident_id,
            restricted=row.restricted,
            practice=row.practice,
        )
        opened.append(open_page(connection, helping, now, by=actor))
        said = f"{called(organisation, name)} to help" + (f": {wish}" if wish else "")
        write_log(connection, row, LogRow("asked", person=actor.person_id or actor.id, text=said), now)
    return opened


def decline_page(connection: Connection, actor: Actor, page_id: str, now: datetime, *, reason: str = "") -> None:
    """Say that one can't help; nobody else is asked in one's place. Conflict for a page that is no request for help."""
    actor.require(Right.RESPONDER, "pages")
    row = live_page(connection, actor, page_id)
    if row.helps_with is None:
        raise Conflict("only a request for help can be declined; pass this page on, or give it to somebody")
    me, why = actor.person_id or actor.id, reason.strip()[:_LONGEST]
    said = f"{actor.name} can't help" + (f": {why}" if why else "")
    end_locked(connection, row, said, now, by=me, but_not=me)
    whole = lock_page(connection, row.helps_with)
    write_log(connection, whole, LogRow("declined", person=me, text=why or None), now)


def _who_has_it(connection: Connection, row: Row[Any]) -> list[str]:
    """Who acknowledged it, or whoever it was trying to reach since it opened (again)."""
    if row.acknowledged_by is not None:
        return [row.acknowledged_by]
    since = row.reopened_at or row.opened_at
    rung = select(page_log.c.person_id).where(
        page_log.c.page_id == row.id, page_log.c.kind == "step", page_log.c.at >= since
    )
    return list(dict.fromkeys(connection.execute(rung.order_by(page_log.c.seq)).scalars()))


def _tell_passed(connection: Connection, row: Row[Any], person: str, why: str, now: datetime) -> None:
    """By each method that reached them; once for each time that the page changes hands."""
    for method_id, way in ways_that_reached(connection, row, person):
        send_later(
            connection,
            lane=methods.lane_of(way),
            kind="page_passed",
            subject_kind="page",
            subject_id=row.id,
            idempotency_key=f"passed:{row.id}:{row.reopened}:{person}:{method_id}",
            payload={"person": person, "method_id": method_id, "kind": way, "why": why},
            on_unknown="resend",
            now=now,
        )


__all__ = ["MOST_ASKED", "ask_to_help", "decline_page", "reassign_page"]
