"""Which pages one message told a person of."""

from sqlalchemy import Connection, and_, select

from tocsin.store.tables.paging import page_log, pages


def told_with(
    connection: Connection, page_id: str, person: str | None, *, taken: bool = False
) -> list[tuple[str, str]]:
    """The pages besides this one of which its last message told the person: ids and titles.

    Those that are still open; with `taken` those that the person has.
    """
    receipts = select(page_log.c.data).where(
        page_log.c.page_id == page_id, page_log.c.kind == "receipt", page_log.c.person_id == person
    )
    told = [
        data["pages"] for data in connection.execute(receipts.order_by(page_log.c.seq)).scalars() if "pages" in data
    ]
    if not told:
        return []
    is_theirs = and_(pages.c.state == "acknowledged", pages.c.acknowledged_by == person)
    wanted = select(pages.c.id, pages.c.title, pages.c.restricted).where(
        pages.c.id.in_(told[-1]), is_theirs if taken else pages.c.state == "open"
    )
    rows = connection.execute(wanted.order_by(pages.c.id))
    return [(row.id, "A restricted page" if row.restricted else row.title) for row in rows]


__all__ = ["told_with"]
