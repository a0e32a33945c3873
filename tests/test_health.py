"""/healthz, /readyz with reasons, /metrics: true, and silent about incidents."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import insert
from starlette.applications import Starlette

from tocsin import health
from tocsin.app import make_parts
from tocsin.clock import SimulatedClock
from tocsin.identity.keys import KEYS, Keys
from tocsin.parts import Parts
from tocsin.settings import Settings
from tocsin.store.database import Database
from tocsin.store.tables.engine import tasks


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
