"""Opening pages: asked for by another stage, by a person by hand, or by Tocsin about itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from tocsin.engine.work import Job
from tocsin.errors import Invalid
from tocsin.identity.actor import Actor, Right
from tocsin.ids import new_id
from tocsin.organisation.model.fields import Target
from tocsin.paging import page as rules
from tocsin.paging.page import LogRow, OpenPage
from tocsin.paging.queries import people
from tocsin.paging.usecases.climbing import begin_again, page_the_last_resort
from tocsin.paging.usecases.ledger import as_page, change, lock_live, settle, write_log
from tocsin.store.columns import insert_or_ignore
from tocsin.store.tables.paging import page_log, pages

STUCK = ("tocsin", "stuck")


def open_page(connection: Connection, asked: OpenPage, now: datetime, *, by: Actor | None = None) -> str:
    """Open a page, or find the one of the same subject that has not ended; returns its id.

    Its first step is a deadline that is due at once. May be called by a later stage in its own transaction, or owed as
    the task `open_page` with the model's JSON as payload.
    """
    policy_id, policy = people.policy_of(connection, asked.policy)
    page_id = new_id()
    row, new = _insert(
        connection,
        {
            "id": page_id,
            "subject_kind": asked.subject_kind,
            "subject_id": asked.subject_id or page_id,
            "title": asked.title,
            "detail": asked.detail,
            "urgency": asked.urgency,
            "severity": asked.severity,
            "services": list(asked.services),
            "group_id": asked.subject_id if asked.subject_kind == "group" else None,
            "helps_with": asked.helps_with,
            "incident_id": asked.incident_id,
            "restricted": asked.restricted,
            "practice": asked.practice,
            "policy_id": policy_id,
        },
        rules.ladder(asked.to, policy),
        now,
    )
    if new:
        person = by.person_id if by else None
        write_log(connection, row, LogRow("opened", person=person, text=asked.title), now)
        settle(connection, row, now)
    return str(row.id)


def handle_open_page(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `open_page`."""
    open_page(connection, OpenPage.model_validate(dict(job.payload)), now)


def page_person(
    connection: Connection,
    actor: Actor,
    to: tuple[Target, ...],
    title: str,
    now: datetime,
    *,
    detail: str = "",
    policy: str | None = None,
    incident_id: str | None = None,
    restricted: bool = False,
    practice: bool = False,
) -> str:
    """Page people by hand: a page that is its own subject. Without `to`, by the policy. Returns the page's id.

    For a page in an incident go through the incident, which knows whether it is restricted. Invalid for empty text,
    unknown people and the like.
    """
    actor.require(Right.RESPONDER, "pages")
    if not title.strip():
        raise Invalid("say in a few words what the page is about", "text")
    if not to and not policy:
        raise Invalid("name whom to page: a person, a schedule, a team or a policy", "to")
    directory = people.directory(connection)
    for place, target in enumerate(to):
        known = {"person": directory.active, "team": directory.teams}.get(target.kind, directory.schedules)
        if target.id not in known:
            raise Invalid(f"there is no active {target}; see the list of people, schedules and teams", f"to.{place}")
    if policy and people.policy_of(connection, policy)[0] != policy:
        raise Invalid(f"there is no policy '{policy}'", "to")
    asked = OpenPage(
        subject_kind="person",
        title=title.strip(),
        detail="\n".join(filter(None, (detail.strip(), f"{actor.name} asks for you."))),
        to=to,
        policy=policy,
        incident_id=incident_id,
        restricted=restricted,
        practice=practice,
    )
    return open_page(connection, asked, now, by=actor)


def page_last_resort(connection: Connection, what: str, now: datetime) -> None:
    """Page the last resort because Tocsin itself can't do something; what is stuck together is one page.

    Needs no runbook, no policy and no handler: the deliveries are written here and now. `what` is a sentence. Called
    again for the same or other stuck work, it adds to the page; one acknowledged 30 min ago begins again.
    """
    row, new = _insert(
        connection,
        {
            "id": new_id(),
            "subject_kind": STUCK[0],
            "subject_id": STUCK[1],
            "title": "Tocsin can't do something that it must",
            "detail": what,
            "urgency": "page",
            "severity": "critical",
            "services": [],
        },
        None,
        now,
    )
    told = select(page_log.c.data).where(page_log.c.page_id == row.id, page_log.c.kind.in_(("opened", "stuck")))
    if new:
        write_log(connection, row, LogRow("opened", text=what), now)
    elif what not in (data.get("text") for data in connection.execute(told).scalars()):
        row = change(connection, row, detail=f"{row.detail}\n{what}"[:4000])
        write_log(connection, row, LogRow("stuck", text=what), now)
    again = row.state == "acknowledged" and now - row.acknowledged_at >= rules.UNATTENDED_AFTER
    if again:
        row = begin_again(connection, row, "something is stuck still", now)
    if new or again:
        row = page_the_last_resort(connection, row, rules.begin(as_page(row)), now)
    settle(connection, row, now)


def _insert(connection: Connection, values: dict[str, Any], ladder: Any, now: datetime) -> tuple[Row[Any], bool]:
    """Insert under the unique index of live pages; the live page, locked, and whether it is this one."""
    defaults = {
        "state": "open",
        "policy": ladder.model_dump(mode="json") if ladder else {},
        "step": 0,
        "round": 0,
        "reopened": 0,
        "worse_seen": 0,
        "last_resort": ladder is None,
        "opened_at": now,
    }
    while True:
        new = insert_or_ignore(connection, pages, defaults | values) > 0
        row = lock_live(connection, values["subject_kind"], values["subject_id"])
        if row is not None:  # else it ended between the two statements: insert again
            return row, new
