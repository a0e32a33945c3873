"""The shop with all faces over a real database, and the people who look at it: real sessions, real tokens."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from tests.conftest import _migrate, _schema_fingerprint
from tocsin.app import faces, make_parts
from tocsin.clock import SimulatedClock
from tocsin.identity.accounts import create_account
from tocsin.identity.actor import SYSTEM, Right
from tocsin.identity.keys import KEYS, Keys
from tocsin.identity.sessions import create_token, session_of, start_session
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.parts import Parts
from tocsin.settings import Settings
from tocsin.store.database import Database

Json = dict[str, Any]
BASE = "http://tocsin.example"
RIGHTS = {
    "dana": Right.RESPONDER, "kofi": Right.RESPONDER, "mira": Right.ADMIN, "vera": Right.VIEWER, "ada": Right.ADMIN,
}  # fmt: skip
ORGANISATION = """
people:
  ada: {name: Ada Quist, email: ada@larkfield.example, time_zone: UTC}
  dana: {name: Dana Ruiz, email: dana@larkfield.example, time_zone: Europe/Madrid}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example, time_zone: Africa/Accra}
  mira: {name: Mira Lund, email: mira@larkfield.example, time_zone: Europe/Oslo}
  vera: {name: Vera Novak, email: vera@larkfield.example, time_zone: Europe/Prague}
teams:
  checkout: {name: Checkout, members: [dana], policy: checkout}
  ledger: {name: Ledger, members: [kofi], policy: ledger}
schedules:
  checkout:
    name: Checkout
    rotations: [{people: [dana], starts: 2026-01-05, time_zone: UTC}]
policies:
  checkout: {name: Checkout, steps: [{page: [{person: dana}]}]}
  ledger: {name: Ledger, steps: [{page: [{person: kofi}]}]}
services:
  checkout-api: {name: Checkout API, team: checkout, public_name: Card payments, depends_on: [ledger]}
  ledger: {name: Ledger, team: ledger}
vendors:
  paylane: {name: Paylane}
organisation: {name: Larkfield, last_resort: [ada], default_policy: checkout}
"""


@dataclass
class Visitor:
    """Somebody who asks: by a session's cookie, by a token, or as nobody."""

    name: str
    client: TestClient
    headers: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, whatever the answer."""
        headers = {**self.headers, **more.pop("headers", {})}
        self.client.cookies.clear()
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)

    def api(self, method: str, path: str, body: Json | None = None, **more: Any) -> httpx.Response:
        """One request of the JSON API."""
        headers = {"X-CSRF-Token": self.csrf} if self.csrf else {}
        return self.ask(method, f"/api/v1{path}", json=body, headers={**headers, **more.pop("headers", {})}, **more)

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """The same, where a refusal fails the test."""
        answer = self.api(method, path, body)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:1500]}"
        return dict(answer.json())

    def send(self, path: str, **fields: Any) -> httpx.Response:
        """Send a web form with this session's CSRF token."""
        return self.ask("POST", path, data={"csrf": self.csrf, **fields})


class World:
    """All faces of one process; nothing turns by itself: `settle()` and `pass_time()` do."""

    def __init__(self, parts: Parts, client: TestClient) -> None:
        self.parts, self.client, self.database = parts, client, parts.database

    @property
    def clock(self) -> SimulatedClock:
        """The clock that all of it reads."""
        assert isinstance(self.parts.clock, SimulatedClock)
        return self.parts.clock

    def session(self, person: str) -> Visitor:
        """A signed-in browser."""

        def work(connection: Connection, now: Any) -> tuple[str, str]:
            secret = start_session(connection, person, now)
            session = session_of(connection, secret, now)
            assert session is not None
            return secret, session.csrf

        secret, csrf = self.database.write(work)
        return Visitor(f"{person}'s browser", self.client, {"Cookie": f"tocsin_session={secret}"}, csrf)

    def token(self, person: str | None, *scopes: str) -> Visitor:
        """A program with a token; of nobody, where no person is given."""
        made = self.database.write(lambda c, now: create_token(c, SYSTEM, "test", scopes, now, person_id=person))
        name = f"a token of {person or 'nobody'} with {', '.join(scopes)}"
        return Visitor(name, self.client, {"Authorization": f"Bearer {made[1]}"})

    def nobody(self) -> Visitor:
        """Who has not signed in."""
        return Visitor("nobody", self.client)

    def settle(self) -> None:
        """Do everything that is due now."""
        assert self.client.portal is not None
        self.client.portal.call(self.parts.loop.run_due)

    def pass_time(self, by: timedelta) -> None:
        """Move the clock and do what has become due."""
        self.clock.advance(by)
        self.settle()


@contextmanager
def world_on(engine: str, request: pytest.FixtureRequest, data: Path) -> Iterator[World]:
    """A world on an empty database of `engine`, sqlite or postgresql."""
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), data / "tocsin.db")
        with opened(f"sqlite:///{data / 'tocsin.db'}", data) as made:
            yield made
        return
    cluster = request.getfixturevalue("postgresql_cluster")
    name = cluster.create(_migrate, _schema_fingerprint())
    with opened(cluster.url(name), data) as made:
        yield made
    cluster.drop(name)


@contextmanager
def opened(url: str, data: Path, **more: Any) -> Iterator[World]:
    """A world that is closed in any case."""
    clock = SimulatedClock()
    keys = Keys.generate()
    database = Database.open(url, clock, {KEYS: keys})
    try:
        parts = make_parts(Settings(**{"public_url": BASE, "data": data, **more}), clock, database, keys)
        app = faces(parts)
        database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": ORGANISATION}), now))
        for person, right in RIGHTS.items():
            name, mail = person.capitalize(), f"{person}@larkfield.example"
            database.write(lambda c, now, p=person, n=name, m=mail, r=right: create_account(c, SYSTEM, p, n, m, r, now))
        with TestClient(app, base_url=BASE) as client:
            yield World(parts, client)
    finally:
        database.close()
