"""In a storm one message tells a person of many pages; each of them is on record as told, and one answer takes them all.

A message of a crowd waits some seconds. The first that is due takes along what else waits for the same person and method:
those are pushed back, and are told only when it was taken. Should it fail, or this process die, they go by themselves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from tocsin.engine.deliveries import Delivery, bring_forward
from tocsin.paging.page import LogRow
from tocsin.paging.usecases.ledger import lock_page, write_log
from tocsin.paging.usecases.telling import tell_one_over
from tocsin.store.tables.engine import deliveries
from tocsin.store.tables.paging import pages

_GIVEN_UP_AFTER, _SOON = timedelta(minutes=1), timedelta(seconds=5)
"""When what was taken along goes by itself, unless it was told until then; and when the message is to be tried again."""
MOST = 200


@dataclass(frozen=True)
class Taken:
    """A page that is told of along with another, by its own delivery."""

    delivery_id: str
    page_id: str
    title: str
    severity: str | None


def take_along(
    connection: Connection, delivery: Delivery, now: datetime, still: Callable[[Row[Any]], bool]
) -> list[Taken]:
    """What else waits for the same person and method and is due: pushed back while this delivery tells of it.

    `still`: whether a page is to be told of.
    """
    if not delivery.payload.get("held"):
        return []
    waiting = select(deliveries).where(
        deliveries.c.lane == delivery.lane,
        deliveries.c.kind == delivery.kind,
        deliveries.c.state == "waiting",
        deliveries.c.next_try_at <= now,
        deliveries.c.id != delivery.id,
    )
    same = {
        row.id: row
        for row in connection.execute(waiting.order_by(deliveries.c.next_try_at, deliveries.c.id).limit(MOST))
        if row.payload.get("held")
        and (row.payload["person"], row.payload["method_id"])
        == (delivery.payload["person"], delivery.payload["method_id"])
    }
    about = select(pages).where(pages.c.id.in_({row.subject_id for row in same.values()}))
    known = {row.id: row for row in connection.execute(about)}
    found = []
    for row in same.values():
        page = known[row.subject_id]
        if still(page):
            found.append(Taken(row.id, page.id, *_shown(page)))
    taken = [each.delivery_id for each in found]
    later = update(deliveries).where(deliveries.c.id.in_(taken)).values(next_try_at=now + _GIVEN_UP_AFTER)
    connection.execute(later)
    return found


def _shown(page: Row[Any]) -> tuple[str, str | None]:
    """Title and severity as they may be read anywhere."""
    return ("A restricted page", None) if page.restricted else (page.title, page.severity)


def lock_in_order(connection: Connection, delivery: Delivery, taken: Iterable[str]) -> None:
    """Lock the pages of a delivery and of what it took along in one order, so that nobody waits for each other."""
    about = select(deliveries.c.subject_id).where(deliveries.c.id.in_(list(taken)))
    for page_id in sorted({delivery.subject_id, *connection.execute(about).scalars()}):
        lock_page(connection, page_id)


def told_along(connection: Connection, delivery: Delivery, taken: Sequence[str], now: datetime) -> list[str]:
    """The message was taken, and with it what it took along. The pages that it told of besides its own."""
    found = []
    text = f"together with {len(taken)} other{'s' if len(taken) > 1 else ''}"
    for one in connection.execute(select(deliveries).where(deliveries.c.id.in_(taken)).order_by(deliveries.c.id)).all():
        if one.state not in ("waiting", "cancelled"):
            continue  # it went by itself meanwhile
        row, asked = lock_page(connection, one.subject_id), one.payload
        more = {"step": asked["step"], "method_id": asked["method_id"], "way": asked["kind"], "with": delivery.id}
        write_log(connection, row, LogRow("receipt", asked["person"], asked["kind"], one.id, text, more), now)
        if one.state == "waiting":
            told = {"state": "sent", "ended_at": now, "receipt": {"with": delivery.id}, "attempts": one.attempts + 1}
            waits = (deliveries.c.id == one.id, deliveries.c.state == "waiting")
            connection.execute(update(deliveries).where(*waits).values(**told))
        if row.state == "ended":
            tell_one_over(connection, row, asked["person"], asked["method_id"], asked["kind"], now)
        found.append(row.id)
    return found


def end_told_along(connection: Connection, delivery: Delivery, taken: Sequence[str], now: datetime) -> None:
    """That pages are over was told along with this one."""
    told = {"state": "sent", "ended_at": now, "receipt": {"with": delivery.id}}
    mine = update(deliveries).where(deliveries.c.id.in_(taken), deliveries.c.state == "waiting")
    connection.execute(mine.values(**told))


def put_back(connection: Connection, taken: Sequence[str], now: datetime) -> None:
    """The message was not taken for the moment: whichever is due first takes the others along soon."""
    mine = update(deliveries).where(deliveries.c.id.in_(taken), deliveries.c.state == "waiting")
    connection.execute(mine.values(next_try_at=now + _SOON))


def let_go(connection: Connection, taken: Sequence[str], now: datetime) -> None:
    """The message can't be sent: what it took along goes by itself, each at once."""
    for one in connection.execute(select(deliveries).where(deliveries.c.id.in_(taken))).all():
        alone = {**one.payload, "held": False}
        connection.execute(update(deliveries).where(deliveries.c.id == one.id).values(payload=alone))
        bring_forward(connection, one.id, now)


__all__ = ["Taken", "end_told_along", "let_go", "lock_in_order", "put_back", "take_along", "told_along"]
