"""The loop: wakes when work is announced or due, claims it, runs it, and tells a person when it can't be done.

A handler that keeps failing delays no other: each row backs off by itself. Deliveries are sent by a few workers a
lane, so a slow provider delays no other lane.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, bindparam, update

from tocsin.clock import Clock
from tocsin.engine import claims
from tocsin.engine.claims import Claimed, ClaimedDelivery
from tocsin.engine.deadlines import WORK
from tocsin.engine.deliveries import Delivery, Outcome
from tocsin.engine.fresh import Fresh, noting
from tocsin.engine.work import MOST_TRIES, PageLastResort, Registry, backoff
from tocsin.store.database import Database
from tocsin.store.prepared import savepoint
from tocsin.store.tables.engine import deadlines, deliveries, tasks

_OUTCOME = update(deliveries).where(
    deliveries.c.id == bindparam("row_id"), deliveries.c.fence == bindparam("row_fence")
)
_log = logging.getLogger(__name__)
_BATCH = 50
_POLL = timedelta(seconds=5)  # the safety net under announcements
_DEFAULT_CONCURRENCY = 4
_LAST_SECONDS = 1.0  # for what is being sent while the process ends: a hanging provider must not hold it
_DELIVERY_TRIES = 8


@dataclass
class LoopStats:
    """What /readyz and /metrics tell. Lag: how long after its due time a row was claimed, seconds; 0 once none is due."""

    last_turn_at: datetime | None = None
    lag_seconds: float = 0.0
    worst_lag_seconds: float = 0.0
    done: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Ready:
    """A delivery held by this node and what to send, or the outcome that it has without being sent."""

    claimed: ClaimedDelivery
    content: Mapping[str, Any] | None
    outcome: Outcome | None


@dataclass
class _Done:
    """What came of one row's transaction: the kinds that were done, what is claimed, what is to be sent."""

    kinds: list[str] = field(default_factory=list)
    claimed: list[Claimed] = field(default_factory=list)
    ready: list[_Ready] = field(default_factory=list)


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
        self._told = False  # that there is work, so that looking for it first would only cost time
        self._stopping = False
        self._turning: asyncio.Task[None] | None = None
        self.stats = LoopStats()

    async def start(self) -> None:
        """Begin turning on this event loop."""
        here = asyncio.get_running_loop()

        def wake(topics: frozenset[str]) -> None:
            if topics & {WORK, "reconnected"}:
                here.call_soon_threadsafe(self._wake)

        self._stop_listening = self._database.listen(wake)
        self._turning = asyncio.create_task(self._turn_for_ever(), name="tocsin-loop")

    def _wake(self) -> None:
        self._told = True
        self._awake.set()

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
        claimed = deque(await self._claim())
        worked = 0
        while claimed:
            if self._stopping:
                return worked  # what is left is freed as this node leaves
            claimed.extendleft(await self._run(claimed.popleft()))
            worked += 1
        worked += await self._send_due()
        self.stats.last_turn_at = self._clock.now()
        return worked

    async def _claim(self) -> list[Claimed]:
        told, self._told = self._told, False
        if not told and not await self._database.read_async(lambda c: claims.has_due(c, self._clock.now())):
            self.stats.lag_seconds = 0.0
            return []
        claimed = await self._database.write_async(
            lambda c, now: [
                *claims.claim_jobs(c, deadlines, self._node, now, _BATCH),
                *claims.claim_jobs(c, tasks, self._node, now, _BATCH),
            ]
        )
        lag = max(((self._clock.now() - one.job.due_at).total_seconds() for one in claimed), default=0.0)
        self.stats.lag_seconds = max(lag, 0.0)
        self.stats.worst_lag_seconds = max(self.stats.worst_lag_seconds, self.stats.lag_seconds)
        return claimed

    async def _run(self, claimed: Claimed) -> list[Claimed]:
        """Do one row's work; returns what that made due at once, claimed in the same commit. What it sends leaves now."""
        kind = claimed.job.kind
        handlers = self._registry.deadlines if claimed.table is deadlines else self._registry.tasks
        handler = handlers.get(kind)

        def work(connection: Connection, now: datetime) -> _Done:
            done = _Done()
            if not claims.holds(connection, claimed):
                return done
            if handler is None:
                raise LookupError(f"no handler for {kind!r} in this version")
            with noting(connection) as fresh:
                handler(connection, claimed.job, now)
                claims.finish(connection, claimed, now)
                done.kinds.append(kind)
                self._do_at_once(connection, fresh, done, now)
            if not self._stopping:
                self._claim_fresh(connection, fresh, done, now)
            return done

        try:
            done = await self._database.write_async(work)
            for each in done.kinds:
                self.stats.done[each] = self.stats.done.get(each, 0) + 1
            self._begin_sending(done.ready)
            return done.claimed
        except Exception as error:
            _log.exception("%s failed for %s %s", kind, claimed.job.subject_kind, claimed.job.subject_id)
            self.stats.failed[kind] = self.stats.failed.get(kind, 0) + 1
            await self._failed(claimed, f"{type(error).__name__}: {error}")
            return []

    def _do_at_once(self, connection: Connection, fresh: list[Fresh], done: _Done, now: datetime) -> None:
        """Do in this transaction what it made due, of the kinds that may be; what fails there gets a turn of its own."""
        for each in list(fresh):
            if each.table is not deadlines or each.kind not in self._registry.at_once:
                continue
            try:
                with savepoint(connection, "at_once"):
                    for one in claims.claim_jobs(connection, each.table, self._node, now, 1, among=[each.id]):
                        self._registry.deadlines[each.kind](connection, one.job, now)
                        claims.finish(connection, one, now)
            except Exception:
                if connection.invalidated:
                    raise
                _log.warning("%s could not be done at once", each.kind, exc_info=True)
            else:
                fresh.remove(each)
                done.kinds.append(each.kind)

    def _claim_fresh(self, connection: Connection, fresh: Sequence[Fresh], done: _Done, now: datetime) -> None:
        """Claim what else it made due, and say what is to be sent at once."""
        ids: dict[Table, list[str]] = {}
        for each in fresh:
            ids.setdefault(each.table, []).append(each.id)
        sent = ids.pop(deliveries, None)
        for table, some in ids.items():
            done.claimed += claims.claim_jobs(connection, table, self._node, now, _BATCH, among=some)
        if sent:
            rooms = {lane: self._room(lane) for lane in claims.due_lanes(connection, now, among=sent)}
            done.ready += self._make_ready(rooms, sent, connection, now)

    async def _failed(self, claimed: Claimed, error: str) -> None:
        def record(connection: Connection, now: datetime) -> bool:
            return claims.fail(connection, claimed, error, now)

        if await self._database.write_async(record):
            what = f"{claimed.job.kind} for {claimed.job.subject_kind} {claimed.job.subject_id}: {error}"
            await self._database.write_async(lambda c, now: self._page_last_resort(c, what, now))

    async def _send_due(self) -> int:
        now = self._clock.now()
        lanes = await self._database.read_async(lambda c: claims.due_lanes(c, now))
        rooms = {lane: self._room(lane) for lane in lanes}
        if not any(room > 0 for room in rooms.values()):
            return 0
        ready = await self._database.write_async(partial(self._make_ready, rooms, None))
        self._begin_sending(ready)
        return len(ready)

    def _begin_sending(self, ready: Sequence[_Ready]) -> None:
        for one in ready:
            lane = one.claimed.delivery.lane
            busy = self._sending.setdefault(lane, set())
            task = asyncio.create_task(self._deliver(one), name=f"deliver-{lane}")
            busy.add(task)
            task.add_done_callback(busy.discard)
            task.add_done_callback(lambda _: self._awake.set())

    def _room(self, lane: str) -> int:
        return self._registry.lanes.get(lane, _DEFAULT_CONCURRENCY) - len(self._sending.get(lane, ()))

    def _make_ready(
        self, rooms: Mapping[str, int], among: Collection[str] | None, connection: Connection, now: datetime
    ) -> list[_Ready]:
        """Claim what may be sent and say what to send, in the same transaction: a page waits for one commit less."""
        kinds = tuple(self._registry.senders)
        return [
            self._prepared(connection, one, now)
            for lane, room in rooms.items()
            if room > 0
            for one in claims.claim_deliveries(connection, lane, kinds, self._node, now, room, among)
        ]

    def _prepared(self, connection: Connection, claimed: ClaimedDelivery, now: datetime) -> _Ready:
        sender = self._registry.senders[claimed.delivery.kind]
        try:
            with savepoint(connection, "prepare"):
                content = sender.prepare(connection, claimed.delivery, now)
        except Exception as error:
            if connection.invalidated:
                raise
            return _Ready(claimed, None, self._raised(claimed.delivery, error))
        if content is None:
            return _Ready(claimed, None, Outcome(state="dropped", error="not needed any more"))
        return _Ready(claimed, content, None)

    @staticmethod
    def _raised(delivery: Delivery, error: Exception) -> Outcome:
        # an adapter may raise anything; it is an outcome, and told
        _log.error("delivery %s by %s failed", delivery.kind, delivery.lane, exc_info=error)
        return Outcome(state="retry", error=f"{type(error).__name__}: {error}")

    async def _deliver(self, ready: _Ready) -> None:
        claimed, delivery = ready.claimed, ready.claimed.delivery
        sender = self._registry.senders[delivery.kind]
        if ready.outcome is not None or ready.content is None:
            outcome = ready.outcome or Outcome(state="dropped")
        else:
            try:
                outcome = await sender.send(delivery, ready.content)
            except Exception as error:
                outcome = self._raised(delivery, error)
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
        connection.execute(_OUTCOME, {"row_id": delivery.id, "row_fence": claimed.fence, **values})
        # A late outcome is recorded by the stage even though its lease was lost.
        self._registry.senders[delivery.kind].record(connection, delivery, outcome, now)
