"""One world for these tests on each engine: they ask, and change nothing that another one asks about."""

from collections.abc import Iterator

import pytest

from tests.security.restricted import Secret, a_night
from tests.security.world import World, world_on


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The shop; nothing has happened yet."""
    with world_on(request.param, request, tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="package")
def secret(world: World) -> Secret:
    """A night with a restricted incident in it."""
    return a_night(world)
