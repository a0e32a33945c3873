"""The newest alerts that are sought: by the postings of good segments, and by reading through all that has none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import chain, groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    LargeBinary,
    Row,
    Select,
    Text,
    and_,
    cast,
    collate,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.sql.elements import ColumnElement

from tocsin.alerts.alert import Episode
from tocsin.alerts.queries.rows import episode_of
from tocsin.alerts.search.pieces import Point, Segment, Stretch, newest_first
from tocsin.alerts.search.postings import NO_TERMS, Terms, bucket_of, in_all, places_of
from tocsin.alerts.search.words import Content, Sought, fits, hashes_sought, may_fit
from tocsin.store.columns import is_postgresql
from tocsin.store.prepared import execute, json_text
from tocsin.store.tables.alerts import alert_segments, alerts, changed_alerts

_FIRST_RUN, _LONGEST_RUN = 8, 128  # segments whose postings are read at once: few for what is frequent
_FIRST_PART, _LARGEST_PART = 200, 5_000  # alerts that are read through at once
_AT_ONCE = 200  # alerts that are looked up at once
_ID_BYTES = 16
_PLACE = (alerts.c.id, alerts.c.received_at)
_TEXTS = (type_coerce(alerts.c.labels, Text), alerts.c.title, alerts.c.service)
_NEWEST_FIRST = (alerts.c.received_at.desc(), alerts.c.id.desc())


@dataclass(frozen=True)
class Search:
    """What is asked. `among` selects whole rows of alerts that may be shown; `before`: where the list goes on."""

    among: Select[Any]
    wanted: Sought
    service: str | None = None
    group_id: str | None = None
    before: Point | None = None
    through: bool = False
    """Few alerts are among them at all: read them, and no postings."""


def search(connection: Connection, asked: Search, limit: int) -> list[Episode]:
    """The newest of them, at most `limit`."""
    found = merge(_found(connection, asked, limit), _changed(connection, asked), key=_point, reverse=True)
    return list(islice((next(same) for _, same in groupby(found, key=_point)), limit))


def content_of(episode: Episode) -> Content:
    """What of an alert is searched."""
    return Content(episode.title, episode.service, episode.group_id, episode.labels)


def segments_in_order(connection: Connection, *conditions: ColumnElement[bool]) -> list[Segment]:
    """The segments, the oldest first."""
    columns = alert_segments.c
    rows = select(columns.id, columns.after_at, columns.after_id, columns.to_at, columns.to_id).where(*conditions)
    return [
        Segment(row.id, (row.after_at, row.after_id), (row.to_at, row.to_id))
        for row in connection.execute(rows.order_by(columns.to_at, columns.to_id))
    ]


def within(after: Point, to: Point | None) -> ColumnElement[bool]:
    """Alerts after one point, up to and including another."""
    at, id = alerts.c.received_at, alerts.c.id
    # the first condition of each pair alone is what an index of instants can use
    bounds = [at >= after[0], or_(at > after[0], and_(at == after[0], id > after[1]))]
    if to is not None:
        bounds += [at <= to[0], or_(at < to[0], and_(at == to[0], id <= to[1]))]
    return and_(*bounds)


def before_point(point: Point) -> ColumnElement[bool]:
    """Alerts that came before a point."""
    at, id = alerts.c.received_at, alerts.c.id
    return and_(at <= point[0], or_(at < point[0], and_(at == point[0], id < point[1])))


def _found(connection: Connection, asked: Search, limit: int) -> Iterator[Episode]:
    good = [] if asked.through else segments_in_order(connection, alert_segments.c.filled_at.is_not(None))
    for piece in newest_first(good, asked.before):
        if isinstance(piece, Stretch):
            yield from _in_stretch(connection, asked, piece)
        else:
            yield from _in_segments(connection, asked, piece, limit)


def _changed(connection: Connection, asked: Search) -> Iterator[Episode]:
    """Those whose postings may be of what they were before."""
    if asked.through:
        return iter(())
    ids = select(changed_alerts.c.alert_id).order_by(
        changed_alerts.c.received_at.desc(), changed_alerts.c.alert_id.desc()
    )
    return _those(connection, asked, iter(connection.execute(ids).scalars().all()))


def _point(episode: Episode) -> Point:
    return episode.received_at, episode.id


def _in_stretch(connection: Connection, asked: Search, stretch: Stretch) -> Iterator[Episode]:
    """Read through what has no postings; only what looks right is read whole."""
    statement = _limited(asked).where(within(stretch.after, stretch.to))
    if not asked.wanted.words:
        yield from (each for each in map(episode_of, _rows(connection, statement)) if _fits(each, asked))
        return
    statement = statement.where(_may_fit(connection, asked.wanted.words))
    looks = _rows(connection, statement.with_only_columns(*_PLACE, *_TEXTS, maintain_column_froms=True))
    likely = (look.id for look in looks if may_fit(map(str, look[len(_PLACE) :]), asked.wanted.words))
    yield from _those(connection, asked, likely)


def _may_fit(connection: Connection, words: Sequence[str]) -> ColumnElement[bool]:
    """As `may_fit`, by the database: of what is all ASCII it knows the small letters, the rest it lets through."""

    def small(text: ColumnElement[str]) -> ColumnElement[str]:  # SQLite's LIKE takes A for a by itself
        return func.lower(collate(text, "C")) if is_postgresql(connection) else text

    def is_other(text: ColumnElement[str]) -> ColumnElement[bool]:
        in_bytes = func.octet_length(text) if is_postgresql(connection) else func.length(cast(text, LargeBinary))
        return in_bytes != func.length(text)

    other = or_(*map(is_other, _TEXTS))
    if not all(word.isascii() for word in words):
        return other
    longest_first = sorted(words, key=len, reverse=True)  # it is in the fewest, and what lacks it needs no more looks
    return or_(and_(*(or_(*(small(text).like(f"%{word}%") for text in _TEXTS)) for word in longest_first)), other)


def _rows(connection: Connection, statement: Select[Any]) -> Iterator[Row[Any]]:
    """The rows of a statement, the newest first, a part at a time, so that who needs few reads few."""
    before, size = None, _FIRST_PART
    while True:
        part = statement if before is None else statement.where(before_point(before))
        rows = connection.execute(part.order_by(*_NEWEST_FIRST).limit(size)).all()
        yield from rows
        if len(rows) < size:
            return
        before, size = (rows[-1].received_at, rows[-1].id), min(size * 4, _LARGEST_PART)


def _in_segments(connection: Connection, asked: Search, run: Sequence[Segment], limit: int) -> Iterator[Episode]:
    """By postings, a few segments at a time, the newest first."""
    terms = Terms(hashes_sought(asked.wanted, asked.service, asked.group_id))
    start, size = 0, _FIRST_RUN
    while start < len(run):
        some = [segment.id for segment in run[start : start + size]]
        yield from _those(connection, asked, _ids(connection, some, terms), limit)
        start, size = start + size, min(size * 4, _LONGEST_RUN)


def _ids(connection: Connection, segments: Sequence[int], terms: Terms) -> Iterator[str]:
    """The ids of alerts that may have all the terms, the newest first."""
    found: dict[int, list[Sequence[int]]] = {segment: [] for segment in segments}
    for term in terms.rarest_first():
        buckets = _buckets(connection, list(found), bucket_of(term))
        places = {segment: places_of(buckets.get(segment, NO_TERMS), term) for segment in found}
        terms.seen(term, places.values())
        found = {segment: [*found[segment], places[segment]] for segment in found if places[segment]}
        if not found:
            return
    for segment, each in found.items():
        matching = in_all(each)
        first = next(matching, None)
        if first is None:
            continue
        ids = connection.execute(select(alert_segments.c.ids).where(alert_segments.c.id == segment)).scalar_one()
        for place in chain((first,), matching):
            yield str(UUID(bytes=bytes(ids[place * _ID_BYTES : (place + 1) * _ID_BYTES])))


def _buckets(connection: Connection, segments: Sequence[int], number: int) -> dict[int, bytes]:
    """One bucket of each segment that has it. Nearly all that a search reads are these."""
    if is_postgresql(connection):
        # as bytes and not as twice as many hexadecimal digits
        driver: Any = connection.connection.driver_connection
        with driver.cursor(binary=True) as cursor:
            return dict(cursor.execute(_BUCKETS, (segments, number)).fetchall())
    return dict(execute(connection, _BUCKETS_IN_SQLITE, (json_text(segments), number)).fetchall())


_BUCKETS = "SELECT segment, content FROM alert_postings WHERE segment = ANY(%s) AND bucket = %s"
_BUCKETS_IN_SQLITE = (
    "SELECT segment, content FROM alert_postings WHERE segment IN (SELECT value FROM json_each(?)) AND bucket = ?"
)


def _those(connection: Connection, asked: Search, ids: Iterator[str], at_once: int = _AT_ONCE) -> Iterator[Episode]:
    """Of those ids, in their order, the alerts that are sought."""
    while some := list(islice(ids, min(max(at_once, 1), _AT_ONCE))):
        rows = connection.execute(_limited(asked).where(alerts.c.id.in_(some)).order_by(*_NEWEST_FIRST))
        yield from (episode for episode in map(episode_of, rows) if _fits(episode, asked))


def _fits(episode: Episode, asked: Search) -> bool:
    return fits(content_of(episode), asked.wanted)


def _limited(asked: Search) -> Select[Any]:
    return asked.among if asked.before is None else asked.among.where(before_point(asked.before))


__all__ = ["Search", "before_point", "content_of", "search", "segments_in_order", "within"]
