"""What one commit keeps of many requests: their signals by the fold, their bodies, what was set aside, and the counts."""

import logging
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Text, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError

from tocsin.engine.deadlines import WantedDeadline, reconcile
from tocsin.errors import Unavailable
from tocsin.ids import new_id
from tocsin.intake.signal import IntegrationRef, Parsed, Received, SetAside, clipped, storable
from tocsin.intake.usecases import TOPIC, Fold, owe_asks
from tocsin.store.database import announce
from tocsin.store.prepared import Prepared, json_text, savepoint
from tocsin.store.tables.intake import bodies, integration_activity, set_aside

KEPT = timedelta(hours=72)
SWEEP = "intake_bodies_old"
_SWEEP_EVERY = timedelta(hours=1)
_WORTH_COMPRESSING = 1024  # bytes of one commit
_log = logging.getLogger(__name__)


class Request(msgspec.Struct, frozen=True):
    """One request that was read: what it held and the body itself. `refused`: nothing in it could be read."""

    integration: IntegrationRef
    body: bytes
    parsed: Parsed
    refused: bool = False


class Kept(msgspec.Struct, frozen=True):
    """What is on disk now: how many signals, and under which ids what was set aside can be found."""

    accepted: int
    set_aside: tuple[tuple[str, SetAside], ...]


def store_requests(
    connection: Connection, requests: Sequence[Request], fold: Fold, now: datetime, *, hopeful: bool = False
) -> list[Kept]:
    """Bodies, signals, what was set aside and the counts, in this transaction; what is kept of each request.

    `hopeful`: a signal that can't be stored raises, which ends the transaction; else it alone is set aside. Nearly
    always all can be, and the savepoints that it takes to find the one cost several round trips to a database.
    """
    stale: Mapping[str, int] = {}
    poison: list[tuple[_Item, str]] = []
    if hopeful:
        received = [Received(request.integration, each) for request in requests for each in request.parsed.signals]
        stale = fold(connection, received, now, hopeful=True) if received else {}
    else:
        items = [
            _Item(index, Received(request.integration, signal))
            for index, request in enumerate(requests)
            for signal in request.parsed.signals
        ]
        poison, stale = _fold_apart(connection, items, fold, now)
    aside: list[list[tuple[str, SetAside]]] = [
        [(new_id(), part) for part in request.parsed.set_aside] for request in requests
    ]
    for item, reason in poison:
        aside[item.request].append((new_id(), _poisoned(requests[item.request], item, reason)))
    for request in requests:
        if request.parsed.asks:
            owe_asks(connection, request.integration, request.parsed.asks, now)
    _insert_set_aside(connection, requests, aside, now)
    _insert_bodies(connection, requests, now)
    _count(connection, requests, stale, now)
    lost = [0] * len(requests)
    for item, _ in poison:
        lost[item.request] += 1
    return [
        Kept(len(request.parsed.signals) + len(request.parsed.asks) - lost[index], tuple(aside[index]))
        for index, request in enumerate(requests)
    ]


@dataclass(frozen=True)
class _Item:
    request: int
    received: Received


def _fold_apart(
    connection: Connection, items: Sequence[_Item], fold: Fold, now: datetime
) -> tuple[list[tuple[_Item, str]], Counter[str]]:
    """Fold all at once; what fails is folded by halves, until the one bad signal stands alone and is told why.

    Returns the bad ones, and of the others by integration how many changed nothing.
    """
    if not items:
        return [], Counter()
    try:
        with savepoint(connection, "fold_apart"):
            return [], Counter(fold(connection, [item.received for item in items], now))
    except Exception as error:
        if concerns_all(error):
            raise
        if len(items) == 1:
            _log.warning("one signal could not be stored", exc_info=error)
            return [(items[0], f"it could not be stored: {_first_line(error)}")], Counter()
        half = len(items) // 2
        parts = [_fold_apart(connection, some, fold, now) for some in (items[:half], items[half:])]
        return [*parts[0][0], *parts[1][0]], parts[0][1] + parts[1][1]


