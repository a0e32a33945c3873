"""The API over a real database, without a socket."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from tocsin.api.app import build_api
from tocsin.identity.accounts import create_account
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.identity.sessions import create_token
from tocsin.settings import Settings
from tocsin.store.database import Database


@dataclass(frozen=True)
class Parts:
    database: Database
    settings: Settings


@pytest.fixture
def api(database: Database) -> Iterator[TestClient]:
    """Nobody yet: add a token's header to ask."""
    parts = Parts(database, Settings(public_url="http://tocsin.example"))
    with TestClient(build_api(parts), raise_server_exceptions=True) as client:
        yield client


def token_for(database: Database, person_id: str, right: Right, *scopes: str) -> dict[str, str]:
    """A person with an account and the header of a token of theirs."""

    def work(connection, now):
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
