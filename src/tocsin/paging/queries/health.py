"""Whether pages reach people: what each channel's newest deliveries say."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from tocsin.store.tables.engine import deadlines, deliveries
from tocsin.store.tables.paging import canaries

KINDS = ("page", "page_over", "contact_code", "contact_test")
_BACK = timedelta(days=30)
_MOST = 400
_LATE = timedelta(seconds=60)
_CANARY_BACK = timedelta(minutes=2)


@dataclass(frozen=True)
class Canary:
    """When the newest canary left and when it was back."""

    left_at: datetime
    returned_at: datetime | None

    def is_lost(self, now: datetime) -> bool:
        """Whether it should be back by now and is not."""
        return self.returned_at is None and now - self.left_at > _CANARY_BACK


@dataclass(frozen=True)
class Channel:
    """One way out (smtp, ntfy, webhook, screen): its newest delivery that arrived and its newest that did not."""

    lane: str
    delivered_at: datetime | None
    failed_at: datetime | None
    waiting_since: datetime | None
    error: str

    def is_well(self, now: datetime) -> bool:
        """Whether its newest delivery arrived and nothing has waited for longer than a minute."""
        if self.waiting_since is not None and now - self.waiting_since > _LATE:
            return False
        return self.failed_at is None or (self.delivered_at is not None and self.delivered_at > self.failed_at)


def late_pages(connection: Connection, now: datetime) -> int:
    """How many steps and messages of pages should have gone more than a minute ago, and nobody has begun."""
    steps = select(func.count()).where(
        deadlines.c.subject_kind == "page", deadlines.c.state == "waiting", deadlines.c.due_at < now - _LATE
    )
    messages = select(func.count()).where(
        deliveries.c.kind == "page",
        deliveries.c.state == "waiting",
        deliveries.c.attempts == 0,
        deliveries.c.next_try_at < now - _LATE,
    )
    return int(connection.execute(steps).scalar_one()) + int(connection.execute(messages).scalar_one())


def last_canary(connection: Connection) -> Canary | None:
    """The newest canary; None when none has flown."""
    row = connection.execute(select(canaries).order_by(canaries.c.left_at.desc()).limit(1)).first()
    return Canary(row.left_at, row.returned_at) if row else None


def channels(connection: Connection, now: datetime) -> list[Channel]:
    """Every channel that was used in the last thirty days, by name. Tells of no page, only of its way."""
    columns = (
        deliveries.c.lane,
        deliveries.c.state,
        deliveries.c.created_at,
        deliveries.c.ended_at,
        deliveries.c.error,
    )
    query = (
        select(*columns, deliveries.c.attempts)
        .where(deliveries.c.kind.in_(KINDS), deliveries.c.created_at >= now - _BACK)
        .order_by(deliveries.c.created_at.desc())
        .limit(_MOST)
    )
    found: dict[str, Channel] = {}
    for row in connection.execute(query):
        known = found.get(row.lane, Channel(row.lane, None, None, None, ""))
        delivered, failed, waiting, error = known.delivered_at, known.failed_at, known.waiting_since, known.error
        if row.state == "sent" and row.ended_at:
            delivered = max(filter(None, (delivered, row.ended_at)))
        elif row.state in ("failed", "unknown") and row.ended_at and (failed is None or row.ended_at > failed):
            failed, error = row.ended_at, row.error or error
        elif row.state in ("waiting", "sending") and row.attempts:
            waiting, error = min(filter(None, (waiting, row.created_at))), row.error or error
        found[row.lane] = Channel(row.lane, delivered, failed, waiting, error)
    return sorted(found.values(), key=lambda channel: channel.lane)
