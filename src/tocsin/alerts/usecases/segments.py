"""Segments as they are opened, filled with postings, and found wanting."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    type_coerce,
    update,
)

from tocsin.alerts.queries.finding import segments_in_order, within
from tocsin.alerts.search.pieces import Point, Segment, stretches_between
from tocsin.alerts.search.postings import build
from tocsin.alerts.search.words import Content, hashes_of
from tocsin.store.columns import insert_or_ignore, is_postgresql
from tocsin.store.tables.alerts import alert_postings, alert_segments, alerts, changed_alerts

SIZE = 4_096
"""Alerts of a segment: the newest that are not a whole one yet are read through."""

_MARGIN = timedelta(seconds=5)  # between a transaction's idea of now and its first statement
_WORTH = 0.9  # of what a segment holds must still be there
_FILLED_AGAIN = timedelta(minutes=10)  # after one of its alerts changed
_BUILDERS_LOCK = 7_226_101  # any number that no other advisory lock has


@dataclass(frozen=True)
class Filled:
    """What a segment is to hold, and which of its alerts had changed how many times before that was read."""

    segment: int
    ids: tuple[str, ...]
    buckets: dict[int, bytes]
    changed: tuple[tuple[str, int], ...]


def uncovered(connection: Connection, now: datetime, size: int = SIZE) -> Segment | None:
    """What is to be a segment next: the oldest alerts that none covers, if they are enough. None if there are none."""
    known = segments_in_order(connection)
    until = settled(connection, now) - _MARGIN
    next_id = max((each.id for each in known), default=0) + 1
    for stretch in stretches_between(known):
        rows = connection.execute(
            select(alerts.c.received_at, alerts.c.id)
            .where(within(stretch.after, stretch.to), alerts.c.received_at <= until)
            .order_by(alerts.c.received_at, alerts.c.id)
            .limit(size)
        ).all()
        if stretch.to is not None and rows:
            # all of what lies between two others, so that it never has to be looked at again
            end = stretch.to if len(rows) < size else (rows[-1].received_at, rows[-1].id)
            return Segment(next_id, stretch.after, end)
        if len(rows) == size:
            return Segment(next_id, stretch.after, (rows[-1].received_at, rows[-1].id))
    return None


def open_segment(connection: Connection, segment: Segment, now: datetime) -> None:
    """From now on it is noted when one of its alerts changes; does nothing where another process was first."""
    row = {
        "id": segment.id,
        "after_at": segment.after[0],
        "after_id": segment.after[1],
        "to_at": segment.to[0],
        "to_id": segment.to[1],
        "opened_at": now,
        "count": 0,
        "ids": b"",
    }
    insert_or_ignore(connection, alert_segments, row)


def fill_next(connection: Connection, now: datetime) -> Filled | None:
    """A segment without good postings, and what they must be; None if there is none or another process is at it.

    One that was opened while transactions ran that still do must wait: they may have changed its alerts unnoted.
    """
    if is_postgresql(connection):
        alone = connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _BUILDERS_LOCK})
        if not alone.scalar_one():
            return None
    segment = _unfilled(connection, now) or _much_changed(connection, now)
    if segment is None:
        return None
    columns = (alerts.c.id, *_CONTENT)
    found = select(*columns).where(within(segment.after, segment.to)).order_by(alerts.c.received_at, alerts.c.id)
    rows = connection.execute(found).all()
    ids = tuple(row[0] for row in rows)
    buckets = build([hashes_of(_content(*row[1:])) for row in rows])
    return Filled(segment.id, ids, buckets, _changed_in(connection, segment))


def is_any_open(connection: Connection) -> bool:
    """Whether a segment has no postings yet."""
    return bool(segments_in_order(connection, alert_segments.c.filled_at.is_(None)))


def keep_filled(connection: Connection, filled: Filled, now: datetime) -> None:
    """Its postings are good from now on; a segment that has no alerts any more is dropped."""
    connection.execute(delete(alert_postings).where(alert_postings.c.segment == filled.segment))
    mine = alert_segments.c.id == filled.segment
    for id, times in filled.changed:  # what has changed once more meanwhile stays
        as_read = (changed_alerts.c.alert_id == id, changed_alerts.c.times == times)
        connection.execute(delete(changed_alerts).where(*as_read))
    if not filled.ids:
        connection.execute(delete(alert_segments).where(mine))
        return
    ids = b"".join(UUID(id).bytes for id in filled.ids)
    connection.execute(update(alert_segments).where(mine).values(filled_at=now, count=len(filled.ids), ids=ids))
    rows = [{"segment": filled.segment, "bucket": number, "content": each} for number, each in filled.buckets.items()]
    if rows:
        connection.execute(insert(alert_postings), rows)


def note_changed(connection: Connection, points: Iterable[Point], now: datetime) -> None:
    """What these alerts carry has changed: those that stand in a segment are looked at one by one from now on."""
    for point in points:
        if connection.execute(select(alert_segments.c.id).where(_holds(point)).limit(1)).first() is None:
            continue
        row = {"alert_id": point[1], "received_at": point[0], "changed_at": now, "times": 1}
        if not insert_or_ignore(connection, changed_alerts, row):
            again = update(changed_alerts).where(changed_alerts.c.alert_id == point[1])
            connection.execute(again.values(times=changed_alerts.c.times + 1))


def look_again(connection: Connection) -> list[Segment]:
    """Segments in whose stretch other alerts are than they hold.

    More: one came very late, or a clock was set back. Far fewer: they were removed since.
    """
    columns = alert_segments.c
    held: dict[int, int] = {row.id: row[1] for row in connection.execute(select(columns.id, columns.count))}
    filled = segments_in_order(connection, columns.filled_at.is_not(None))
    return [each for each in filled if not held[each.id] * _WORTH <= _count(connection, each) <= held[each.id]]


def unindexed(connection: Connection, most: int = 100_000) -> int:
    """How many alerts a search must read through, as none has postings: up to a segment's worth always; at most `most`."""
    filled = segments_in_order(connection, alert_segments.c.filled_at.is_not(None))
    among = or_(*(within(each.after, each.to) for each in stretches_between(filled)))
    some = select(alerts.c.id).where(among).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def spoil(connection: Connection, segments: Iterable[Segment]) -> None:
    """They are read through until they are filled again."""
    mine = alert_segments.c.id.in_([each.id for each in segments])
    connection.execute(update(alert_segments).where(mine).values(filled_at=None))


