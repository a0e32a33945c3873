"""/healthz, /readyz with reasons, /metrics."""

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import Connection, func, select
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tocsin import __version__
from tocsin.alerts.usecases.segments import unindexed
from tocsin.clock import SystemClock
from tocsin.errors import TocsinError
from tocsin.paging.queries.health import last_canary, late_pages
from tocsin.parts import Parts
from tocsin.store.server_clock import ServerClock
from tocsin.store.tables.engine import deadlines, deliveries, tasks
from tocsin.store.tables.paging import pages

_log = logging.getLogger(__name__)
MOST_DRIFT = timedelta(seconds=2)
MOST_LAG = timedelta(seconds=10)


def routes(parts: Parts) -> list[Route]:
    """The three routes; none needs a sign-in, none tells anything of an incident."""

    async def healthz(_request: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        """Whether work is being done, with each reason when not."""
        told = await readiness(parts)
        return JSONResponse(told, status_code=200 if told["ready"] else 503)

    async def metrics(_request: Request) -> Response:
        """For Prometheus."""
        return Response(await _metrics(parts), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


async def readiness(parts: Parts) -> dict[str, object]:
    """`ready`, the reasons why not, the loop's lag and what waits (seconds)."""
    reasons = []
    counts: dict[str, int] = {}
    try:
        counts = await parts.database.read_async(_counts)
        late, lost = await parts.database.read_async(partial(_own_paging, parts.clock.now()))
        if late:
            reasons.append(f"{late} steps or messages of pages are more than a minute late")
        if lost:
            reasons.append("the last canary page did not come back")
    except TocsinError as error:
        reasons.append(error.message)
    stats, now = parts.loop.stats, parts.clock.now()
    if stats.last_turn_at is None or now - stats.last_turn_at > MOST_LAG:
        reasons.append("the loop does not turn")
    if stats.lag_seconds > MOST_LAG.total_seconds():
        reasons.append(f"work is done {stats.lag_seconds:.0f} s late")
    if counts.get("stuck"):
        reasons.append(f"{counts['stuck']} pieces of work are stuck; the last resort was paged")
    drift = parts.clock.drift() if isinstance(parts.clock, SystemClock | ServerClock) else timedelta(0)
    if abs(drift) > MOST_DRIFT:
        reasons.append(f"this machine's clock is {drift.total_seconds():.1f} s off")
    return {
        "ready": not reasons,
        "reasons": reasons,
        "version": __version__,
        "lag_seconds": round(stats.lag_seconds, 3),
        "clock_drift_seconds": round(drift.total_seconds(), 3),
        **counts,
    }


async def tell_that_all_is_well(parts: Parts) -> bool:
    """Ping the dead man's switch while this process is ready, and not otherwise; False when it was not told."""
    url = parts.settings.dead_mans_switch_url
    if url is None or not (await readiness(parts))["ready"]:
        return False
    try:
        return (await parts.http.get(url)).ok
    except TocsinError as error:
        _log.warning("the dead man's switch could not be told that all is well: %s", error.message)
        return False


def _own_paging(now: datetime, connection: Connection) -> tuple[int, bool]:
    canary = last_canary(connection)
    return late_pages(connection, now), canary is not None and canary.is_lost(now)


def _counts(connection: Connection) -> dict[str, int]:
    def count(table: object, *conditions: object) -> int:
        query = select(func.count()).select_from(table).where(*conditions)  # type: ignore[arg-type]
        return int(connection.execute(query).scalar_one())

    return {
        "deadlines_waiting": count(deadlines, deadlines.c.state == "waiting"),
        "tasks_waiting": count(tasks, tasks.c.state == "waiting"),
        "deliveries_waiting": count(deliveries, deliveries.c.state.in_(("waiting", "sending"))),
        "pages_open": count(pages, pages.c.state == "open"),
        "stuck": count(deadlines, deadlines.c.state == "stuck") + count(tasks, tasks.c.state == "stuck"),
    }


async def _metrics(parts: Parts) -> bytes:
    registry = CollectorRegistry()
    told = await readiness(parts)
    Gauge("tocsin_ready", "1 when /readyz says so", registry=registry).set(1 if told["ready"] else 0)
    Gauge("tocsin_loop_lag_seconds", "How late the work at hand is, 0 when none is due", registry=registry).set(
        parts.loop.stats.lag_seconds
    )
    Gauge("tocsin_loop_worst_lag_seconds", "The latest that work was since the start", registry=registry).set(
        parts.loop.stats.worst_lag_seconds
    )
    for name in ("deadlines_waiting", "tasks_waiting", "deliveries_waiting", "pages_open", "stuck"):
        value = told.get(name)
        if isinstance(value, int):
            Gauge(f"tocsin_{name}", name.replace("_", " "), registry=registry).set(value)
    with suppress(TocsinError):
        Gauge("tocsin_alerts_unindexed", "Alerts that a search reads through", registry=registry).set(
            await parts.database.read_async(unindexed)
        )
    done = Gauge("tocsin_work_done", "Deadlines and tasks done since the start", ["kind"], registry=registry)
    for kind, amount in parts.loop.stats.done.items():
        done.labels(kind).set(amount)
    failed = Gauge("tocsin_work_failed", "Failures of deadlines and tasks since the start", ["kind"], registry=registry)
    for kind, amount in parts.loop.stats.failed.items():
        failed.labels(kind).set(amount)
    return generate_latest(registry)
