"""Which pages one message told a person of."""

from sqlalchemy import Connection, select

from tocsin.store.tables.paging import page_log, pages


def told_with(connection: Connection, page_id: str, person: str | None) -> list[tuple[str, str]]:
    """The pages besides this one of which its last message told the person, that are still open: ids and titles."""
    receipts = select(page_log.c.data).where(
        page_log.c.page_id == page_id, page_log.c.kind == "receipt", page_log.c.person_id == person
    )
    told = [
        data["pages"] for data in connection.execute(receipts.order_by(page_log.c.seq)).scalars() if "pages" in data
    ]
    if not told:
        return []
    still = select(pages.c.id, pages.c.title, pages.c.restricted).where(
        pages.c.id.in_(told[-1]), pages.c.state == "open"
    )
    rows = connection.execute(still.order_by(pages.c.id))
    return [(row.id, "A restricted page" if row.restricted else row.title) for row in rows]


__all__ = ["told_with"]
