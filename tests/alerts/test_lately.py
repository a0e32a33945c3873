"""How many alerts came in lately: read off groups, and yet what counting each would give."""

from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.alerts.night import DANA, Night, restrict, signal
from tocsin.alerts.queries.lately import last_hour, received_since
from tocsin.alerts.usecases import CreateSilence, create_silence
from tocsin.alerts.usecases.groups import claim_for_incident
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import SYSTEM
from tocsin.store.database import Database
from tocsin.store.tables.alerts import alerts

HOUR = timedelta(hours=1)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["checkout-api", "search", "batch"]),
        st.integers(0, 6),  # which alert of the service
        st.sampled_from(["firing", "resolved"]),
        st.sampled_from([0, 0.4, 12, 32]),  # minutes afterwards
    ),
    max_size=25,
)


@pytest.fixture
def night(database: Database, clock: SimulatedClock) -> Night:
    return Night(database, clock)


@settings(max_examples=30)
@given(steps=STEPS)
def test_it_is_what_counting_each_alert_gives(
    night: Night, steps: list[tuple[str, int, Literal["firing", "resolved"], float]]
) -> None:
    """One night for all examples: what an earlier one left is as good a beginning as any."""
    for service, number, status, minutes in steps:
        night.send(signal(f"{service}-{number}", status, service=service))
        night.wait(minutes)
        now = night.clock.now()
        counted = select(func.count()).where(alerts.c.group_id.is_not(None), alerts.c.received_at >= now - HOUR)
        read, each = night.database.read(
            lambda c, now=now, counted=counted: (received_since(c, SYSTEM, now - HOUR), c.execute(counted).scalar_one())  # type: ignore[misc]
        )
        assert read == each


def test_what_hangs_on_a_restricted_incident_is_not_counted(night: Night) -> None:
    quiet = CreateSilence(match={"service": "checkout-api"}, ends_at=night.clock.now() + HOUR, reason="being repaired")
    night.database.write(lambda c, now: create_silence(c, SYSTEM, quiet, now))
    night.send(signal("a"), signal("b", service="search"))
    secret = next(group for group in night.groups() if group.services == ("checkout-api",))
    restrict(night, "inc", "mara")
    night.database.write(lambda c, now: claim_for_incident(c, "inc", [], [secret.id], now))
    seen = night.database.read(lambda c: last_hour(c, DANA, night.clock.now()))
    assert (seen.alerts, seen.groups, seen.silenced) == (1, 1, 0)
    every = night.database.read(lambda c: last_hour(c, SYSTEM, night.clock.now()))
    assert (every.alerts, every.groups, every.silenced) == (2, 2, 1)
