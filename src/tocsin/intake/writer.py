"""Group commit: while one transaction is being made durable, the requests that arrive are gathered for the next.

A request is answered only after the commit that holds it. One transaction carries many requests, so that a storm
costs a few commits and a quiet night's single alert waits for nobody.
"""

import asyncio
import logging
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError

from tocsin.engine.deadlines import WantedDeadline, reconcile
from tocsin.errors import Unavailable
from tocsin.ids import new_id
from tocsin.intake.signal import IntegrationRef, Parsed, Received, SetAside, clipped, storable
from tocsin.intake.usecases import TOPIC, Fold, owe_asks
from tocsin.store.database import Database, announce
from tocsin.store.prepared import Prepared, savepoint
from tocsin.store.tables.intake import bodies, integration_activity, set_aside

KEPT = timedelta(hours=72)
SWEEP = "intake_bodies_old"
_SWEEP_EVERY = timedelta(hours=1)
_MOST_REQUESTS = 500
_MOST_SIGNALS = 5_000
_MOST_WAITING_BYTES = 64 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """One request that was read: what it held and the body itself. `refused`: nothing in it could be read."""

    integration: IntegrationRef
    body: bytes
    parsed: Parsed
    refused: bool = False


@dataclass(frozen=True)
class Kept:
    """What is on disk now: how many signals, and under which ids what was set aside can be found."""

    accepted: int
    set_aside: tuple[tuple[str, SetAside], ...]


@dataclass
class WriterStats:
    """What /metrics tells of intake."""

    commits: int = 0
    requests: int = 0
    signals: int = 0
    failed: int = 0
    largest: int = 0


@dataclass(frozen=True)
class _Waiting:
    request: Request
    future: "asyncio.Future[Kept]"


class Writer:
    """Gathers requests into commits. One for each process, used on one event loop."""

    def __init__(self, database: Database, fold: Fold) -> None:
        self._database = database
        self._fold = fold
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._ended: asyncio.Future[None] | None = None  # of the commits that follow each other now, the last one's end
        self._stopping = False
        self.stats = WriterStats()

    async def keep(self, request: Request) -> Kept:
        """Return once the request is on disk. Unavailable when it can't be now: nothing of it was kept then."""
        return await self.submit(request)

    def submit(self, request: Request) -> "asyncio.Future[Kept]":
        """As `keep`, without a task of its own; Unavailable is raised at once where nothing can be taken."""
        if self._stopping:
            raise Unavailable("Tocsin is stopping; send it again in a moment", retry_after=2)
        if self._bytes > _MOST_WAITING_BYTES:
            raise Unavailable("more alerts wait than can be held; send it again in a moment", retry_after=2)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, loop.create_future())
        self._waiting.append(waiting)
        self._bytes += len(request.body)
        if self._ended is None:
            self._ended = loop.create_future()
            loop.call_soon(self._begin, loop)  # after what else has arrived by now
        return waiting.future

    async def stop(self) -> None:
        """Refuse what comes now and finish what waits."""
        self._stopping = True
        if self._ended is not None:
            await asyncio.shield(self._ended)

    def _begin(self, loop: asyncio.AbstractEventLoop, again: "list[_Waiting] | None" = None) -> None:
        batch = self._take() if again is None else again
        hopeful = again is None
        try:
            commit = self._database.submit(partial(self._store, batch, hopeful))
        except Exception as error:  # the database is closing
            loop.call_soon(self._fail, loop, batch, error)
            return
        commit.add_done_callback(lambda commit: loop.call_soon_threadsafe(self._end, loop, batch, hopeful, commit))

    def _end(
        self, loop: asyncio.AbstractEventLoop, batch: "list[_Waiting]", hopeful: bool, commit: "Future[list[Kept]]"
    ) -> None:
        error = commit.exception()
        if error is not None and hopeful and not _concerns_all(error):
            self._begin(loop, batch)  # one of them is to blame, or another process was quicker
            return
        if error is not None:
            self._fail(loop, batch, error)
            return
        self._go_on(loop)  # the next commit is made while this one's senders are answered
        kept = commit.result()
        self.stats.commits += 1
        self.stats.requests += len(batch)
        self.stats.signals += sum(each.accepted for each in kept)
        self.stats.largest = max(self.stats.largest, len(batch))
        for waiting, answer in zip(batch, kept, strict=True):
            if not waiting.future.done():  # else its sender hung up; it is kept all the same
                waiting.future.set_result(answer)

    def _fail(self, loop: asyncio.AbstractEventLoop, batch: "list[_Waiting]", error: BaseException) -> None:
        self.stats.failed += 1
        if not isinstance(error, Unavailable):
            _log.error("a commit of %d requests failed", len(batch), exc_info=error)
        self._go_on(loop)
        for waiting in batch:
            if not waiting.future.done():
                waiting.future.set_exception(error)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting:
            self._begin(loop)
        elif self._ended is not None:
            self._ended.set_result(None)
            self._ended = None

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        signals = 0
        while self._waiting and len(batch) < _MOST_REQUESTS and signals < _MOST_SIGNALS:
            waiting = self._waiting.popleft()
            self._bytes -= len(waiting.request.body)
            signals += len(waiting.request.parsed.signals)
            batch.append(waiting)
        return batch

    def _store(self, batch: Sequence[_Waiting], hopeful: bool, connection: Connection, now: datetime) -> list[Kept]:
        if self.stats.commits == 0:
            want_sweep(connection, now)
        return store_requests(connection, [waiting.request for waiting in batch], self._fold, now, hopeful=hopeful)


