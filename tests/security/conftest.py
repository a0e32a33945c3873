"""One world for these tests on each engine: they ask, and change nothing that another one asks about."""

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import _migrate, _schema_fingerprint
from tests.security.restricted import Secret, a_night
from tests.security.world import World, opened


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shop; nothing has happened yet."""
    data = tmp_path_factory.mktemp("world")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), data / "tocsin.db")
        with opened(f"sqlite:///{data / 'tocsin.db'}", data) as made:
            yield made
        return
    cluster = request.getfixturevalue("postgresql_cluster")
    name = cluster.create(_migrate, _schema_fingerprint())
    with opened(cluster.url(name), data) as made:
        yield made
    cluster.drop(name)


@pytest.fixture(scope="package")
def secret(world: World) -> Secret:
    """A night with a restricted incident in it."""
    return a_night(world)
