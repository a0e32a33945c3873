"""Fifty writers on one incident at once lose nothing and duplicate nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, select

from tests.timeline.test_chain import DANA, declare
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import Right, person
from tocsin.identity.commands import once
from tocsin.identity.keys import KEYS
from tocsin.incidents.command import change_incident
from tocsin.store.database import Database
from tocsin.store.tables.timeline import incidents
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.incidents import Noted
from tocsin.timeline.journal import read_entries
from tocsin.timeline.verify import verify

WRITERS = 50


def test_fifty_writers_at_once(database: Database, clock: SimulatedClock) -> None:
    incident = declare(database)
    incident_id, before = incident.state.incident.id, incident.state.seq
    other = Database.open(database.url, clock, database.context) if database.is_postgresql else database
    barrier = threading.Barrier(WRITERS)

    def write(number: int) -> None:
        barrier.wait(30)
        note = [NewFact(fact=Noted(text=f"note {number}"))]
        where = (database, other)[number % 2]
        where.write(lambda c, now: change_incident(c, DANA, incident_id, lambda *_: note, now))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    try:
        entries = database.read(lambda c: read_entries(c, incident_id, after=before))
        assert [entry.seq for entry in entries] == list(range(before + 1, before + WRITERS + 1))
        assert sorted(getattr(e.fact, "text", "") for e in entries) == sorted(f"note {n}" for n in range(WRITERS))
        assert database.read(verify).faults == ()
    finally:
        if other is not database:
            other.close()


def test_one_command_sent_by_ten_at_once_is_carried_out_once(database: Database) -> None:
    incident_id = declare(database).state.incident.id
    actor = person("kofi", "Kofi Mensah", Right.RESPONDER)

    def send(_: int) -> bool:
        def work(connection: Connection, now: object) -> bool:
            def change() -> dict[str, int]:
                note = [NewFact(fact=Noted(text="sent again and again"))]
                changed = change_incident(connection, actor, incident_id, lambda *_: note, now)  # type: ignore[arg-type]
                return {"seq": changed.state.seq}

            return once(connection, actor, "spool-7", b"body", now, change)[1]  # type: ignore[arg-type]

        return database.write(work)

    with ThreadPoolExecutor(10) as pool:
        replayed = list(pool.map(send, range(10)))
    assert replayed.count(False) == 1
    entries = database.read(lambda c: read_entries(c, incident_id))
    assert sum(getattr(entry.fact, "text", "") == "sent again and again" for entry in entries) == 1


def test_recorded_time_never_steps_back(database: Database, clock: SimulatedClock) -> None:
    incident_id = declare(database).state.incident.id
    earlier = clock.now().replace(hour=9)
    clock.set(earlier)
    note = [NewFact(fact=Noted(text="the machine's clock was turned back"))]
    database.write(lambda c, now: change_incident(c, DANA, incident_id, lambda *_: note, now))
    entries = database.read(lambda c: read_entries(c, incident_id))
    assert [e.recorded_at for e in entries] == sorted(e.recorded_at for e in entries)


def test_a_snapshot_of_another_version_is_folded_again(database: Database) -> None:
    incident = declare(database)
    incident_id = incident.state.incident.id
    stale = {"state_version": 0, "state": "{}"}
    database.write(lambda c, _: c.execute(incidents.update().values(**stale)))
    note = [NewFact(fact=Noted(text="after an upgrade"))]
    changed = database.write(lambda c, now: change_incident(c, DANA, incident_id, lambda *_: note, now))
    assert changed.state.incident == incident.state.incident
    assert database.read(lambda c: c.execute(select(incidents.c.state_version)).scalar()) != 0
    assert KEYS in database.context
