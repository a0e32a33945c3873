"""What a fold leaves for the next is what reading would find, whoever writes in between."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from tests.alerts.night import DANA, INTEGRATION, Night, signal
from tocsin.alerts.grouping import Group
from tocsin.alerts.usecases import CreateSilence, SnoozeGroup, create_silence, fold_received, snooze_group
from tocsin.alerts.usecases.calm import silences_to_come
from tocsin.alerts.usecases.known import Known
from tocsin.alerts.usecases.rows import locked_groups
from tocsin.clock import SimulatedClock
from tocsin.intake.signal import Received, Signal
from tocsin.organisation import queries as organisation_queries
from tocsin.store.database import Database, remembered

SERVICES = ("checkout-api", "ledger", "search")


@pytest.fixture
def night(database: Database, clock: SimulatedClock) -> Night:
    return Night(database, clock)


def fold(database: Database, *signals: Signal) -> bool:
    """One commit of the writer's kind; whether the one before had left something for it."""

    def work(connection: Connection, now: datetime) -> bool:
        found = bool(remembered(connection))
        if found:
            assert_true(connection, now)
        fold_received(connection, [Received(INTEGRATION, each) for each in signals], now, hopeful=True)
        assert_true(connection, now)
        return found

    return database.submit(work, remembers=True).result()


def assert_true(connection: Connection, now: datetime) -> None:
    known = Known.of(connection, now)
    stored = locked_groups(connection, known.groups)
    assert {id: to_the_second(each) for id, each in known.groups.items()} == {
        id: to_the_second(each) for id, each in stored.items()
    }
    assert known.open == {(each.route, each.key): each.id for each in stored.values() if each.state != "closed"}
    assert [each for each in known.silences if each.ends_at > now] == silences_to_come(connection, now)
    assert known.router.organisation.version == organisation_queries.version(connection)


def to_the_second(group: Group) -> Group:
    return replace(group, changed_at=group.changed_at.replace(microsecond=0), changes=frozenset())


def some_signal(chance: random.Random) -> Signal:
    severity = chance.choice(["critical", "error", "error", "warning"])
    status = chance.choice(["firing", "firing", "firing", "resolved"])
    return signal(f"k{chance.randrange(40)}", status, severity=severity, service=chance.choice(SERVICES))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_remembered_is_what_stands_in_the_database(night: Night, seed: int) -> None:
    chance, database = random.Random(seed), night.database
    fold(database, signal("first"))
    found = 0
    for number in range(60):
        night.clock.advance(timedelta(milliseconds=chance.choice([0, 1, 300, 1500, 90_000])))
        now = night.clock.now()
        what = chance.randrange(12)
        if what == 0:
            until = now + timedelta(minutes=chance.choice([1, 30]))
            asked = CreateSilence(match={"service": chance.choice(SERVICES)}, reason="deploy", ends_at=until)
            database.write(lambda c, at, asked=asked: create_silence(c, DANA, asked, at))  # type: ignore[misc]
        elif what == 1 and (groups := night.groups()):
            snooze = SnoozeGroup(chance.choice(groups).id, now + timedelta(minutes=5))
            database.write(lambda c, at, snooze=snooze: snooze_group(c, DANA, snooze, at))  # type: ignore[misc]
        elif what == 2:
            inhibits = chance.choice([[], [{"match": {"service": chance.choice(SERVICES)}}]])
            rule = {"order": number, "match": {"service": chance.choice(SERVICES)}, "inhibits": inhibits}
            night.organise("routing", f"r{number}", **rule)
        elif what == 3:
            night.wait(chance.choice([0, 6]))
        else:
            found += fold(database, *(some_signal(chance) for _ in range(chance.choice([1, 1, 5]))))
    assert found > 10 or database.is_postgresql, "there was something to be true"


def test_another_process_or_a_failure_makes_it_forget(night: Night) -> None:
    database = night.database
    assert not fold(database, signal("a"))
    assert fold(database, signal("b")) != database.is_postgresql
    other = Database.open(database.url, night.clock, database.context)
    try:
        asked = CreateSilence(
            match={"service": "ledger"}, reason="deploy", ends_at=night.clock.now() + timedelta(hours=1)
        )
        other.write(lambda c, at: create_silence(c, DANA, asked, at))
    finally:
        other.close()
    assert not fold(database, signal("c"))

    def fail(connection: Connection, now: datetime) -> None:
        fold_received(connection, [Received(INTEGRATION, signal("d"))], now, hopeful=True)
        raise ValueError("after the fold")

    with pytest.raises(ValueError, match="after the fold"):
        database.submit(fail, remembers=True).result()
    assert not fold(database, signal("d"))
    assert night.group().total == 4
