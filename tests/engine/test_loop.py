"""The loop does what is due once, survives what fails, and tells a person what it can't do."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from tocsin.clock import SimulatedClock
from tocsin.engine import claims, nodes
from tocsin.engine.deadlines import WantedDeadline, reconcile
from tocsin.engine.deliveries import Delivery, OnUnknown, Outcome, cancel_waiting, send_later
from tocsin.engine.loop import Loop
from tocsin.engine.tasks import owe
from tocsin.engine.work import Job, Registry
from tocsin.store.database import Database
from tocsin.store.tables.engine import deliveries, tasks

SECOND = timedelta(seconds=1)


class House:
    """A loop with handlers that a test steers."""

    def __init__(self, database: Database, clock: SimulatedClock) -> None:
        self.database, self.clock = database, clock
        self.done: list[str] = []
        self.told: list[str] = []
        self.broken: set[str] = set()
        self.registry = Registry()
        self.registry.task("work", self.work)
        self.registry.deadline("tick", self.work)
        self.loop = Loop(database, self.registry, clock, "node-1", self.tell)

    def work(self, connection: Connection, job: Job, now: datetime) -> None:
        """Fails for subjects that are broken."""
        del connection, now
        if job.subject_id in self.broken:
            raise RuntimeError(f"{job.subject_id} is broken")
        self.done.append(job.subject_id)

    def tell(self, connection: Connection, what: str, now: datetime) -> None:
        """What the last resort would hear."""
        del connection, now
        self.told.append(what)

    def owe(self, subject: str, **options: Any) -> bool:
        """Owe a task about a subject."""
        return self.database.write(lambda c, now: owe(c, "work", "thing", subject, {}, now, **options))

    def run(self) -> None:
        """Do what is due now."""
        asyncio.run(self.loop.run_due())

    def run_for(self, span: timedelta) -> None:
        """Let time pass, waking at each due moment."""
        end = self.clock.now() + span
        while (due := self.database.read(claims.next_due)) is not None and due <= end:
            self.clock.set(max(due, self.clock.now()))
            self.run()
        self.clock.set(end)


@pytest.fixture
def house(database: Database, clock: SimulatedClock) -> House:
    """A loop on each database."""
    return House(database, clock)


def test_a_task_is_done_once(house: House) -> None:
    assert house.owe("a", key="effect-1")
    assert not house.owe("a", key="effect-1")
    house.run()
    house.run()
    assert house.done == ["a"]
    assert not house.owe("a", key="effect-1"), "an effect's key is never owed again, also when done"


def test_work_asked_for_while_it_is_done_is_done_once_more(house: House) -> None:
    house.owe("a")
    assert not house.owe("a"), "one unclaimed row for each subject"
    claimed = house.database.write(lambda c, now: claims.claim_jobs(c, tasks, "node-1", now, 10))
    assert len(claimed) == 1
    assert house.owe("a"), "the claimed one has begun already"


def test_a_deadline_fires_at_its_time_and_not_before(house: House) -> None:
    due = house.clock.now() + 60 * SECOND
    house.database.write(lambda c, now: reconcile(c, "thing", "a", [WantedDeadline("tick", "k", due)], now))
    house.run()
    assert house.done == []
    house.clock.set(due)
    house.run()
    house.database.write(lambda c, now: reconcile(c, "thing", "a", [WantedDeadline("tick", "k", due)], now))
    house.clock.set(due - 30 * SECOND)
    house.run()
    house.clock.set(due + 30 * SECOND)
    house.run()
    assert house.done == ["a"], "a step back of the clock fires nothing twice"


def test_a_failing_handler_delays_no_other_and_is_told_to_a_person(house: House) -> None:
    house.broken.add("bad")
    house.owe("bad")
    house.owe("good")
    house.run()
    assert house.done == ["good"]
    house.run_for(timedelta(minutes=10))
    assert len(house.told) == 1
    assert "bad is broken" in house.told[0]
    house.owe("good")
    house.run()
    assert house.done == ["good", "good"]


def test_where_a_page_is_at_stake_a_person_hears_within_a_minute_and_it_is_never_parked(house: House) -> None:
    house.broken.add("page")
    house.owe("page", paging=True)
    house.run_for(timedelta(seconds=130))
    assert house.told, "told after 60 s, not after five tries"
    house.broken.clear()
    house.run_for(timedelta(minutes=10))
    assert house.done == ["page"]


def test_work_of_a_dead_process_is_free_when_its_lease_ends(house: House) -> None:
    house.owe("a")
    house.database.write(lambda c, now: claims.claim_jobs(c, tasks, "dead", now, 10))
    house.run()
    assert house.done == []
    house.clock.advance(timedelta(seconds=31))
    house.run()
    assert house.done == ["a"]


def test_a_late_finish_of_a_lost_lease_changes_nothing(house: House) -> None:
    house.owe("a")
    (lost,) = house.database.write(lambda c, now: claims.claim_jobs(c, tasks, "slow", now, 10))
    house.clock.advance(timedelta(seconds=31))
    house.database.write(lambda c, now: claims.claim_jobs(c, tasks, "other", now, 10))
    assert not house.database.write(lambda c, _: claims.holds(c, lost))


def test_the_loop_wakes_on_work_and_not_on_a_poll(database: Database, clock: SimulatedClock) -> None:
    house = House(database, clock)
    arrived = threading.Event()
    house.registry.task("ring", lambda *_: arrived.set())

    async def night() -> bool:
        await house.loop.start()
        began = asyncio.get_running_loop().time()
        database.submit(lambda c, now: owe(c, "ring", "thing", "a", {}, now))
        rang = await asyncio.to_thread(arrived.wait, 4)
        took = asyncio.get_running_loop().time() - began
        await house.loop.stop()
        return rang and took < 2

    assert asyncio.run(night())


class Post:
    """A provider that a test steers: what was sent, and what it answers."""

    def __init__(self) -> None:
        self.sent: list[Delivery] = []
        self.recorded: list[str] = []
        self.answers: list[Outcome | Exception] = []
        self.wanted = True

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        del connection, delivery, now
        return {} if self.wanted else None

    async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
        del prepared
        self.sent.append(delivery)
        answer = self.answers.pop(0) if self.answers else Outcome("sent", {"id": "42"})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        del connection, delivery, now
        self.recorded.append(outcome.state)


def letter(database: Database, key: str, on_unknown: OnUnknown = "resend") -> str | None:
    """Write a delivery."""
    return database.write(
        lambda c, now: send_later(
            c, lane="post", kind="letter", subject_kind="page", subject_id="p", idempotency_key=key, payload={},
            on_unknown=on_unknown, now=now,
        )
    )  # fmt: skip


def state_of(database: Database, delivery: str | None) -> str:
    """Where a delivery stands."""
    return str(
        database.read(lambda c: c.execute(select(deliveries.c.state).where(deliveries.c.id == delivery)).scalar())
    )


def test_a_delivery_is_written_once_sent_once_and_its_receipt_kept(house: House) -> None:
    post = Post()
    house.registry.sender("letter", post)
    first = letter(house.database, "k1")
    assert letter(house.database, "k1") is None
    house.run()
    assert [delivery.idempotency_key for delivery in post.sent] == ["k1"]
    assert state_of(house.database, first) == "sent"
    assert post.recorded == ["sent"]


def test_a_failing_provider_is_tried_again_with_backoff(house: House) -> None:
    post = Post()
    post.answers = [Outcome("retry", error="busy"), RuntimeError("cut off"), Outcome("sent")]
    house.registry.sender("letter", post)
    written = letter(house.database, "k1")
    house.run()
    assert len(post.sent) == 1
    house.run_for(timedelta(minutes=1))
    assert state_of(house.database, written) == "sent"
    assert post.recorded == ["retry", "retry", "sent"]


def test_what_is_not_needed_any_more_is_not_sent(house: House) -> None:
    post = Post()
    post.wanted = False
    house.registry.sender("letter", post)
    written = letter(house.database, "k1")
    house.run()
    assert post.sent == []
    assert state_of(house.database, written) == "cancelled"
    second = letter(house.database, "k2")
    house.database.write(lambda c, now: cancel_waiting(c, "page", "p", "acknowledged", now))
    assert state_of(house.database, second) == "cancelled"


@pytest.mark.parametrize(("on_unknown", "sent", "state"), [("resend", 1, "sent"), ("ask", 0, "unknown")])
def test_an_unknown_outcome_is_sent_again_or_asked_about(
    house: House, on_unknown: OnUnknown, sent: int, state: str
) -> None:
    post = Post()
    house.registry.sender("letter", post)
    written = letter(house.database, "k1", on_unknown)
    house.database.write(lambda c, now: list(claims.claim_deliveries(c, "post", ["letter"], "dead", now, 5)))
    house.clock.advance(timedelta(minutes=2))
    house.run()
    assert len(post.sent) == sent
    assert all(delivery.again for delivery in post.sent), "the handler knows that it may be the second time"
    assert state_of(house.database, written) == state


def test_a_slow_lane_delays_no_other(house: House) -> None:
    post = Post()
    gate = asyncio.Event()

    class Slow(Post):
        async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
            await gate.wait()
            return await super().send(delivery, prepared)

    slow = Slow()
    house.registry.sender("letter", post)
    house.registry.sender("parcel", slow)

    async def night() -> None:
        def parcel(connection: Connection, now: datetime) -> None:
            send_later(
                connection, lane="slow", kind="parcel", subject_kind="page", subject_id="p", idempotency_key="s",
                payload={}, on_unknown="resend", now=now,
            )  # fmt: skip

        await house.database.write_async(parcel)
        await asyncio.to_thread(letter, house.database, "k1")
        running = asyncio.create_task(house.loop.run_due())
        while not post.sent:
            await asyncio.sleep(0.01)
        assert slow.sent == []
        gate.set()
        await running

    asyncio.run(asyncio.wait_for(night(), 20))
    assert len(slow.sent) == 1


def test_a_process_that_is_gone_leaves_its_work_at_once_on_postgresql(
    database: Database, clock: SimulatedClock
) -> None:
    house = House(database, clock)
    house.owe("a")
    database.write(lambda c, now: nodes.register(c, "gone", now))
    database.write(lambda c, now: claims.claim_jobs(c, tasks, "gone", now, 10))
    clock.advance(timedelta(seconds=12))
    database.write(lambda c, now: nodes.register(c, "node-1", now))
    database.write(lambda c, now: nodes.beat(c, "node-1", now))
    house.run()
    assert house.done == ["a"], "its lease had 18 s left"


def test_a_hanging_provider_and_a_long_row_of_work_do_not_hold_the_end(house: House) -> None:
    hanging = asyncio.Event()

    class Hang:
        def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any]:
            return {}

        async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
            hanging.set()
            await asyncio.sleep(60)
            return Outcome("sent")

        def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
            raise AssertionError("its outcome is unknown")

    house.registry.sender("letter", Hang())
    sent = letter(house.database, "k")
    began = threading.Event()

    def slow(connection: Connection, job: Job, now: datetime) -> None:
        began.set()
        house.done.append(job.subject_id)
        threading.Event().wait(0.2)

    async def run() -> float:
        await house.loop.start()
        await asyncio.wait_for(hanging.wait(), 10)
        house.registry.task("slow", slow)
        await house.database.write_async(
            lambda c, now: [owe(c, "slow", "thing", str(number), {}, now) for number in range(40)]
        )
        await asyncio.to_thread(began.wait, 10)
        before = asyncio.get_running_loop().time()
        await house.loop.stop()
        return asyncio.get_running_loop().time() - before

    assert asyncio.run(run()) < 3
    assert len(house.done) < 20
    house.database.write(lambda c, now: nodes.register(c, "node-1", now))
    house.database.write(lambda c, now: nodes.leave(c, "node-1", now))
    freed = house.database.write(lambda c, now: claims.claim_jobs(c, tasks, "node-2", now, 50))
    assert len(freed) + len(house.done) == 40
    (again,) = house.database.write(
        lambda c, now: list(claims.claim_deliveries(c, "post", ("letter",), "node-2", now, 5))
    )
    assert again.delivery.id == sent
    assert again.delivery.again, "whether it arrived is not known"
