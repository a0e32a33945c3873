"""Claiming rows: attempts + 1 and a fenced lease are committed before the work begins."""

import random
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from tocsin.engine.deliveries import Delivery
from tocsin.engine.tasks import COALESCING
from tocsin.engine.work import LEASE, MOST_TRIES, PAGE_PATIENCE, Job, backoff
from tocsin.store.columns import Instant, lockable
from tocsin.store.tables.engine import deadlines, deliveries, tasks

_jitter = random.SystemRandom()


@dataclass(frozen=True)
class Claimed:
    """A row held by this node until its lease ends; `fence` tells whether it still is."""

    table: Table
    id: str
    fence: int
    job: Job
    paging: bool
    claimable_since: datetime


@dataclass(frozen=True)
class ClaimedDelivery:
    """A delivery held by this node."""

    delivery: Delivery
    fence: int


def claim_jobs(
    connection: Connection, table: Table, node: str, now: datetime, limit: int, among: Collection[str] | None = None
) -> list[Claimed]:
    """Claim due deadlines or tasks, the longest due first; `among`: those of these ids only."""
    due = _due_jobs(table, among is not None)(connection)
    rows = connection.execute(due, {"now": now, "most": limit, "among": list(among or ())}).all()
    claimed = []
    for row in rows:
        key = row.key
        values: dict[str, Any] = {
            "attempts": row.attempts + 1,
            "fence": row.fence + 1,
            "lease_owner": node,
            "lease_until": now + LEASE,
        }
        is_task = table is tasks
        since = (row.claimable_since or now) if is_task else row.due_at
        if is_task:
            values["claimable_since"] = since
            if key.startswith(COALESCING):
                values["key"] = key = f"{key[1:]}:{row.id}"
        connection.execute(_by_id(table), {"row_id": row.id, **values})
        job = Job(
            id=row.id,
            kind=row.kind,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            key=key,
            payload=row.payload,
            due_at=row.next_try_at if is_task else row.due_at,
            attempt=row.attempts + 1,
        )
        paging = bool(row.paging) if is_task else row.subject_kind == "page"
        claimed.append(Claimed(table, row.id, row.fence + 1, job, paging, since))
    return claimed


def holds(connection: Connection, claimed: Claimed) -> bool:
    """Whether this node still holds the row (locked until the transaction ends)."""
    table = claimed.table
    fence = connection.execute(_fence(table)(connection), {"row_id": claimed.id}).scalar()
    return bool(fence == claimed.fence)


def finish(connection: Connection, claimed: Claimed, now: datetime) -> None:
    """The work is done, in the same transaction."""
    table = claimed.table
    values: dict[str, Any] = (
        {"state": "fired", "fired_at": now} if table is deadlines else {"state": "done", "done_at": now}
    )
    values |= {"lease_owner": None, "lease_until": None, "error": None}
    connection.execute(_by_id(table), {"row_id": claimed.id, **values})


def fail(connection: Connection, claimed: Claimed, error: str, now: datetime) -> bool:
    """Store the error and the next try; returns True when the row has just become stuck and a person must be told.

    Page steps are never parked: they stay waiting, and are told of.
    """
    table = claimed.table
    patience_over = claimed.paging and now - claimed.claimable_since >= PAGE_PATIENCE
    hopeless = patience_over or claimed.job.attempt >= MOST_TRIES
    parked = hopeless and not claimed.paging
    values: dict[str, Any] = {"error": error[:2000], "lease_owner": None, "lease_until": None}
    if parked:
        values["state"] = "stuck"
    else:
        values["next_try_at"] = now + backoff(claimed.job.attempt, _jitter.random())
    connection.execute(update(table).where(table.c.id == claimed.id, table.c.fence == claimed.fence).values(**values))
    return hopeless


def jitter() -> float:
    """A random share of the backoff, 0 to 1."""
    return _jitter.random()


def has_due(connection: Connection, now: datetime) -> bool:
    """Whether some deadline or task may be claimed: a read, so that an idle loop never takes the writer."""
    asked = {"now": now, "most": 1}
    return any(connection.execute(_due_jobs(t)(connection), asked).first() is not None for t in (deadlines, tasks))


@cache
def _due_jobs(table: Table, among: bool = False) -> Callable[[Connection], Select[Any]]:
    at = bindparam("now", type_=Instant())
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= at)
    due = select(table).where(table.c.state == "waiting", table.c.next_try_at <= at, free)
    if among:
        due = due.where(table.c.id.in_(bindparam("among", expanding=True)))
    return lockable(due.order_by(table.c.next_try_at).limit(bindparam("most", type_=Integer)), skip_locked=True)


@cache
def _fence(table: Table) -> Callable[[Connection], Select[Any]]:
    return lockable(select(table.c.fence).where(table.c.id == bindparam("row_id"), table.c.state == "waiting"))


