"""Swaps with consent: somebody offers hours of theirs, the other one agrees, and both get their overrides at once.

Nothing changes without the yes; what nobody answered lapses when its first hours begin.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from tocsin.engine.deadlines import WantedDeadline, reconcile
from tocsin.engine.tasks import owe
from tocsin.engine.work import Job
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.audit import record
from tocsin.ids import new_id
from tocsin.oncall import queries
from tocsin.oncall.usecases import TOPIC, AddOverride, add_override
from tocsin.organisation.queries import everything
from tocsin.runbook.findings import nearest
from tocsin.store.columns import lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.oncall import swaps as rows

LAPSES = "swap_lapses"
_SUBJECT = "swap"


@dataclass(frozen=True)
class OfferSwap:
    """The actor's hours of a schedule for `to`, and, in a trade, hours of `to` in return. Instants, UTC."""

    schedule_id: str
    to: str
    starts_at: datetime
    ends_at: datetime
    back_starts_at: datetime | None = None
    back_ends_at: datetime | None = None
    reason: str = ""


def offer_swap(connection: Connection, actor: Actor, command: OfferSwap, now: datetime) -> str:
    """Ask somebody to take hours of one's own; they are told. The swap's id. Raises NotFound, Invalid, Forbidden."""
    actor.require(Right.RESPONDER)
    asker = _person(actor)
    queries.find_schedule(connection, command.schedule_id)
    people = everything(connection).active_people
    if command.to not in people:
        raise Invalid(f"there is nobody active called '{command.to}'. {nearest(command.to, people)}".strip(), "to")
    if command.to == asker:
        raise Invalid("you have these hours already; offer them to somebody else", "to")
    if not now < command.starts_at < command.ends_at:
        raise Invalid("offer hours that lie ahead and end after they begin", "starts_at")
    _has(connection, command.schedule_id, asker, command.starts_at, command.ends_at, "starts_at")
    back = (command.back_starts_at, command.back_ends_at)
    if (back[0] is None) != (back[1] is None):
        raise Invalid("say from when and until when you would take theirs", "back_starts_at")
    if back[0] is not None and back[1] is not None:
        if not now < back[0] < back[1]:
            raise Invalid("take hours that lie ahead and end after they begin", "back_starts_at")
        _has(connection, command.schedule_id, command.to, back[0], back[1], "back_starts_at")
    swap_id = new_id()
    connection.execute(
        insert(rows).values(
            id=swap_id,
            schedule_id=command.schedule_id,
            asked_by=asker,
            asked_of=command.to,
            starts_at=command.starts_at,
            ends_at=command.ends_at,
            back_starts_at=back[0],
            back_ends_at=back[1],
            reason=command.reason.strip()[:500],
            state="open",
            created_at=now,
        )
    )
    row = _locked(connection, swap_id)
    lapses = min(filter(None, (command.starts_at, back[0])))
    reconcile(connection, _SUBJECT, swap_id, [WantedDeadline(LAPSES, lapses.isoformat(), lapses)], now)
    title = f"{_name(connection, asker)} asks you to take {sentence(connection, row)}"
    _notify(
        connection,
        f"swap:{swap_id}",
        title,
        row.reason or "Accept or decline it on the screen On call.",
        command.to,
        now,
    )
    record(connection, actor, "offer swap", command.schedule_id, {"swap": swap_id, "to": command.to}, now)
    announce(connection, TOPIC)
    return swap_id


def accept_swap(connection: Connection, actor: Actor, swap_id: str, now: datetime) -> None:
    """Agree: both have their overrides from now on. Conflict when the hours are no longer theirs, or it is over."""
    row = _mine(connection, actor, swap_id, "asked_of")
    _has(connection, row.schedule_id, row.asked_by, row.starts_at, row.ends_at)
    why = f"swap of {_name(connection, row.asked_by)} and {_name(connection, row.asked_of)}"
    add_override(connection, actor, AddOverride(row.schedule_id, row.asked_of, row.starts_at, row.ends_at, why), now)
    if row.back_starts_at is not None:
        _has(connection, row.schedule_id, row.asked_of, row.back_starts_at, row.back_ends_at)
        back = AddOverride(row.schedule_id, row.asked_by, row.back_starts_at, row.back_ends_at, why)
        add_override(connection, actor, back, now)
    _end(
        connection, actor, row, "accepted", f"{_name(connection, row.asked_of)} takes {sentence(connection, row)}", now
    )


