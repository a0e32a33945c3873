"""Appending to and reading from the entries of an incident. Callers hold the incident's head row locked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from tocsin.identity.actor import Actor
from tocsin.identity.keys import keys_of
from tocsin.ids import new_id
from tocsin.store.columns import lock_rows
from tocsin.store.tables.core import installation
from tocsin.store.tables.timeline import entries, incidents
from tocsin.timeline.chain import GENESIS, Link, forge, head_message, read
from tocsin.timeline.entry import ActorRef, Entry, NewFact

HEAD = "head"
COUNTER = "counter"
_COUNTER_NAME = "incident_counter"


def next_number(connection: Connection) -> int:
    """Take the next incident number: no gaps, as the counter is taken in the transaction that declares."""
    row = connection.execute(
        lock_rows(connection, select(installation.c.value).where(installation.c.name == _COUNTER_NAME))
    ).scalar()
    number = int(row.split(":", 1)[0]) + 1 if row else 1
    value = f"{number}:{keys_of(connection).sign(COUNTER, str(number))}"
    if row is None:
        connection.execute(insert(installation).values(name=_COUNTER_NAME, value=value))
    else:
        connection.execute(update(installation).where(installation.c.name == _COUNTER_NAME).values(value=value))
    return number


def counter(connection: Connection) -> tuple[int, str]:
    """The last incident number given and the counter's signature; (0, '') before the first."""
    row = connection.execute(select(installation.c.value).where(installation.c.name == _COUNTER_NAME)).scalar()
    if row is None:
        return 0, ""
    number, _, signature = row.partition(":")
    return int(number), signature


def append(
    connection: Connection,
    incident_id: str,
    actor: Actor,
    facts: Sequence[NewFact],
    now: datetime,
    *,
    seq: int,
    head_hash: str,
    last_recorded_at: datetime | None,
) -> list[Entry]:
    """Append facts after entry `seq`, whose hash is `head_hash`; returns the new entries.

    `recorded_at` never steps back: it is the later of `now` and the previous entry's. A claimed `happened_at` after
    `recorded_at` is taken as `recorded_at`. The caller writes the head (`sign_head`).
    """
    recorded_at = max(now, last_recorded_at) if last_recorded_at else now
    appended, rows = [], []
    prev = head_hash or GENESIS
    for new in facts:
        seq += 1
        happened_at = min(new.happened_at, recorded_at) if new.happened_at else recorded_at
        entry = Entry(
            incident_id=incident_id,
            seq=seq,
            id=new_id(),
            actor=ActorRef.of(actor),
            happened_at=happened_at,
            recorded_at=recorded_at,
            fact=new.fact,
            hash="",
        )
        link = forge(entry, prev)
        prev = link.hash
        appended.append(entry.model_copy(update={"hash": link.hash}))
        rows.append(_row(entry, link))
    if rows:
        connection.execute(insert(entries), rows)
    return appended


def _row(entry: Entry, link: Link) -> dict[str, Any]:
    return {
        "incident_id": entry.incident_id,
        "seq": entry.seq,
        "id": entry.id,
        "kind": entry.kind,
        "actor_kind": entry.actor.kind,
        "actor_id": entry.actor.id,
        "happened_at": entry.happened_at,
        "recorded_at": entry.recorded_at,
        "body": link.body,
        "texts": link.texts,
        "salts": link.salts,
        "prev": link.prev,
        "hash": link.hash,
    }


def sign_head(connection: Connection, incident_id: str, seq: int, head_hash: str) -> str:
    """The signature of a head."""
    return keys_of(connection).sign(HEAD, head_message(incident_id, seq, head_hash))


def link_of(row: Row[Any]) -> Link:
    """The stored link of a row of `entries`."""
    return Link(
        body=row.body.encode() if isinstance(row.body, str) else bytes(row.body),  # SQLite lets a tamperer change types
        texts=row.texts,
        salts=row.salts,
        prev=row.prev,
        hash=row.hash,
        redacted_by=row.redacted_by,
    )


def read_entries(
    connection: Connection,
    incident_id: str,
    *,
    after: int = 0,
    limit: int | None = None,
    kinds: Iterable[str] | None = None,
) -> list[Entry]:
    """Entries of one incident in the order of `seq`, after a seq. The caller has checked that the actor may see it."""
    query = select(entries).where(entries.c.incident_id == incident_id, entries.c.seq > after).order_by(entries.c.seq)
    if kinds is not None:
        query = query.where(entries.c.kind.in_(tuple(kinds)))
    if limit is not None:
        query = query.limit(limit)
    return [read(link_of(row)) for row in connection.execute(query)]


def head_of(connection: Connection, incident_id: str) -> Row[Any] | None:
    """The head row of an incident, unlocked."""
    return connection.execute(select(incidents).where(incidents.c.id == incident_id)).one_or_none()
