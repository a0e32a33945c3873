"""Larkfield with the handlers of mitigation."""

import pytest

from tests.incidents.conftest import House, make_house
from tocsin.clock import SimulatedClock
from tocsin.incidents import handlers as incidents
from tocsin.mitigation import handlers
from tocsin.store.database import Database


@pytest.fixture
def house(database: Database, clock: SimulatedClock) -> House:
    """Nothing on fire yet."""
    return make_house(database, clock, incidents.register, handlers.register)
