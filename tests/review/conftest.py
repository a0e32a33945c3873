"""Larkfield's night, with mail, for the tests of the review: played once on each engine, and copied for each test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.building import Night
from tests.standins.postgres import PostgresCluster
from tests.standins.smtp import Mail, SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.identity.keys import KEYS, Keys
from tocsin.store.database import Database


@dataclass(frozen=True)
class Played:
    """How the night stands when a test begins; `put` makes a database's address hold it."""

    keys: Keys
    at: datetime
    incident: str
    mails: tuple[Mail, ...]
    put: Callable[[str], None]


@pytest.fixture(scope="session")
def nights() -> dict[str, Played]:
    """By engine."""
    return {}


@pytest.fixture
def night(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    database_url: str,
    clock: SimulatedClock,
    smtp: SmtpStandin,
    nights: dict[str, Played],
) -> Iterator[Night]:
    """A Sev2 that has just been resolved after a rollback; Mira led at first, then Kofi."""
    engine = make_url(database_url).get_backend_name()
    if engine in nights:
        played = nights[engine]
        played.put(database_url)
        clock.set(played.at)
        smtp.remember(played.mails)
    else:
        keys = Keys.generate()
        with closing(Database.open(database_url, clock, {KEYS: keys})) as database:
            incident = play(Night(tmp_path, database, clock, smtp))
        mails = tuple(smtp.mails)
        played = nights[engine] = Played(keys, clock.now(), incident, mails, kept(request, database_url))
    with closing(Database.open(database_url, clock, {KEYS: played.keys})) as database:
        yield Night(tmp_path, database, clock, smtp, incident=played.incident)


def play(night: Night) -> str:
    """From the declaration until it is resolved; the incident's id."""
    night.declare(2, staffed=False)
    night.take("commander", "mira")
    night.take("commander", "kofi", replace=True)
    night.take("communications", "dana")
    night.take("operations", "ravi")
    night.answer("data_or_auth", False)
    night.answer("vendor", False)
    night.answer("second_team", False)
    night.resolve()
    return night.id


def kept(request: pytest.FixtureRequest, database_url: str) -> Callable[[str], None]:
    """Keep a copy of a closed database, and tell how to put it elsewhere."""
    place = make_url(database_url).database or ""
    if database_url.startswith("sqlite"):
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        file = Path(shutil.copy(place, factory.mktemp("night") / "tocsin.db"))

        def put_file(url: str) -> None:
            shutil.copy(file, make_url(url).database or "")

        return put_file
    cluster: PostgresCluster = request.getfixturevalue("postgresql_cluster")
    name = cluster.copy(place)

    def put_database(url: str) -> None:
        cluster.copy(name, make_url(url).database)

    return put_database
