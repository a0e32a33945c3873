"""The proof-of-page ledger, as JSON and as CSV."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin.api.asking import Asked, answer
from tocsin.api.body import Instant
from tocsin.api.lists import Cursor, Limit, read_cursor, write_cursor
from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.paging.queries.proof import LedgerRow, ledger

router = APIRouter(tags=["Pages"])
_MOST_IN_CSV = 10_000  # pages
_COLUMNS = (
    "page", "title", "severity", "person", "step", "owed_at", "paged_at", "method", "taken_at", "arrived_at",
    "acknowledged_at", "state", "late_seconds", "began_late_seconds", "why_not",
)  # fmt: skip


@router.get("/proof-of-page", responses={200: {"content": {"text/csv": {}}}})
async def proof_of_page(
    asked: Asked,
    since: Instant | None = None,
    until: Instant | None = None,
    person: str | None = None,
    format: Literal["json", "csv"] = "json",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """For each page that was owed: to whom, since when, by what it went, whether it came, and how late.

    `limit` counts pages, the newest first; CSV holds the newest 10,000 at once.
    """
    asked.actor.require(Right.VIEWER)
    before = read_cursor(cursor)
    if before is not None and not isinstance(before, str):
        raise Invalid("this cursor was not given out for this list", "cursor")
    most, now = _MOST_IN_CSV if format == "csv" else limit, asked.now

    def ask(connection: Connection) -> Any:
        return ledger(connection, asked.actor, since=since, until=until, person=person, before=before, most_pages=most)

    found = await asked.ask(ask)
    items = [_view(row, now) for row in found.rows]
    if format == "csv":
        headers = {"Content-Disposition": 'attachment; filename="proof-of-page.csv"'}
        return Response(as_csv(items), media_type="text/csv; charset=utf-8", headers=headers)
    return answer({"items": items, "next_cursor": write_cursor(found.next) if found.next else None})


def as_csv(items: Iterable[dict[str, Any]]) -> str:
    """The lines for a spreadsheet, in which no title becomes a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for item in items:
        writer.writerow([_cell(item[column]) for column in _COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _view(row: LedgerRow, now: Any) -> dict[str, Any]:
    proof = row.proof
    late = proof.late(now)
    return {
        "page": row.page_id,
        "title": row.title,
        "severity": row.severity,
        "person": proof.person,
        "step": proof.step,
        "owed_at": proof.owed_at,
        "paged_at": proof.paged_at,
        "method": proof.method,
        "taken_at": proof.taken_at,
        "arrived_at": proof.arrived_at,
        "acknowledged_at": proof.acknowledged_at,
        "state": proof.state,
        "late_seconds": round(late.total_seconds(), 3) if late is not None else None,
        "began_late_seconds": round(proof.began_late.total_seconds(), 3),
        "why_not": proof.why_not,
    }
