"""/healthz, /readyz with reasons, /metrics: true, and silent about incidents."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import insert
from starlette.applications import Starlette

from tests.standins.receiver import Received, Receiver, Refusal
from tocsin import health
from tocsin.app import make_parts
from tocsin.clock import SimulatedClock
from tocsin.engine.tasks import owe
from tocsin.identity.keys import KEYS, Keys
from tocsin.parts import Parts
from tocsin.settings import Settings
from tocsin.store.database import Database
from tocsin.store.tables.engine import tasks
from tocsin.store.tables.paging import canaries


@pytest.fixture
def parts(database: Database, clock: SimulatedClock) -> Parts:
    """The whole installation's parts on a simulated clock."""
    keys = database.context[KEYS]
    assert isinstance(keys, Keys)
    return make_parts(Settings(), clock, database, keys)


@asynccontextmanager
async def browser(parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the three routes."""
    app = Starlette(routes=health.routes(parts))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as client:
        yield client


async def ask(parts: Parts, path: str) -> httpx.Response:
    """One GET."""
    async with browser(parts) as client:
        return await client.get(path)


def test_ready_while_the_loop_turns_and_not_when_it_stands(parts: Parts, clock: SimulatedClock) -> None:
    before = asyncio.run(ask(parts, "/readyz"))
    assert before.status_code == 503
    assert "the loop does not turn" in before.json()["reasons"]
    asyncio.run(parts.loop.run_due())
    assert asyncio.run(ask(parts, "/readyz")).json()["ready"]
    clock.advance(timedelta(minutes=1))
    assert asyncio.run(ask(parts, "/readyz")).status_code == 503


def test_what_was_overdue_after_a_rest_is_no_reason_once_it_is_done(parts: Parts, clock: SimulatedClock) -> None:
    lags: list[float] = []
    parts.registry.task("work", lambda *_: lags.append(parts.loop.stats.lag_seconds))
    parts.database.write(lambda c, now: owe(c, "work", "thing", "a", {}, now, key="k"))
    clock.advance(timedelta(minutes=5))  # nothing ran
    asyncio.run(parts.loop.run_due())
    assert lags == [300.0], "while it is at hand"
    told = asyncio.run(ask(parts, "/readyz"))
    assert told.status_code == 200 and told.json()["lag_seconds"] == 0
    assert parts.loop.stats.worst_lag_seconds == 300.0


def test_stuck_work_is_a_reason(parts: Parts, clock: SimulatedClock) -> None:
    row = {
        "id": "t", "kind": "work", "subject_kind": "thing", "subject_id": "a", "key": "k", "payload": {},
        "state": "stuck", "paging": False, "attempts": 5, "fence": 5, "created_at": clock.now(), "next_try_at": clock.now(),
    }  # fmt: skip
    parts.database.write(lambda c, _: c.execute(insert(tasks).values(**row)))
    asyncio.run(parts.loop.run_due())
    told = asyncio.run(ask(parts, "/readyz"))
    assert told.status_code == 503
    assert "stuck" in told.json()["reasons"][0]


def test_metrics_are_prometheus_text(parts: Parts) -> None:
    asyncio.run(parts.loop.run_due())
    answer = asyncio.run(ask(parts, "/metrics"))
    assert answer.status_code == 200
    assert "tocsin_ready 1.0" in answer.text
    assert "tocsin_loop_lag_seconds" in answer.text
    assert asyncio.run(ask(parts, "/healthz")).text == "ok\n"


class Switch(Receiver):
    """A dead man's switch: it is pinged by GET."""

    def judge(self, request: Received) -> dict[str, object]:
        """Anything but a GET is wrong."""
        if request.method != "GET":
            raise Refusal(405, {"error": "ping by GET"})
        return {}


def test_the_dead_man_s_switch_is_told_only_while_all_is_well(database: Database, clock: SimulatedClock) -> None:
    switch = Switch()
    switch.start()
    keys = database.context[KEYS]
    assert isinstance(keys, Keys)
    settings = Settings(dead_mans_switch_url=f"{switch.url}/ping", outgoing_allow=("127.0.0.1",))
    parts = make_parts(settings, clock, database, keys)
    assert not asyncio.run(health.tell_that_all_is_well(parts)), "the loop has not turned yet"
    asyncio.run(parts.loop.run_due())
    assert asyncio.run(health.tell_that_all_is_well(parts))
    clock.advance(timedelta(minutes=1))
    assert not asyncio.run(health.tell_that_all_is_well(parts)), "the loop stands"
    assert [one.path for one in switch.received] == ["/ping"]
    switch.answer_with(500)
    asyncio.run(parts.loop.run_due())
    assert not asyncio.run(health.tell_that_all_is_well(parts))
    switch.stop()


def test_a_lost_canary_is_a_reason(parts: Parts, clock: SimulatedClock) -> None:
    parts.database.write(lambda c, now: c.execute(insert(canaries).values(id="c", left_at=now)))
    asyncio.run(parts.loop.run_due())
    assert asyncio.run(ask(parts, "/readyz")).status_code == 200, "it may still come back"
    clock.advance(timedelta(minutes=3))
    asyncio.run(parts.loop.run_due())
    assert asyncio.run(ask(parts, "/readyz")).json()["reasons"] == ["the last canary page did not come back"]
