"""Debian's own Alertmanager sends to a running intake."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from tests.standins.programs import needs_alertmanager
from tocsin.alerts.queries import alerts
from tocsin.alerts.usecases import fold_received
from tocsin.clock import SystemClock
from tocsin.demo.children import free_port
from tocsin.demo.monitoring import Alertmanager
from tocsin.identity.actor import SYSTEM
from tocsin.identity.keys import KEYS, Keys
from tocsin.intake.routes import Known, routes
from tocsin.intake.usecases import CreateIntegration, create_integration
from tocsin.intake.writer import Writer
from tocsin.store.database import Database


@pytest.fixture
def real(database_url: str) -> Iterator[Database]:
    opened = Database.open(database_url, SystemClock(), {KEYS: Keys.generate()})
    yield opened
    opened.close()


@pytest.fixture
def webhook(real: Database) -> Iterator[str]:
    """The address of a running intake."""
    command = CreateIntegration("prometheus", "alertmanager")
    _, secret = real.write(lambda c, now: create_integration(c, SYSTEM, command, now))
    port = free_port()
    app = Starlette(routes=routes(Known(real), Writer(real, fold_received)))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/in/{secret}"
    server.should_exit = True
    thread.join(10)


def tell(alertmanager: Alertmanager, **times: str) -> None:
    """As Prometheus tells Alertmanager."""
    labels = {"alertname": "HighErrors", "service": "checkout-api", "severity": "critical"}
    body = json.dumps([{"labels": labels, "annotations": {"summary": "Payments fail"}, **times}]).encode()
    request = urllib.request.Request(
        f"{alertmanager.url}/api/v2/alerts", body, {"Content-Type": "application/json"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=10).close()


def until(database: Database, holds: Callable[[list[str]], bool]) -> None:
    told = threading.Event()
    states: list[str] = []
    stop = database.listen(lambda _: told.set())
    try:
        for _ in range(60):
            states[:] = [alert.state for alert in database.read(lambda c: alerts(c, SYSTEM))]
            if holds(states):
                return
            told.wait(0.5)
            told.clear()
    finally:
        stop()
    raise AssertionError(f"it never came; there is {states}")


def test_a_real_alertmanager_fires_and_resolves(real: Database, webhook: str, tmp_path: Path) -> None:
    needs_alertmanager()
    alertmanager = Alertmanager(tmp_path / "alertmanager", webhook)
    try:
        start = datetime.now(UTC) - timedelta(seconds=5)
        tell(alertmanager, startsAt=start.isoformat())
        until(real, lambda states: states == ["firing"])
        (alert,) = real.read(lambda c: alerts(c, SYSTEM))
        assert (alert.title, alert.service, alert.severity) == ("Payments fail", "checkout-api", "critical")
        assert alert.started_at is not None
        assert abs(alert.started_at - start) < timedelta(seconds=1)
        tell(alertmanager, startsAt=start.isoformat(), endsAt=datetime.now(UTC).isoformat())
        until(real, lambda states: states == ["resolved"])
    finally:
        alertmanager.stop()
