"""Larkfield's night, with mail, for the tests of the review."""

from pathlib import Path

import pytest

from tests.building import Night
from tests.standins.smtp import SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.store.database import Database


@pytest.fixture
def night(tmp_path: Path, database: Database, clock: SimulatedClock, smtp: SmtpStandin) -> Night:
    """A Sev2 that has just been resolved after a rollback; Mira led at first, then Kofi."""
    made = Night(tmp_path, database, clock, smtp)
    made.declare(2, staffed=False)
    made.take("commander", "mira")
    made.take("commander", "kofi", replace=True)
    made.take("communications", "dana")
    made.take("operations", "ravi")
    made.answer("data_or_auth", False)
    made.answer("vendor", False)
    made.answer("second_team", False)
    made.resolve()
    return made
