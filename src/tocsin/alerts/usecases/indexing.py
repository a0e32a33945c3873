"""What keeps the index of old alerts beside the intake: it reads and reckons on its own time, and writes little."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Literal

from tocsin.alerts.usecases import segments
from tocsin.store.database import Database

EVERY = timedelta(seconds=2)
_SETTLED = timedelta(seconds=8)
_BETWEEN = 0.05  # seconds at least, and as many as it worked, that are the intake's while there is much to do
_STORM = 1_000  # alerts a second
_MOST_BEHIND = 300_000  # alerts that a search reads through, in a storm
_SHARE = 3  # beyond that, and while the storm lasts, it rests three times as long as it worked
_WAITS = 0.5  # seconds
_LOOK_AGAIN = timedelta(hours=1)
_log = logging.getLogger(__name__)


def index_once(database: Database, size: int = segments.SIZE) -> Literal["filled", "waits", "done"]:
    """Open one segment, fill one. `waits`: one is open that can't be filled yet, or that another process fills."""
    now = database.clock.now()
    wanted = database.read(lambda c: segments.uncovered(c, now, size))
    if wanted is not None:
        database.write(lambda c, at: segments.open_segment(c, wanted, at))
    filled = database.read(lambda c: segments.fill_next(c, database.clock.now()))
    if filled is not None:
        database.write(lambda c, at: segments.keep_filled(c, filled, at))
        return "filled"
    return "waits" if database.read(segments.is_any_open) else "done"


def look_again(database: Database) -> None:
    """Have segments filled again from which alerts were removed, or into which one came late."""
    late = database.read(segments.look_again)
    if late:
        database.write(lambda c, _: segments.spoil(c, late))


class SearchKeeper:
    """Runs while the server does; after alerts came, at most every two seconds.

    `taken`: how many alerts this process has taken so far.
    """

    def __init__(self, database: Database, taken: Callable[[], int]) -> None:
        self._database, self._taken = database, taken
        self._came = asyncio.Event()
        self._again = False
        self._counted, self._counted_at = taken(), time.monotonic()
        self._tasks: list[asyncio.Task[None]] = []
        self._stop_listening: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """From now on."""
        loop = asyncio.get_running_loop()

        def heard(topics: frozenset[str]) -> None:
            if "alerts" in topics:
                self._again = True
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._came.set)

        self._came.set()
        self._stop_listening = self._database.listen(heard)
        self._tasks = [
            asyncio.create_task(self._for_ever(EVERY, self._index)),
            asyncio.create_task(self._for_ever(_LOOK_AGAIN, partial(asyncio.to_thread, look_again, self._database))),
        ]

    async def stop(self) -> None:
        """What it is at comes to its end or to nothing."""
        self._stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _index(self) -> None:
        await self._came.wait()
        self._came.clear()
        if self._again:  # the newest are left alone until all that began with them has ended
            self._again = False
            asyncio.get_running_loop().call_later(_SETTLED.total_seconds(), self._came.set)
        did = ""
        while did != "done":
            storms = self._storms()
            if storms and await self._may_wait():
                await asyncio.sleep(EVERY.total_seconds())
                continue
            began = time.monotonic()
            did = await asyncio.to_thread(index_once, self._database)
            worked = time.monotonic() - began
            rests = _SHARE * worked if storms else max(_BETWEEN, worked)
            await asyncio.sleep(_WAITS if did == "waits" else rests)

    def _storms(self) -> bool:
        """Whether so many alerts come in that the machine should be the intake's."""
        now, taken = time.monotonic(), self._taken()
        rate = (taken - self._counted) / max(now - self._counted_at, 0.1)
        self._counted, self._counted_at = taken, now
        return rate >= _STORM

    async def _may_wait(self) -> bool:
        """Whether search does not have to read through far too much yet."""
        behind = await self._database.read_async(lambda c: segments.unindexed(c, _MOST_BEHIND + 1))
        return behind <= _MOST_BEHIND

    async def _for_ever(self, every: timedelta, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception:  # the next time finds what this one left
                _log.warning("the index of alerts could not be kept; search reads more meanwhile", exc_info=True)
            await asyncio.sleep(every.total_seconds())


__all__ = ["EVERY", "SearchKeeper", "index_once", "look_again"]
