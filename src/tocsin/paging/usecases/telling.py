"""Telling those who were paged that it is over, by the methods that reached them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from tocsin.engine.deliveries import send_later
from tocsin.paging import methods
from tocsin.paging.page import LogRow
from tocsin.paging.usecases.ledger import write_log
from tocsin.paging.usecases.pacing import end_goes_at
from tocsin.store.tables.paging import page_log


def tell_over(connection: Connection, row: Row[Any], now: datetime, *, but_not: str | None = None) -> None:
    """Tell everybody whom the page reached, once by each method that did; `but_not`: who knows it already."""
    reached = connection.execute(_reached(row))
    ways = {(person, data["method_id"], data["way"]): None for person, data in reached}
    for person, method_id, way in ways:
        if person is not None and person == but_not:
            continue
        tell_one_over(connection, row, person, method_id, way, now)


def ways_that_reached(connection: Connection, row: Row[Any], person: str) -> list[tuple[str, str]]:
    """By which methods the page reached one person: their ids and kinds."""
    reached = connection.execute(_reached(row).where(page_log.c.person_id == person))
    return list({(data["method_id"], data["way"]): None for _, data in reached})


def _reached(row: Row[Any]) -> Select[tuple[str | None, Any]]:
    on_screen = and_(page_log.c.kind == "attempt", page_log.c.method == "screen")
    return (
        select(page_log.c.person_id, page_log.c.data)
        .where(page_log.c.page_id == row.id, or_(page_log.c.kind == "receipt", on_screen))
        .order_by(page_log.c.seq)
    )


def tell_one_over(
    connection: Connection, row: Row[Any], person: str | None, method_id: str, way: str, now: datetime
) -> None:
    """Tell one person by one method; the same is never told twice for a page."""
    goes = end_goes_at(connection, person, method_id, way, now) if person is not None else now
    told = send_later(
        connection,
        lane=methods.lane_of(way),
        kind="page_over",
        subject_kind="page",
        subject_id=row.id,
        idempotency_key=f"over:{row.id}:{person or '-'}:{method_id}",
        payload={"person": person, "method_id": method_id, "kind": way, "why": row.ended_why, "held": goes > now},
        on_unknown="resend",
        now=now,
        not_before=goes,
    )
    if told and way != "screen":
        write_log(connection, row, LogRow("told_over", person=person, method=way), now)
