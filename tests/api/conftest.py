"""The API over a real database, without a socket."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from tocsin.api.app import build_api
from tocsin.app import make_parts
from tocsin.clock import SimulatedClock
from tocsin.identity.accounts import create_account
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.identity.keys import Keys
from tocsin.identity.sessions import create_token
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.settings import Settings
from tocsin.store.database import Database

ORGANISATION = """
people:
  dana: {name: Dana Ruiz, email: dana@larkfield.example, time_zone: Europe/Madrid}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example, time_zone: Africa/Accra}
  amara: {name: Amara Obi, email: amara@larkfield.example, time_zone: Europe/London}
teams:
  checkout: {name: Checkout, members: [dana, kofi], policy: checkout}
  security: {name: Security, members: [amara], policy: checkout}
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
  checkout-api: {name: Checkout API, team: checkout}
  ledger: {name: Ledger, team: checkout, depends_on: [checkout-api]}
vendors:
  payments-gateway: {name: Payments Gateway}
organisation: {name: Larkfield, last_resort: [amara], default_policy: checkout}
"""


@pytest.fixture
def api(database: Database, clock: SimulatedClock) -> Iterator[TestClient]:
    """Nobody yet: add a token's header to ask."""
    keys = database.context["keys"]
    assert isinstance(keys, Keys)
    parts = make_parts(Settings(public_url="http://tocsin.example"), clock, database, keys)
    with TestClient(build_api(parts), raise_server_exceptions=True) as client:
        yield client


def token_for(database: Database, person_id: str, right: Right, *scopes: str) -> dict[str, str]:
    """A person with an account and the header of a token of theirs."""

    def work(connection: Connection, now):
        create_account(connection, SYSTEM, person_id, person_id.capitalize(), None, right, now)
        who = person(person_id, person_id.capitalize(), right)
        return create_token(connection, who, "test", scopes or ("admin",), now, person_id=person_id)[1]

    return {"Authorization": f"Bearer {database.write(work)}"}


@pytest.fixture
def dana(database: Database) -> dict[str, str]:
    """An administrator."""
    return token_for(database, "dana", Right.ADMIN)


@pytest.fixture
def kofi(database: Database) -> dict[str, str]:
    """A responder."""
    return token_for(database, "kofi", Right.RESPONDER, "respond")


@pytest.fixture
def organisation(database: Database) -> None:
    """A small shop: three people, two services, a schedule, a policy."""
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": ORGANISATION}), now))
