"""What every test may ask for: a simulated clock, a database on each engine, and the stand-ins of the world outside."""

import hashlib
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import tocsin.store
from tests.standins.postgres import PostgresCluster
from tests.standins.receiver import NtfyStandin, Receiver
from tests.standins.smtp import SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.demo.installation import Installation
from tocsin.identity.keys import KEYS, Keys
from tocsin.store.database import Database

LONG = bool(os.environ.get("TOCSIN_TEST_LONG"))
IN_CI = os.environ.get("CI") == "true"

settings.register_profile(
    "house",
    max_examples=3000 if LONG else 100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)
settings.load_profile("house")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """CI skips none: there a skipped test is a failed one."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


def _migrate(url: str) -> None:
    from tocsin.store import migrate  # late: tests of pure rules need no Alembic

    migrate.upgrade(url)


def _schema_fingerprint() -> str:
    """Changes whenever the tables or the migrations do."""
    digest = hashlib.sha256()
    root = Path(tocsin.store.__file__).parent
    for path in sorted((*root.glob("tables/*.py"), *root.glob("migrations/**/*.py"), root / "migrate.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.fixture
def clock() -> SimulatedClock:
    """Stands still until the test moves it: `clock.advance(timedelta(minutes=5))`."""
    return SimulatedClock()


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[PostgresCluster]:
    """The PostgreSQL server that all workers share."""
    cluster = PostgresCluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("template") / "tocsin.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated, empty database: each test runs once on each engine."""
    if request.param == "sqlite":
        path = tmp_path / "data" / "tocsin.db"
        path.parent.mkdir()
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgresql_cluster")
    name = cluster.create(_migrate, _schema_fingerprint())
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def database(database_url: str, clock: SimulatedClock) -> Iterator[Database]:
    """An open database on the simulated clock."""
    opened = Database.open(database_url, clock, {KEYS: Keys.generate()})
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def server_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """For the real program: None where it makes its own SQLite, else the address of a migrated, empty PostgreSQL."""
    if request.param == "sqlite":
        yield None
        return
    cluster: PostgresCluster = request.getfixturevalue("postgresql_cluster")
    name = cluster.create(_migrate, _schema_fingerprint())
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def server(server_database: str | None, tmp_path: Path, smtp: SmtpStandin) -> Iterator[Installation]:
    """The real `tocsin serve` on a free port, on each engine, with mail going to `smtp`."""
    installation = Installation(tmp_path / "tocsin", database_url=server_database, env=smtp.settings)
    try:
        yield installation.start()
    finally:
        installation.stop()


@pytest.fixture
def smtp() -> Iterator[SmtpStandin]:
    """A real SMTP server that keeps its mail."""
    server = SmtpStandin().start()
    yield server
    server.stop()


@pytest.fixture
def ntfy() -> Iterator[NtfyStandin]:
    """An ntfy server."""
    server = NtfyStandin().start()
    yield server
    server.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where webhooks go."""
    server = Receiver().start()
    yield server
    server.stop()