def decline_swap(connection: Connection, actor: Actor, swap_id: str, now: datetime, reason: str = "") -> None:
    """Say no; who asked is told, with the reason if there is one."""
    row = _mine(connection, actor, swap_id, "asked_of")
    said = f"{_name(connection, row.asked_of)} does not take {sentence(connection, row)}"
    _end(connection, actor, row, "declined", said, now, reason.strip()[:500])


def withdraw_swap(connection: Connection, actor: Actor, swap_id: str, now: datetime) -> None:
    """Take one's own offer back."""
    row = _mine(connection, actor, swap_id, "asked_by")
    _end(connection, actor, row, "withdrawn", "", now)


def lapse_swap(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline: nobody answered before the hours began, so they stay with whom they were."""
    row = _locked(connection, job.subject_id)
    if row.state == "open":
        said = f"Nobody answered: you keep {sentence(connection, row)}"
        _end(connection, Actor("system", "system", "Tocsin", Right.ADMIN), row, "lapsed", said, now)


def sentence(connection: Connection, row: Row[Any]) -> str:
    """'Checkout, Sat 21 Nov 09:00 to Sun 22 Nov 09:00 UTC', and what is had in return."""
    name = queries.find_schedule(connection, row.schedule_id).name
    back = f", for {_span(row.back_starts_at, row.back_ends_at)}" if row.back_starts_at else ""
    return f"{name}, {_span(row.starts_at, row.ends_at)}{back}"


def _span(start: datetime, end: datetime) -> str:
    return f"{start:%a %d %b %H:%M} to {end:%a %d %b %H:%M} UTC"


def _end(
    connection: Connection, actor: Actor, row: Row[Any], state: str, said: str, now: datetime, detail: str = ""
) -> None:
    connection.execute(update(rows).where(rows.c.id == row.id).values(state=state, answered_at=now, answer=detail))
    reconcile(connection, _SUBJECT, row.id, [], now)
    asked = {"subject_kind": "deadline", "subject_id": f"swap:{row.id}", "why": f"the swap was {state}"}
    owe(connection, "withdraw_page", _SUBJECT, row.id, asked, now, key=f"swap-over:{row.id}")
    if said:
        _notify(connection, f"swap-answer:{row.id}", said, detail, row.asked_by, now)
    record(connection, actor, f"{state} swap", row.schedule_id, {"swap": row.id, "with": row.asked_by}, now)
    announce(connection, TOPIC)


def _notify(connection: Connection, key: str, title: str, detail: str, person: str, now: datetime) -> None:
    asked = {"subject_kind": "deadline", "subject_id": key, "title": title, "detail": detail, "urgency": "notify"}
    owe(connection, "open_page", _SUBJECT, key, {**asked, "to": [{"person": person}]}, now, key=key)


def _has(
    connection: Connection, schedule_id: str, person: str, start: datetime, end: datetime, field: str = ""
) -> None:
    shifts = queries.shifts_between(connection, schedule_id, start, end)
    covered = start
    for shift in shifts:
        if shift.person != person or shift.start > covered:
            break
        covered = shift.end
    if covered < end:
        said = f"{_name(connection, person)} does not have all of these hours on call"
        raise Invalid(said, field) if field else Conflict(f"{said} any more")


def _mine(connection: Connection, actor: Actor, swap_id: str, whose: str) -> Row[Any]:
    actor.require(Right.RESPONDER)
    row = _locked(connection, swap_id)
    person = _person(actor)
    if person not in (row.asked_by, row.asked_of):
        raise NotFound(f"there is no swap '{swap_id}'")
    if getattr(row, whose) != person:
        raise Forbidden("the other one has to answer" if whose == "asked_of" else "it is not yours to take back")
    if row.state != "open":
        raise Conflict(f"this swap was {row.state}")
    return row


def _locked(connection: Connection, swap_id: str) -> Row[Any]:
    row = connection.execute(lock_rows(connection, select(rows).where(rows.c.id == swap_id))).first()
    if row is None:
        raise NotFound(f"there is no swap '{swap_id}'")
    return row


def _person(actor: Actor) -> str:
    if actor.person_id is None:
        raise Forbidden("a swap is between people; this token is nobody's")
    return actor.person_id


def _name(connection: Connection, person: str) -> str:
    return everything(connection).person_name(person)