def settled(connection: Connection, now: datetime) -> datetime:
    """Before this instant every transaction that began has ended: what came before is all there, and stays as it is.

    On SQLite one writes after the other. On PostgreSQL a transaction that has written nothing for a minute is a
    reader's (a backup), and waits for nobody.
    """
    if not is_postgresql(connection):
        return now
    began = connection.execute(_OLDEST_WRITER).scalar_one()
    return now if began is None else min(now, began)


_OLDEST_WRITER = text(
    "SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND (backend_xid IS NOT NULL OR xact_start > clock_timestamp() - interval '1 minute')"
)


# the labels as their text: decoding some thousand of them as fast as can be is what filling costs
_CONTENT = (alerts.c.title, alerts.c.service, alerts.c.group_id, type_coerce(alerts.c.labels, Text))
_labels = msgspec.json.Decoder(dict[str, str]).decode


def _content(title: str, service: str | None, group_id: str | None, labels: str) -> Content:
    return Content(title, service, group_id, _labels(labels))


def _unfilled(connection: Connection, now: datetime) -> Segment | None:
    open_ones = alert_segments.c.filled_at.is_(None), alert_segments.c.opened_at <= settled(connection, now)
    found = segments_in_order(connection, *open_ones)
    return found[-1] if found else None


def _much_changed(connection: Connection, now: datetime) -> Segment | None:
    """One with an alert that changed some time ago."""
    waited = changed_alerts.c.changed_at <= now - _FILLED_AGAIN
    row = connection.execute(
        select(changed_alerts).where(waited).order_by(changed_alerts.c.changed_at).limit(1)
    ).first()
    found = segments_in_order(connection, _holds((row.received_at, row.alert_id))) if row else []
    return found[0] if found else None


def _changed_in(connection: Connection, segment: Segment) -> tuple[tuple[str, int], ...]:
    """Which of its alerts have changed how many times, also those that are gone by now."""
    at = changed_alerts.c.received_at
    rows = connection.execute(select(changed_alerts).where(at >= segment.after[0], at <= segment.to[0]))
    return tuple(
        (row.alert_id, row.times) for row in rows if segment.after < (row.received_at, row.alert_id) <= segment.to
    )


def _holds(point: Point) -> ColumnElement[bool]:
    (at, id), columns = point, alert_segments.c
    return and_(
        or_(columns.after_at < at, and_(columns.after_at == at, columns.after_id < id)),
        or_(columns.to_at > at, and_(columns.to_at == at, columns.to_id >= id)),
    )


def _count(connection: Connection, segment: Segment) -> int:
    statement = select(func.count()).select_from(alerts).where(within(segment.after, segment.to))
    return int(connection.execute(statement).scalar_one())


__all__ = [
    "SIZE",
    "Filled",
    "fill_next",
    "is_any_open",
    "keep_filled",
    "look_again",
    "note_changed",
    "open_segment",
    "settled",
    "spoil",
    "uncovered",
    "unindexed",
]
