"""Pages as an actor may see them, one with its log, and what others copy from them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from tocsin.errors import NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.keys import keys_of
from tocsin.identity.visibility import visible_by_incident
from tocsin.oncall.policy import resolve
from tocsin.organisation.model.policy import Policy
from tocsin.paging import links
from tocsin.paging import page as rules
from tocsin.paging.queries import people
from tocsin.paging.queries.views import LogLine, OpenedLink, PageDetail, PageView
from tocsin.store.tables.engine import deadlines
from tocsin.store.tables.paging import page_log, pages

_MOST_LOOKED_AT = 500
HIDDEN = "You are needed in a restricted incident"
_LINK_SCOPES = frozenset({"pages", "incidents:read", "incidents:write"})


def visible_pages(actor: Actor) -> Select[Any]:
    """Every page that the actor may know of: those of incidents they see, and those that paged them."""
    seen = visible_by_incident(actor, pages.c.incident_id)
    statement = select(pages, seen.label("seen"))
    if actor.person_id is None:
        return statement.where(seen)
    return statement.where(or_(seen, pages.c.id.in_(_paging(actor.person_id))))


def pages_list(
    connection: Connection,
    actor: Actor,
    *,
    state: str = "live",
    person: str | None = None,
    incident_id: str | None = None,
    group_id: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[PageView]:
    """Pages, the newest first; `before`: an id, to page on.

    `state`: open, snoozed (open, and quiet until a time), acknowledged, ended, live (not ended) or all.
    """
    actor.require(Right.VIEWER, "pages")
    statement = visible_pages(actor).order_by(pages.c.id.desc()).limit(limit)
    if state == "live":
        statement = statement.where(pages.c.state != "ended")
    elif state in ("open", "snoozed"):
        quiet = pages.c.snoozed_until.is_not(None)
        statement = statement.where(pages.c.state == "open", quiet if state == "snoozed" else ~quiet)
    elif state != "all":
        statement = statement.where(pages.c.state == state)
    if person:
        statement = statement.where(or_(pages.c.id.in_(_paging(person)), pages.c.acknowledged_by == person))
    if incident_id:
        statement = statement.where(pages.c.incident_id == incident_id)
    if group_id:
        statement = statement.where(pages.c.group_id == group_id)
    if before:
        statement = statement.where(pages.c.id < before)
    return _views(connection, connection.execute(statement).all())


def pages_of_schedule(
    connection: Connection, actor: Actor, schedule_id: str, start: datetime, end: datetime, limit: int = 50
) -> list[PageView]:
    """Pages that opened in [start, end) and whose policy names the schedule, the newest first; none of practice."""
    actor.require(Right.VIEWER, "pages")
    statement = visible_pages(actor).where(
        pages.c.opened_at >= start,
        pages.c.opened_at < end,
        pages.c.urgency == "page",
        pages.c.practice.is_(False),
    )
    found = connection.execute(statement.order_by(pages.c.id.desc()).limit(_MOST_LOOKED_AT)).all()
    return _views(connection, [row for row in found if _names(row.policy, schedule_id)][:limit])


def _names(policy: Any, schedule_id: str) -> bool:
    targets = [target for step in policy.get("steps", ()) for target in step.get("page", ())]
    return any(schedule_id in (target.get("schedule"), target.get("next_on_call")) for target in targets)


def pages_for(connection: Connection, actor: Actor) -> list[PageView]:
    """The live pages that paged the actor, the oldest open one first: what rings on their screens."""
    if actor.person_id is None:
        return []
    found = pages_list(connection, actor, person=actor.person_id, limit=200)
    return sorted(found, key=lambda page: (page.state != "open", page.opened_at))


def page_detail(connection: Connection, actor: Actor, page_id: str) -> PageDetail:
    """One page with its log; NotFound also for what the actor may not know of."""
    actor.require(Right.VIEWER, "pages")
    row = connection.execute(visible_pages(actor).where(pages.c.id == page_id)).first()
    if row is None:
        raise NotFound("there is no such page")
    (view,) = _views(connection, [row])
    helpers = () if view.hidden else tuple(helpers_of(connection, actor, page_id))
    return PageDetail(view, () if view.hidden else _log(connection, row), _next_people(connection, row, view), helpers)


def open_link(connection: Connection, token: str) -> OpenedLink:
    """What a link's holder sees; changes nothing. NotFound for a link that is not good."""
    link = links.read_token(keys_of(connection), token)
    row = connection.execute(select(pages).where(pages.c.id == link.page_id)).first()
    if row is None:
        raise NotFound("this page is not kept any more")
    name = people.name_of(connection, link.person_id) if link.person_id else "whoever reads the server's output"
    actor = answering(connection, link.person_id) if row.state != "ended" and link.person_id else None
    (view,) = _views(connection, [row], hidden=row.restricted)
    return OpenedLink(
        page=view,
        log=() if view.hidden else _log(connection, row),
        person_id=link.person_id,
        person_name=name,
        actor=actor,
        next_people=_next_people(connection, row, view),
    )


