"""Tocsin watches its own paging: steps that it carried out late, and a canary that must leave and come back each hour."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.engine.deadlines import WantedDeadline, reconcile
from tocsin.engine.deliveries import Delivery, Outcome, send_later
from tocsin.engine.work import Job
from tocsin.identity.keys import keys_of
from tocsin.ids import new_id
from tocsin.paging.methods.webhook import outcome_of, post
from tocsin.paging.page import OpenPage
from tocsin.paging.usecases.answering import withdraw_page
from tocsin.paging.usecases.opening import open_page
from tocsin.store.tables.engine import deadlines, deliveries
from tocsin.store.tables.paging import canaries

CANARY, CANARY_BACK = "canary", "canary_back"
EVERY, MUST_BE_BACK_AFTER = timedelta(hours=1), timedelta(minutes=2)
_KEPT = timedelta(days=30)
_PURPOSE = "canary"


def page_for_lateness(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `paged_late`: a page by the default policy, which escalates; one for all while it lives."""
    said = f"{job.payload['said']} Tocsin was away or busy; /proof shows what else was late."
    asked = OpenPage(
        subject_kind="tocsin", subject_id="late", title="Tocsin paged late", detail=said, severity="critical"
    )
    open_page(connection, asked, now)


def keep_canary(connection: Connection, now: datetime) -> None:
    """Let the canary fly each hour; does nothing when it does already."""
    waiting = select(deadlines.c.id).where(
        deadlines.c.subject_kind == "tocsin", deadlines.c.subject_id == CANARY, deadlines.c.state == "waiting"
    )
    if connection.execute(waiting).first() is None:
        _next_canary(connection, now, now)
    connection.execute(delete(canaries).where(canaries.c.left_at < now - _KEPT))


def send_canary(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline `canary`: one leaves, and the next is wanted in an hour."""
    id = new_id()
    connection.execute(insert(canaries).values(id=id, left_at=now))
    send_later(
        connection, lane=CANARY, kind=CANARY, subject_kind=CANARY, subject_id=id, idempotency_key=f"canary:{id}",
        payload={}, on_unknown="resend", now=now,
    )  # fmt: skip
    reconcile(connection, CANARY, id, [WantedDeadline(CANARY_BACK, "back", now + MUST_BE_BACK_AFTER)], now)
    _next_canary(connection, now + EVERY, now, job)


def canary_came_back(connection: Connection, token: str, now: datetime) -> bool:
    """It came in from outside; False for a token that is none of ours."""
    id, _, signature = token.partition(":")
    if not keys_of(connection).verifies(_PURPOSE, id, signature):
        return False
    connection.execute(
        update(canaries).where(canaries.c.id == id, canaries.c.returned_at.is_(None)).values(returned_at=now)
    )
    return True


def look_for_canary(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline `canary_back`: whether it is back; a page that escalates while it is not."""
    canary = connection.execute(select(canaries).where(canaries.c.id == job.subject_id)).first()
    if canary is None:
        return
    if canary.returned_at is not None:
        withdraw_page(connection, "tocsin", CANARY, "the canary came back", now)
        return
    tried = select(deliveries.c.error).where(deliveries.c.subject_kind == CANARY, deliveries.c.subject_id == canary.id)
    why = connection.execute(tried).scalar() or "it left, and nothing came in"
    detail = f"It left at {canary.left_at:%H:%M} UTC: {why}. Pages may not leave, or answers may not come in."
    asked = OpenPage(
        subject_kind="tocsin",
        subject_id=CANARY,
        title="The canary page did not come back",
        detail=detail,
        severity="critical",
    )
    open_page(connection, asked, now)


class CanarySender:
    """The canary leaves as a page does and comes back as an answer does, by the installation's own public address."""

    def __init__(self, http: GuardedHttp, public_url: str) -> None:
        self._http, self._url = http, f"{public_url.rstrip('/')}/callbacks/canary"

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        del now
        id = delivery.subject_id
        return {"canary": f"{id}:{keys_of(connection).sign(_PURPOSE, id)}"}

    async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
        """One POST to ourselves, from outside."""
        del delivery
        answer = await post(self._http, self._url, prepared, {})
        return answer if isinstance(answer, Outcome) else outcome_of(answer, {"status": answer.status})

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        """What counts is that it came back."""


def _next_canary(connection: Connection, due: datetime, now: datetime, present: Job | None = None) -> None:
    wanted = [WantedDeadline(CANARY, f"{due:%Y-%m-%dT%H:%M:%S}", due)]
    if present is not None:  # it is being carried out now, and ends by itself
        wanted.append(WantedDeadline(CANARY, present.key, present.due_at))
    reconcile(connection, "tocsin", CANARY, wanted, now)
