"""What a provider says later of a message that it took: it arrived, or it did not and somebody else's turn has come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select, update

from tocsin.paging import page as rules
from tocsin.paging.page import LogRow
from tocsin.paging.usecases.climbing import reach_otherwise
from tocsin.paging.usecases.ledger import as_page, cause_of, lock_page, write_log
from tocsin.paging.usecases.sending import go_on_if_nothing_is_left, mark_proven, way_of
from tocsin.store.database import announce
from tocsin.store.tables.engine import deliveries
from tocsin.store.tables.paging import page_log

State = Literal["delivered", "undelivered"]


def record_receipt(connection: Connection, delivery_id: str, state: State, text: str, now: datetime) -> bool:
    """Record a later receipt, once; False if there is no such delivery. What did not arrive goes another way now."""
    delivery = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()
    if delivery is None:
        return False
    if delivery.subject_kind == "page":
        for one in [delivery, *_taken_along(connection, delivery)]:
            _of_page(connection, one, state, text, now)
        return True
    if state == "undelivered":
        _failed(connection, delivery, text)
    elif delivery.kind == "contact_test":
        mark_proven(connection, delivery.subject_id, now)
    announce(connection, "people")
    return True


def _taken_along(connection: Connection, delivery: Row[Any]) -> Sequence[Row[Any]]:
    """What the same message told of besides."""
    taken = (delivery.receipt or {}).get("with")
    if not isinstance(taken, list):
        return ()
    rows = connection.execute(select(deliveries).where(deliveries.c.id.in_(taken)).order_by(deliveries.c.id)).all()
    told = [row for row in rows if (row.receipt or {}).get("with") == delivery.id]
    for page_id in sorted({row.subject_id for row in (delivery, *told)}):
        lock_page(connection, page_id)
    return told


def _of_page(connection: Connection, delivery: Row[Any], state: State, text: str, now: datetime) -> None:
    row, asked = lock_page(connection, delivery.subject_id), delivery.payload
    told = select(page_log.c.id).where(
        page_log.c.page_id == row.id, page_log.c.delivery_id == delivery.id, page_log.c.kind == state
    )
    if connection.execute(told).first() is not None:
        return
    more = way_of(asked) if delivery.kind == "page" else {}
    write_log(connection, row, LogRow(state, asked["person"], asked["kind"], delivery.id, text, more), now)
    if state == "delivered":
        mark_proven(connection, asked["method_id"], now)
        return
    _failed(connection, delivery, text)
    page = as_page(row)
    still_asked = delivery.kind == "page" and page.name_of_step == asked["step"]
    if still_asked and rules.climbs(page, cause_of(connection, row, now), now):
        reach_otherwise(connection, row, asked["person"], asked["method_id"], now)
        go_on_if_nothing_is_left(connection, row, asked["step"], now)


def _failed(connection: Connection, delivery: Row[Any], text: str) -> None:
    connection.execute(update(deliveries).where(deliveries.c.id == delivery.id).values(state="failed", error=text))
