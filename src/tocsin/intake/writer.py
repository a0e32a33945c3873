"""Group commit: while one transaction is being made durable, the requests that arrive are gathered for the next.

A request is answered only after the commit that holds it. One transaction carries many requests, so that a storm
costs a few commits and a quiet night's single alert waits for nobody.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec
from sqlalchemy import Connection

from tocsin.errors import Unavailable
from tocsin.intake.keeping import Kept, Request, concerns_all, store_requests, want_sweep
from tocsin.intake.usecases import Fold
from tocsin.store.database import Database

_MOST_REQUESTS = 500
_MOST_SIGNALS = 5_000
_MOST_WAITING_BYTES = 64 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass
class WriterStats:
    """What /metrics tells of intake."""

    commits: int = 0
    requests: int = 0
    signals: int = 0
    failed: int = 0
    largest: int = 0


Answer = Callable[[Kept | BaseException], None]
"""Called on the event loop: with what is on disk now, or with why nothing of it is."""


class _Waiting(msgspec.Struct, frozen=True):
    request: Request
    answer: Answer


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
        future: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()

        def answer(kept: Kept | BaseException) -> None:
            if future.done():  # its sender hung up; it is kept all the same
                return
            if isinstance(kept, Kept):
                future.set_result(kept)
            else:
                future.set_exception(kept)

        self.submit(request, answer)
        return await future

    def submit(self, request: Request, answer: Answer) -> None:
        """As `keep`, without a task or a future for each; Unavailable is raised at once where nothing can be taken."""
        if self._stopping:
            raise Unavailable("Tocsin is stopping; send it again in a moment", retry_after=2)
        if self._bytes > _MOST_WAITING_BYTES:
            raise Unavailable("more alerts wait than can be held; send it again in a moment", retry_after=2)
        self._waiting.append(_Waiting(request, answer))
        self._bytes += len(request.body)
        if self._ended is None:
            loop = asyncio.get_running_loop()
            self._ended = loop.create_future()
            loop.call_soon(self._begin, loop)  # after what else has arrived by now

    async def stop(self) -> None:
        """Refuse what comes now and finish what waits."""
        self._stopping = True
        if self._ended is not None:
            await asyncio.shield(self._ended)

    def _begin(self, loop: asyncio.AbstractEventLoop, again: "list[_Waiting] | None" = None) -> None:
        batch = self._take() if again is None else again
        hopeful = again is None
        try:
            commit = self._database.submit(partial(self._store, batch, hopeful), remembers=hopeful)
        except Exception as error:  # the database is closing
            loop.call_soon(self._fail, loop, batch, error)
            return
        commit.add_done_callback(lambda commit: loop.call_soon_threadsafe(self._end, loop, batch, hopeful, commit))

    def _end(
        self, loop: asyncio.AbstractEventLoop, batch: "list[_Waiting]", hopeful: bool, commit: "Future[list[Kept]]"
    ) -> None:
        error = commit.exception()
        if error is not None and hopeful and not concerns_all(error):
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
        for waiting, each in zip(batch, kept, strict=True):
            waiting.answer(each)

    def _fail(self, loop: asyncio.AbstractEventLoop, batch: "list[_Waiting]", error: BaseException) -> None:
        self.stats.failed += 1
        if not isinstance(error, Unavailable):
            _log.error("a commit of %d requests failed", len(batch), exc_info=error)
        self._go_on(loop)
        for waiting in batch:
            waiting.answer(error)

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


__all__ = ["Answer", "Kept", "Request", "Writer"]
