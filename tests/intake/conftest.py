"""A street on a simulated clock behind a real HTTP server: what senders' own clients are pointed at."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from tests.standins.tls import Certificate, make_certificate
from tocsin.alerts.alert import Episode
from tocsin.alerts.queries import alerts
from tocsin.app import make_parts
from tocsin.clock import SimulatedClock
from tocsin.demo.children import free_port
from tocsin.identity.accounts import create_account
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.identity.keys import KEYS, Keys
from tocsin.intake.queries import SetAsideView, set_aside_now
from tocsin.intake.usecases import CreateIntegration, create_integration
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.paging.queries.live import pages_list
from tocsin.paging.queries.views import PageView
from tocsin.parts import Parts
from tocsin.settings import Settings
from tocsin.stages import routes
from tocsin.store.database import Database

DANA = person("dana", "Dana Ruiz", Right.RESPONDER)
ORGANISATION = """
people:
  dana: {name: Dana Ruiz, email: dana@larkfield.example}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example}
policies:
  shop:
    name: Shop
    steps: [{page: [{person: dana}], wait: 5m}, {page: [{person: kofi}], wait: 5m}]
teams:
  shop: {name: Shop, members: [dana, kofi], policy: shop}
services:
  checkout-api: {name: Checkout API, team: shop}
organisation: {name: Larkfield, last_resort: [dana], default_policy: shop}
"""


@dataclass
class Street:
    """Tocsin, served; nothing turns by itself: `settle()` runs what is due."""

    database: Database
    clock: SimulatedClock
    parts: Parts
    url: str

    def integration(self, sender: str, name: str = "", service: str | None = None) -> str:
        """A new integration's secret."""
        command = CreateIntegration(name or sender, sender, service)
        return self.database.write(lambda c, now: create_integration(c, SYSTEM, command, now))[1]

    def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        """What is answered to a POST of JSON, or of bytes as they are."""
        content = {"content": body} if isinstance(body, bytes | str) else {"json": body}
        return httpx.post(f"{self.url}{path}", timeout=30, **content, **more)

    def settle(self) -> None:
        """Run everything that is due now."""
        asyncio.run(self.parts.loop.run_due())

    def pass_time(self, **span: float) -> None:
        """Let time go by, and run what comes due."""
        self.clock.advance(timedelta(**span))
        self.settle()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something that another program sends has come, at most half a minute."""
        told = threading.Event()
        stop = self.database.listen(lambda _: told.set())
        try:
            for _ in range(120):
                if holds():
                    return
                told.wait(0.25)
                told.clear()
        finally:
            stop()
        raise AssertionError(f"it never came; there is {self.states()}, and aside {self.set_aside()}")

    def alerts(self) -> list[Episode]:
        """The alerts that there are, the newest first."""
        return self.database.read(lambda c: alerts(c, SYSTEM, limit=200))

    def states(self) -> dict[str, str]:
        """The state of each alert by its key."""
        return {alert.dedup_key: alert.state for alert in reversed(self.alerts())}

    def pages(self) -> list[PageView]:
        """The pages that there are, ended ones too."""
        return self.database.read(lambda c: pages_list(c, SYSTEM, state="all"))

    def set_aside(self) -> list[SetAsideView]:
        """What waits because it was not understood."""
        return self.database.read(lambda c: set_aside_now(c, SYSTEM))


@pytest.fixture
def street(database: Database, clock: SimulatedClock) -> Iterator[Street]:
    """Larkfield's Tocsin at an address that clients can be given."""
    keys = database.context[KEYS]
    assert isinstance(keys, Keys)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    parts = make_parts(Settings(public_url=url), clock, database, keys)
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"larkfield.yaml": ORGANISATION}), now))
    for id, name in (("dana", "Dana Ruiz"), ("kofi", "Kofi Mensah")):
        email = f"{id}@larkfield.example"
        database.write(lambda c, now, i=id, n=name, e=email: create_account(c, SYSTEM, i, n, e, Right.RESPONDER, now))
    with served(parts, port):
        yield Street(database, clock, parts, url)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """What the HTTPS address shows."""
    return make_certificate(tmp_path / "tls")


@pytest.fixture
def https_url(street: Street, certificate: Certificate) -> Iterator[str]:
    """The same street by HTTPS, for clients that speak nothing else."""
    port = free_port()
    files = {"ssl_certfile": str(certificate.certificate_file), "ssl_keyfile": str(certificate.key_file)}
    with served(street.parts, port, **files):
        yield f"https://127.0.0.1:{port}"


@contextmanager
def served(parts: Parts, port: int, **more: Any) -> Iterator[None]:
    """All of Tocsin's routes on a port of the loopback address."""
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes(parts)), port=port, log_level="warning", **more))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    yield
    server.should_exit = True
    thread.join(10)