def concerns_all(error: BaseException) -> bool:
    """Whether the database is away, full or asks for the whole transaction again: no signal is to blame then."""
    if isinstance(error, OperationalError | Unavailable):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _first_line(error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return said[0] if said else type(error).__name__


def _poisoned(request: Request, item: _Item, reason: str) -> SetAside:
    # the whole body: taking it in again changes nothing for the signals that were kept
    place = f"dedup key {clipped(item.received.signal.dedup_key, 100)!r}"
    return SetAside(place, clipped(reason, 500), storable(request.body.decode("utf-8", "replace")))


def _insert_bodies(connection: Connection, requests: Sequence[Request], now: datetime) -> None:
    index: list[dict[str, Any]] = []
    offset = 0
    for request in requests:
        index.append({"integration": request.integration.id, "offset": offset, "length": len(request.body)})
        offset += len(request.body)
    whole = b"".join([request.body for request in requests])
    content = zlib.compress(whole, 1) if len(whole) >= _WORTH_COMPRESSING else whole
    _INSERT_BODIES.run(connection, id=new_id(), at=now, index_text=json_text(index), content=content)


def _insert_set_aside(
    connection: Connection, requests: Sequence[Request], aside: Sequence[Sequence[tuple[str, SetAside]]], now: datetime
) -> None:
    rows = [
        {
            "id": id,
            "integration_id": request.integration.id,
            "at": now,
            "place": part.place,
            "reason": part.reason,
            "content": part.content,
            "state": "waiting",
        }
        for request, parts in zip(requests, aside, strict=True)
        for id, part in parts
    ]
    if rows:
        connection.execute(insert(set_aside), rows)
        announce(connection, TOPIC)


def _count(connection: Connection, requests: Sequence[Request], stale: Mapping[str, int], now: datetime) -> None:
    """Add to each integration's counts, in the order of their ids, so that two processes never wait in a ring."""
    for integration_id in sorted({request.integration.id for request in requests}):
        mine = [request for request in requests if request.integration.id == integration_id]
        _ADD_ACTIVITY.run(
            connection,
            integration_id=integration_id,
            last_at=now,
            requests=len(mine),
            signals=sum(len(request.parsed.signals) for request in mine),
            stale=stale.get(integration_id, 0),
            refused=sum(request.refused for request in mine),
            limited=0,
        )


def want_sweep(connection: Connection, now: datetime, *, present: WantedDeadline | None = None) -> None:
    """See that bodies older than 72 h are removed at each full hour; `present` is the deadline that is being handled."""
    due = now.replace(minute=0, second=0, microsecond=0) + _SWEEP_EVERY
    wanted = [WantedDeadline(SWEEP, due.isoformat(), due)]
    reconcile(connection, "intake", "bodies", [present, *wanted] if present else wanted, now)


def bodies_in(content: bytes, index: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """Each request's body out of a kept row; those that were too short for compressing them stand as they came."""
    whole = content if sum(each["length"] for each in index) < _WORTH_COMPRESSING else zlib.decompress(content)
    return [whole[each["offset"] : each["offset"] + each["length"]] for each in index]


def _add_activity(insert_into: Any) -> Any:
    statement = insert_into(integration_activity)
    given, known = statement.excluded, integration_activity.c
    sums = {name: known[name] + given[name] for name in ("requests", "signals", "stale", "refused")}
    return statement.on_conflict_do_update(index_elements=["integration_id"], set_={"last_at": given.last_at, **sums})


_INSERT_BODIES = Prepared(
    insert(bodies).values(
        id=bindparam("id"),
        at=bindparam("at"),
        index=bindparam("index_text", type_=Text),
        content=bindparam("content"),
    )
)
_ADD_ACTIVITY = Prepared(_add_activity(sqlite.insert), _add_activity(postgresql.insert))

__all__ = ["Kept", "Request", "bodies_in", "concerns_all", "store_requests", "want_sweep"]