def answering(connection: Connection, person_id: str) -> Actor | None:
    """The person as who answers to a page by link or message, with no more rights than that; None: they have left."""
    if not people.is_active(connection, person_id):
        return None
    name = people.name_of(connection, person_id)
    return Actor("person", person_id, name, Right.RESPONDER, person_id, _LINK_SCOPES)


def counts(connection: Connection, actor: Actor) -> dict[str, int]:
    """How many pages are open, acknowledged, and open at the last resort, of those that the actor may know of."""
    found = visible_pages(actor).where(pages.c.state != "ended").subquery()
    rows = connection.execute(
        select(found.c.state, found.c.last_resort, func.count()).group_by(found.c.state, found.c.last_resort)
    )
    counted = {"open": 0, "acknowledged": 0, "last_resort": 0}
    for state, last_resort, number in rows:
        counted[state] += number
        if state == "open" and last_resort:
            counted["last_resort"] += number
    return counted


def log_line(connection: Connection, page_id: str, seq: int) -> LogLine | None:
    """One row of a page's log, for the timeline that is owed a copy."""
    row = connection.execute(select(pages).where(pages.c.id == page_id)).first()
    return next((line for line in _log(connection, row, seq)), None) if row else None


def first_paged_at(connection: Connection, group_ids: Sequence[str]) -> datetime | None:
    """When the first page about one of the groups opened; None if none did."""
    opened = select(func.min(pages.c.opened_at)).where(pages.c.group_id.in_(list(group_ids)), pages.c.urgency == "page")
    return connection.execute(opened).scalar()


def page_of_subject(connection: Connection, subject_kind: str, subject_id: str) -> str | None:
    """The id of the subject's page that has not ended."""
    live = select(pages.c.id).where(
        pages.c.subject_kind == subject_kind, pages.c.subject_id == subject_id, pages.c.state != "ended"
    )
    return connection.execute(live).scalar()


def others_were_asked(connection: Connection, page_id: str, person: str | None) -> bool:
    """Whether somebody else was paged by the policy before the last resort was, since the page opened (again)."""
    rows = select(page_log.c.kind, page_log.c.person_id).where(
        page_log.c.page_id == page_id, page_log.c.kind.in_(("step", "last_resort", "reopened"))
    )
    others = False
    for kind, asked in connection.execute(rows.order_by(page_log.c.seq)):
        if kind == "last_resort":
            return others
        others = kind == "step" and (others or asked != person)
    return others


def helpers_of(connection: Connection, actor: Actor, page_id: str) -> list[PageView]:
    """The pages by which others were asked to help with this one, the first first."""
    theirs = visible_pages(actor).where(pages.c.helps_with == page_id).order_by(pages.c.id)
    return _views(connection, connection.execute(theirs).all())


def reminders_of(connection: Connection, incident_id: str) -> list[str]:
    """The subjects of the incident's live pages that remind of something (`INCIDENT_ID:WHAT`)."""
    live = select(pages.c.subject_id).where(
        pages.c.incident_id == incident_id, pages.c.subject_kind == "deadline", pages.c.state != "ended"
    )
    return list(connection.execute(live).scalars())


