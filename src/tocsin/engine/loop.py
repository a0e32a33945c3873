"""The loop: wakes when work is announced or due, claims it, runs it, and tells a person when it can't be done.

A handler that keeps failing delays no other: each row backs off by itself. Deliveries are sent by a few workers a
lane, so a slow provider delays no other lane.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, update

from tocsin.clock import Clock
from tocsin.engine import claims
from tocsin.engine.claims import Claimed, ClaimedDelivery
from tocsin.engine.deadlines import WORK
from tocsin.engine.deliveries import Delivery, Outcome
from tocsin.engine.work import MOST_TRIES, PageLastResort, Registry, backoff
from tocsin.store.database import Database
from tocsin.store.tables.engine import deadlines, deliveries, tasks

_log = logging.getLogger(__name__)
_BATCH = 50
_POLL = timedelta(seconds=5)  # the safety net under announcements
_DEFAULT_CONCURRENCY = 4
_LAST_SECONDS = 1.0  # for what is being sent while the process ends: a hanging provider must not hold it
_DELIVERY_TRIES = 8


@dataclass
class LoopStats:
    """What /readyz and /metrics tell. Lag: how long after its due time a row was claimed, seconds."""

    last_turn_at: datetime | None = None
    lag_seconds: float = 0.0
    worst_lag_seconds: float = 0.0
    done: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)


class Loop:
    """Runs what is due. `start()`/`stop()` in a server; `run_due()` in tests with a simulated clock."""

    def __init__(
        self, database: Database, registry: Registry, clock: Clock, node: str, page_last_resort: PageLastResort
    ) -> None:
        self._database = database
        self._registry = registry
        self._clock = clock
        self._node = node
        self._page_last_resort = page_last_resort
        self._sending: dict[str, set[asyncio.Task[None]]] = {}
        self._awake = asyncio.Event()
        self._stopping = False
        self._turning: asyncio.Task[None] | None = None
        self.stats = LoopStats()

    async def start(self) -> None:
        """Begin turning on this event loop."""
        here = asyncio.get_running_loop()

        def wake(topics: frozenset[str]) -> None:
            if topics & {WORK, "reconnected"}:
                here.call_soon_threadsafe(self._awake.set)

        self._stop_listening = self._database.listen(wake)
        self._turning = asyncio.create_task(self._turn_for_ever(), name="tocsin-loop")

    async def stop(self) -> None:
        """Finish the row at hand, give what is being sent a second, then end.

        What is broken off there has an unknown outcome, as after a crash: the next process sends it again or asks.
        """
        self._stopping = True
        self._awake.set()
        if self._turning:
            await self._turning
            self._stop_listening()
        if sending := [task for lane in self._sending.values() for task in lane]:
            _, late = await asyncio.wait(sending, timeout=_LAST_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def run_due(self) -> int:
        """Run everything that is due now, including what that work makes due; returns how many rows were worked on."""
        total = 0
        while True:
            worked = await self._turn()
            sending = [task for lane in self._sending.values() for task in lane]
            if sending:
                await asyncio.gather(*sending)
            if not worked and not sending:
                return total
            total += worked + len(sending)

    async def _turn_for_ever(self) -> None:
        while not self._stopping:
            try:
                worked = await self._turn()
                wait = timedelta(0) if worked else await self._until_next()
            except Exception:
                # The database is away, or a bug in the loop itself: the rows are safe; say so and try again.
                _log.exception("the loop could not turn; trying again")
                wait = timedelta(seconds=1)
            if wait > timedelta(0):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), wait.total_seconds())
            self._awake.clear()

    async def _until_next(self) -> timedelta:
        due = await self._database.read_async(claims.next_due)
        if due is None:
            return _POLL
        # Rows that can't be worked on yet (a lane is full) must not make the loop spin.
        return min(max(due - self._clock.now(), timedelta(milliseconds=5)), _POLL)

    async def _turn(self) -> int:
        worked = 0
        for table in (deadlines, tasks):
            claimed = await self._claim(table)
            for one in claimed:
                if self._stopping:
                    return worked  # what is left is freed as this node leaves
                await self._run(one)
            worked += len(claimed)
        worked += await self._send_due()
        self.stats.last_turn_at = self._clock.now()
        return worked

    async def _claim(self, table: object) -> list[Claimed]:
        assert table is deadlines or table is tasks
        which = deadlines if table is deadlines else tasks
        if not await self._database.read_async(lambda c: claims.has_due(c, which, self._clock.now())):
            return []
        claimed = await self._database.write_async(lambda c, now: claims.claim_jobs(c, which, self._node, now, _BATCH))
        if claimed:
            lag = max((self._clock.now() - one.job.due_at).total_seconds() for one in claimed)
            self.stats.lag_seconds = max(lag, 0.0)
            self.stats.worst_lag_seconds = max(self.stats.worst_lag_seconds, self.stats.lag_seconds)
        else:
            self.stats.lag_seconds = 0.0
        return claimed

    async def _run(self, claimed: Claimed) -> None:
        kind = claimed.job.kind
        handlers = self._registry.deadlines if claimed.table is deadlines else self._registry.tasks
        handler = handlers.get(kind)

        def work(connection: Connection, now: datetime) -> None:
            if not claims.holds(connection, claimed):
                return
            if handler is None:
                raise LookupError(f"no handler for {kind!r} in this version")
            handler(connection, claimed.job, now)
            claims.finish(connection, claimed, now)

        try:
            await self._database.write_async(work)
            self.stats.done[kind] = self.stats.done.get(kind, 0) + 1
        except Exception as error:
            _log.exception("%s failed for %s %s", kind, claimed.job.subject_kind, claimed.job.subject_id)
            self.stats.failed[kind] = self.stats.failed.get(kind, 0) + 1
            await self._failed(claimed, f"{type(error).__name__}: {error}")

    async def _failed(self, claimed: Claimed, error: str) -> None:
        def record(connection: Connection, now: datetime) -> bool:
            return claims.fail(connection, claimed, error, now)

        if await self._database.write_async(record):
            what = f"{claimed.job.kind} for {claimed.job.subject_kind} {claimed.job.subject_id}: {error}"
            await self._database.write_async(lambda c, now: self._page_last_resort(c, what, now))

    async def _send_due(self) -> int:
        now = self._clock.now()
        lanes = await self._database.read_async(lambda c: claims.due_lanes(c, now))
        started = 0
        for lane in lanes:
            busy = self._sending.setdefault(lane, set())
            room = self._registry.lanes.get(lane, _DEFAULT_CONCURRENCY) - len(busy)
            if room <= 0:
                continue
            claimed = await self._database.write_async(partial(self._claim_deliveries, lane, room))
            for one in claimed:
                task = asyncio.create_task(self._deliver(one), name=f"deliver-{lane}")
                busy.add(task)
                task.add_done_callback(busy.discard)
                task.add_done_callback(lambda _: self._awake.set())
            started += len(claimed)
        return started

    def _claim_deliveries(self, lane: str, limit: int, connection: Connection, now: datetime) -> list[ClaimedDelivery]:
        return claims.claim_deliveries(connection, lane, tuple(self._registry.senders), self._node, now, limit)

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        delivery = claimed.delivery
        sender = self._registry.senders[delivery.kind]
        try:
            prepared = await self._database.write_async(lambda c, now: sender.prepare(c, delivery, now))
            if prepared is None:
                outcome = Outcome(state="dropped", error="not needed any more")
            else:
                outcome = await sender.send(delivery, prepared)
        except Exception as error:  # an adapter may raise anything; it is an outcome, and told
            _log.exception("delivery %s by %s failed", delivery.kind, delivery.lane)
            outcome = Outcome(state="retry", error=f"{type(error).__name__}: {error}")
        if outcome.state == "retry" and delivery.attempt >= _DELIVERY_TRIES:
            outcome = Outcome(state="failed", receipt=outcome.receipt, error=outcome.error)
        try:
            await self._database.write_async(lambda c, now: self._record(c, claimed, outcome, now))
        except Exception as error:
            _log.exception("the outcome of delivery %s could not be recorded", delivery.id)
            if delivery.attempt >= MOST_TRIES:
                what = f"recording delivery {delivery.kind}: {type(error).__name__}: {error}"
                await self._database.write_async(lambda c, now: self._page_last_resort(c, what, now))

    def _record(self, connection: Connection, claimed: ClaimedDelivery, outcome: Outcome, now: datetime) -> None:
        delivery: Delivery = claimed.delivery
        values: dict[str, object] = {"lease_owner": None, "lease_until": None, "error": outcome.error}
        if outcome.state == "retry":
            after = outcome.retry_after
            wait = timedelta(seconds=after) if after is not None else backoff(delivery.attempt, claims.jitter())
            values |= {"state": "waiting", "next_try_at": now + wait}
        else:
            state = {"sent": "sent", "failed": "failed", "dropped": "cancelled"}[outcome.state]
            values |= {"state": state, "ended_at": now, "receipt": dict(outcome.receipt)}
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == delivery.id, deliveries.c.fence == claimed.fence)
            .values(**values)
        )
        # A late outcome is recorded by the stage even though its lease was lost.
        self._registry.senders[delivery.kind].record(connection, delivery, outcome, now)
