"""Larkfield's night for the tests of communication."""

from pathlib import Path

import pytest

from tests.building import Night
from tocsin.clock import SimulatedClock
from tocsin.store.database import Database


@pytest.fixture
def night(tmp_path: Path, database: Database, clock: SimulatedClock) -> Night:
    """Nothing is on fire yet."""
    return Night(tmp_path, database, clock, None)