def pages_of_groups(connection: Connection, actor: Actor, group_ids: Sequence[str]) -> dict[str, PageView]:
    """The last page of each group that has one."""
    statement = visible_pages(actor).where(pages.c.group_id.in_(list(group_ids))).order_by(pages.c.id)
    return {view.group_id or "": view for view in _views(connection, connection.execute(statement).all())}


def _paging(person: str) -> Select[Any]:
    return select(page_log.c.page_id).where(page_log.c.kind == "step", page_log.c.person_id == person)


def _views(connection: Connection, rows: Sequence[Row[Any]], *, hidden: bool | None = None) -> list[PageView]:
    ids = [row.id for row in rows]
    steps = select(page_log.c.page_id, page_log.c.person_id).where(
        page_log.c.page_id.in_(ids), page_log.c.kind == "step"
    )
    paged: dict[str, dict[str, None]] = {}
    for page_id, person in connection.execute(steps.order_by(page_log.c.seq)):
        paged.setdefault(page_id, {})[person] = None
    due = select(deadlines.c.subject_id, deadlines.c.due_at).where(
        deadlines.c.subject_kind == "page",
        deadlines.c.subject_id.in_(ids),
        deadlines.c.kind == rules.STEP,
        deadlines.c.state == "waiting",
    )
    next_at = {row.subject_id: row.due_at for row in connection.execute(due)}
    return [_view(row, tuple(paged.get(row.id, ())), next_at.get(row.id), hidden) for row in rows]


def _view(row: Row[Any], paged: tuple[str, ...], next_at: datetime | None, hidden: bool | None) -> PageView:
    hide = hidden if hidden is not None else not row.seen
    return PageView(
        id=row.id,
        subject_kind=row.subject_kind,
        subject_id=row.id if hide else row.subject_id,  # a role's subject holds the id of its incident
        role=None if hide else rules.role_of(row.subject_kind, row.subject_id),
        title=HIDDEN if hide else row.title,
        detail="" if hide else row.detail,
        urgency=row.urgency,
        severity=None if hide else row.severity,
        services=() if hide else tuple(row.services),
        group_id=None if hide else row.group_id,
        helps_with=row.helps_with,
        incident_id=None if hide else row.incident_id,
        restricted=row.restricted,
        practice=row.practice,
        state=row.state,
        policy_id=None if hide else row.policy_id,
        step=row.step,
        round=row.round,
        reopened=row.reopened,
        last_resort=row.last_resort,
        opened_at=row.opened_at,
        reopened_at=row.reopened_at,
        step_at=row.step_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        acknowledged_via=row.acknowledged_via,
        snoozed_until=row.snoozed_until,
        snoozed_by=row.snoozed_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        ended_why=None if hide else row.ended_why,
        hidden=hide,
        paged=paged,
        next_at=next_at,
    )


def _log(connection: Connection, row: Row[Any], seq: int | None = None) -> tuple[LogLine, ...]:
    statement = select(page_log).where(page_log.c.page_id == row.id).order_by(page_log.c.seq)
    if seq is not None:
        statement = statement.where(page_log.c.seq == seq)
    return tuple(
        LogLine(
            page_id=row.id,
            seq=line.seq,
            at=line.at,
            event=line.kind,
            purpose=row.subject_kind,
            role=rules.role_of(row.subject_kind, row.subject_id),
            person=line.person_id,
            method=line.method,
            text=line.data.get("text"),
            more={name: value for name, value in line.data.items() if name != "text"},
        )
        for line in connection.execute(statement)
    )


def _next_people(connection: Connection, row: Row[Any], view: PageView) -> tuple[str, ...]:
    """Whom the next step would page if the present people on call still are it then."""
    from tocsin.paging.usecases.ledger import as_page  # late: the ledger needs these queries

    if view.next_at is None:
        return ()
    page = as_page(row)
    step = rules.next_step(page)
    if step.last_resort or not isinstance(page.policy, Policy):
        return people.last_resort(connection)
    asked = page.policy.steps[step.rung.step]
    return resolve(asked, people.directory(connection), view.next_at, row.severity, page.policy.fallback).people
