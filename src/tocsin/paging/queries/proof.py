"""The proof-of-page ledger, as an actor may see it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.identity.actor import Actor, Right
from tocsin.paging.proof import Line, Proof, proofs
from tocsin.paging.queries.live import HIDDEN, visible_pages
from tocsin.store.tables.paging import page_log, pages


@dataclass(frozen=True)
class LedgerRow:
    """One proof and the page that it is about."""

    page_id: str
    title: str
    severity: str | None
    opened_at: datetime
    proof: Proof


@dataclass(frozen=True)
class Ledger:
    """Some of it, the newest page first; `next` is what to give as `before` to go on, None at the end."""

    rows: tuple[LedgerRow, ...]
    next: str | None


def ledger(
    connection: Connection,
    actor: Actor,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    person: str | None = None,
    before: str | None = None,
    most_pages: int = 100,
) -> Ledger:
    """What was owed, page by page, `most_pages` at a time. Instants bound the opening."""
    actor.require(Right.VIEWER, "pages")
    statement = visible_pages(actor).order_by(pages.c.id.desc()).limit(most_pages + 1)
    statement = statement.where(pages.c.urgency == "page", ~pages.c.practice)
    if since:
        statement = statement.where(pages.c.opened_at >= since)
    if until:
        statement = statement.where(pages.c.opened_at < until)
    if before:
        statement = statement.where(pages.c.id < before)
    if person:
        asked = select(page_log.c.page_id).where(page_log.c.kind == "step", page_log.c.person_id == person)
        statement = statement.where(pages.c.id.in_(asked))
    found = connection.execute(statement).all()
    more, found = len(found) > most_pages, found[:most_pages]
    logs: dict[str, list[Line]] = {row.id: [] for row in found}
    query = select(page_log).where(page_log.c.page_id.in_(list(logs))).order_by(page_log.c.page_id, page_log.c.seq)
    for line in connection.execute(query):
        logs[line.page_id].append(Line(line.at, line.kind, line.person_id, line.method, line.delivery_id, line.data))
    rows = tuple(
        LedgerRow(row.id, row.title if row.seen else HIDDEN, row.severity if row.seen else None, row.opened_at, proof)
        for row in found
        for proof in proofs(logs[row.id], is_open=row.state == "open")
        if person is None or proof.person == person
    )
    return Ledger(rows, found[-1].id if more else None)