def store_requests(
    connection: Connection, requests: Sequence[Request], fold: Fold, now: datetime, *, hopeful: bool = False
) -> list[Kept]:
    """Bodies, signals, what was set aside and the counts, in this transaction; what is kept of each request.

    `hopeful`: a signal that can't be stored raises, which ends the transaction; else it alone is set aside. Nearly
    always all can be, and the savepoints that it takes to find the one cost several round trips to a database.
    """
    items = [
        _Item(index, Received(request.integration, signal))
        for index, request in enumerate(requests)
        for signal in request.parsed.signals
    ]
    stale: dict[str, int] = {}
    if hopeful:
        stale.update(fold(connection, [item.received for item in items], now, hopeful=True) if items else {})
    poison = [] if hopeful else _fold_apart(connection, items, fold, now, stale)
    aside: list[list[tuple[str, SetAside]]] = [
        [(new_id(), part) for part in request.parsed.set_aside] for request in requests
    ]
    for item, reason in poison:
        aside[item.request].append((new_id(), _poisoned(requests[item.request], item, reason)))
    for request in requests:
        if request.parsed.asks:
            owe_asks(connection, request.integration, request.parsed.asks, now)
    _insert_bodies(connection, requests, now)
    _insert_set_aside(connection, requests, aside, now)
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
    connection: Connection, items: Sequence[_Item], fold: Fold, now: datetime, stale: dict[str, int]
) -> list[tuple[_Item, str]]:
    """Fold all at once; what fails is folded by halves, until the one bad signal stands alone and is told why."""
    if not items:
        return []
    try:
        with savepoint(connection, "fold_apart"):
            counted = fold(connection, [item.received for item in items], now)
    except Exception as error:
        if _concerns_all(error):
            raise
        if len(items) == 1:
            _log.warning("one signal could not be stored", exc_info=error)
            return [(items[0], f"it could not be stored: {_first_line(error)}")]
        half = len(items) // 2
        return [
            *_fold_apart(connection, items[:half], fold, now, stale),
            *_fold_apart(connection, items[half:], fold, now, stale),
        ]
    for integration_id, count in counted.items():
        stale[integration_id] = stale.get(integration_id, 0) + count
    return []


def _concerns_all(error: BaseException) -> bool:
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
    content = zlib.compress(b"".join(request.body for request in requests), 1)
    _INSERT_BODIES.run(connection, id=new_id(), at=now, index=index, content=content)


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


def body_at(content: bytes, entry: Mapping[str, Any]) -> bytes:
    """One request's body out of a kept row."""
    return zlib.decompress(content)[entry["offset"] : entry["offset"] + entry["length"]]


def _add_activity(insert_into: Any) -> Any:
    statement = insert_into(integration_activity)
    given, known = statement.excluded, integration_activity.c
    sums = {name: known[name] + given[name] for name in ("requests", "signals", "stale", "refused")}
    return statement.on_conflict_do_update(index_elements=["integration_id"], set_={"last_at": given.last_at, **sums})


_INSERT_BODIES = Prepared(insert(bodies))
_ADD_ACTIVITY = Prepared(_add_activity(sqlite.insert), _add_activity(postgresql.insert))

__all__ = ["Kept", "Request", "Writer", "body_at", "store_requests", "want_sweep"]