@cache
def _by_id(table: Table) -> Update:
    """Sets the columns that are given beside `row_id`."""
    return update(table).where(table.c.id == bindparam("row_id"))


def claim_deliveries(
    connection: Connection,
    lane: str,
    kinds: Iterable[str],
    node: str,
    now: datetime,
    limit: int,
    among: Collection[str] | None = None,
) -> Iterator[ClaimedDelivery]:
    """Claim due deliveries of a lane, `among` those of these ids if told; the attempt is committed before the call.

    Each is claimed when its turn has come: what was made ready before may have put it off.

    One whose lease ended while sending has an unknown outcome: *resend* sends it again, *confirm* and *ask* are
    given to the handler as `again`, which decides.
    """
    asked = {"lane": lane, "kinds": list(kinds), "now": now, "most": limit, "among": list(among or ())}
    rows = connection.execute(_due_deliveries(among is not None)(connection), asked).all()
    for row in rows:
        again = row.state == "sending"
        if again and row.on_unknown == "ask":
            unknown = {"state": "unknown", "error": "the answer was never seen", "ended_at": now}
            unknown |= {"lease_owner": None, "lease_until": None}
            connection.execute(_by_id(deliveries), {"row_id": row.id, **unknown})
            continue
        held: dict[str, Any] = {"state": "sending", "attempts": row.attempts + 1, "fence": row.fence + 1}
        held |= {"lease_owner": node, "lease_until": now + LEASE * 2}
        if connection.execute(_STILL_DUE, {"row_id": row.id, "due_by": now, **held}).rowcount:
            yield ClaimedDelivery(_delivery(row, again=again), row.fence + 1)


_STILL_DUE = update(deliveries).where(
    deliveries.c.id == bindparam("row_id"), deliveries.c.next_try_at <= bindparam("due_by", type_=Instant())
)


def _is_due() -> ColumnElement[bool]:
    at = bindparam("now", type_=Instant())
    waiting = and_(deliveries.c.state == "waiting", deliveries.c.next_try_at <= at)
    return or_(waiting, and_(deliveries.c.state == "sending", deliveries.c.lease_until <= at))


@cache
def _due_deliveries(among: bool) -> Callable[[Connection], Select[Any]]:
    due = select(deliveries).where(
        deliveries.c.lane == bindparam("lane"), deliveries.c.kind.in_(bindparam("kinds", expanding=True)), _is_due()
    )
    if among:
        due = due.where(deliveries.c.id.in_(bindparam("among", expanding=True)))
    due = due.order_by(deliveries.c.next_try_at).limit(bindparam("most", type_=Integer))
    return lockable(due, skip_locked=True)


@cache
def _due_lanes(among: bool) -> Select[Any]:
    due = select(deliveries.c.lane).where(_is_due()).distinct()
    return due.where(deliveries.c.id.in_(bindparam("among", expanding=True))) if among else due


def _delivery(row: Row[Any], *, again: bool) -> Delivery:
    return Delivery(
        id=row.id,
        lane=row.lane,
        kind=row.kind,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        idempotency_key=row.idempotency_key,
        payload=row.payload,
        attempt=row.attempts + 1,
        again=again,
    )


def due_lanes(connection: Connection, now: datetime, among: Collection[str] | None = None) -> list[str]:
    """Lanes with something to send now, `among` these ids if told."""
    asked = {"now": now, "among": list(among or ())}
    return list(connection.execute(_due_lanes(among is not None), asked).scalars())


def next_due(connection: Connection) -> datetime | None:
    """The soonest moment at which some row may be claimed; None when nothing waits."""
    moments: list[datetime | None] = []
    for table in (deadlines, tasks):
        when = func.coalesce(table.c.lease_until, table.c.next_try_at, type_=Instant())
        soonest = select(func.min(when, type_=Instant())).where(table.c.state == "waiting")
        moments.append(connection.execute(soonest).scalar())
    moments.append(
        connection.execute(select(func.min(deliveries.c.next_try_at)).where(deliveries.c.state == "waiting")).scalar()
    )
    moments.append(
        connection.execute(select(func.min(deliveries.c.lease_until)).where(deliveries.c.state == "sending")).scalar()
    )
    found = [moment for moment in moments if moment is not None]
    return min(found, default=None)


def release_leases(connection: Connection, node: str, now: datetime) -> int:
    """Free at once what a dead node held; its deliveries' outcomes are unknown from now."""
    freed = 0
    for table in (deadlines, tasks, deliveries):
        result = connection.execute(
            update(table).where(table.c.lease_owner == node, table.c.lease_until > now).values(lease_until=now)
        )
        freed += int(result.rowcount)
    return freed
