"""Old alerts go, a few at a time; what fires and what an incident still needs stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tests.alerts.night import Night, restrict, signal
from tocsin.alerts.search.pieces import FIRST
from tocsin.alerts.usecases.retention import EVERY, remove_old, want_removal
from tocsin.clock import SimulatedClock
from tocsin.store.database import Database
from tocsin.store.tables.alerts import alerts, groups
from tocsin.store.tables.engine import deadlines
from tocsin.store.tables.paging import pages
from tocsin.store.tables.timeline import incidents

YEAR = timedelta(days=365)
DAY = timedelta(days=1)


@pytest.fixture
def night(database: Database, clock: SimulatedClock) -> Night:
    return Night(database, clock)


def over(night: Night, *keys: str) -> None:
    """They fire, end, and their group closes."""
    night.send(*(signal(key) for key in keys))
    night.send(*(signal(key, "resolved") for key in keys))
    night.wait(6)


def left(night: Night) -> list[str]:
    return sorted(each.dedup_key for each in night.alerts())


def sweep(night: Night) -> None:
    night.database.write(want_removal)
    for _ in range(20):
        night.wait(0.1)


def test_alerts_that_ended_long_ago_go_with_their_group(night: Night) -> None:
    over(night, "old-1", "old-2")
    night.clock.advance(YEAR - timedelta(hours=1))
    over(night, "new")
    sweep(night)
    assert left(night) == ["new", "old-1", "old-2"]
    night.wait(EVERY.total_seconds() / 60)
    sweep(night)
    assert left(night) == ["new"]
    assert len(night.groups("all")) == 1


def test_what_fires_stays_however_old_it_is(night: Night) -> None:
    night.send(signal("fires"), signal("over"))
    night.send(signal("over", "resolved"))
    night.clock.advance(YEAR + DAY)
    sweep(night)
    assert left(night) == ["fires"]
    assert night.group().state == "open"


def test_what_was_sent_again_lately_stays(night: Night) -> None:
    night.send(signal("k"))
    night.clock.advance(YEAR)
    night.send(signal("k", "resolved"))
    night.wait(6)
    night.clock.advance(DAY)
    sweep(night)
    assert left(night) == ["k"]


@pytest.mark.parametrize(("phase", "stays"), [("resolved", True), ("closed", False), ("merged", False)])
def test_an_incident_keeps_its_alerts_until_it_is_closed(night: Night, phase: str, stays: bool) -> None:
    restrict(night, "inc", "dana")
    over(night, "k")
    night.database.write(lambda c, _: c.execute(update(groups).values(incident_id="inc")))
    night.database.write(lambda c, _: c.execute(update(incidents).values(phase=phase)))
    night.clock.advance(YEAR + DAY)
    sweep(night)
    rows = night.database.read(lambda c: c.execute(select(alerts)).all())
    assert bool(rows) is stays
    assert night.database.read(lambda c: c.execute(select(groups)).all())  # the incident still says so of its group


def test_an_incident_touched_since_keeps_its_alerts(night: Night) -> None:
    restrict(night, "inc", "dana")
    over(night, "k")
    night.database.write(lambda c, _: c.execute(update(groups).values(incident_id="inc")))
    night.clock.advance(YEAR + DAY)
    recently = night.clock.now() - DAY
    night.database.write(lambda c, _: c.execute(update(incidents).values(phase="closed", updated_at=recently)))
    sweep(night)
    assert night.database.read(lambda c: c.execute(select(alerts)).all())


def test_a_group_that_was_paged_stays_on_record(night: Night) -> None:
    over(night, "k")
    group = night.group()
    page: dict[str, Any] = {
        "id": "p", "subject_kind": "group", "subject_id": group.id, "title": "x", "detail": "", "urgency": "page",
        "services": [], "group_id": group.id, "state": "ended", "policy": {}, "opened_at": night.clock.now(),
    }  # fmt: skip
    night.database.write(lambda c, _: c.execute(insert(pages).values(page)))
    night.clock.advance(YEAR + DAY)
    sweep(night)
    assert left(night) == []
    assert night.group().id == group.id


def test_each_transaction_looks_at_few_and_goes_on_behind_what_stays(night: Night) -> None:
    for number in range(4):
        night.send(signal(f"fires-{number}"))
        over(night, f"over-{number}-a", f"over-{number}-b")
    night.clock.advance(YEAR + DAY)
    cutoff = night.clock.now() - YEAR
    reached, steps = FIRST, 0
    while True:
        going_on = night.database.write(lambda c, _, after=reached: remove_old(c, after, cutoff, at_once=3))
        steps += 1
        if going_on is None:
            break
        reached = going_on
    assert steps == 5
    assert left(night) == [f"fires-{number}" for number in range(4)]


def test_there_is_one_removal_however_often_it_is_wanted(night: Night) -> None:
    for _ in range(3):
        night.database.write(want_removal)
    sweep(night)
    waiting = select(deadlines).where(deadlines.c.kind == "alerts_old", deadlines.c.state == "waiting")
    assert len(night.database.read(lambda c: c.execute(waiting).all())) == 1
