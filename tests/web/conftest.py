"""The web face over a real database, without a socket."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tocsin.app import make_parts
from tocsin.clock import SimulatedClock
from tocsin.identity.accounts import create_account
from tocsin.identity.actor import SYSTEM, Right
from tocsin.identity.keys import Keys
from tocsin.identity.sessions import start_session
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.parts import Parts
from tocsin.settings import Settings
from tocsin.store.database import Database
from tocsin.web.app import build_web
from tocsin.web.session import COOKIE

ORGANISATION = """
people:
  dana: {name: Dana Okafor, email: dana@larkfield.example, time_zone: Africa/Lagos}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example, time_zone: Africa/Accra}
  ines: {name: Inês Duarte, email: ines@larkfield.example, time_zone: Europe/Lisbon}
teams:
  checkout: {name: Checkout, members: [dana, kofi], policy: checkout}
  security: {name: Security, members: [ines], policy: checkout}
schedules:
  checkout:
    name: Checkout
    rotations:
      - {people: [dana, kofi], starts: 2026-11-02, time_zone: UTC}
policies:
  checkout:
    name: Checkout
    steps: [{page: [{schedule: checkout}]}]
services:
  checkout-api: {name: Checkout API, team: checkout, public_name: Card payments, depends_on: [ledger]}
  ledger: {name: Ledger, team: checkout}
vendors:
  paylane: {name: Paylane}
organisation: {name: Larkfield, last_resort: [ines], default_policy: checkout, commander_schedule: checkout}
"""


@dataclass
class Browser:
    """A browser without scripts: follows links and sends the forms that pages carry."""

    client: TestClient

    def get(self, path: str, status: int = 200) -> str:
        """The page's HTML."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[:2000]
        return answer.text

    def csrf(self) -> str:
        """The token that this session's forms carry."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/incidents/new"))
        assert found
        return found[1]

    def send(self, path: str, *, status: int = 200, **fields: str) -> str:
        """Send a form and follow where it leads."""
        answer = self.client.post(path, data={"csrf": self.csrf(), **fields})
        assert answer.status_code == status, (answer.status_code, answer.text[:2000])
        return answer.text


@pytest.fixture
def parts(database: Database, clock: SimulatedClock) -> Parts:
    """The wired stages; nothing runs."""
    keys = database.context["keys"]
    assert isinstance(keys, Keys)
    return make_parts(Settings(public_url="http://tocsin.example"), clock, database, keys)


@pytest.fixture
def web(parts: Parts) -> Iterator[TestClient]:
    """Nobody is signed in."""
    with TestClient(Starlette(routes=build_web(parts)), base_url="http://tocsin.example") as client:
        yield client


@pytest.fixture
def larkfield(database: Database) -> None:
    """The shop's organisation."""
    command = ApplyFiles(texts={"larkfield.yaml": ORGANISATION})
    database.write(lambda c, now: apply_files(c, SYSTEM, command, now))


def signed_in(client: TestClient, database: Database, person_id: str, name: str, right: Right) -> Browser:
    """A browser with a session."""

    def work(connection: Connection, now: datetime) -> str:
        create_account(connection, SYSTEM, person_id, name, f"{person_id}@larkfield.example", right, now)
        return start_session(connection, person_id, now)

    client.cookies.set(COOKIE, database.write(work))
    return Browser(client)


@pytest.fixture
def dana(web: TestClient, database: Database, larkfield: None) -> Browser:
    """An administrator, on call for checkout."""
    return signed_in(web, database, "dana", "Dana Okafor", Right.ADMIN)
