"""Nobody can change, remove, insert, reorder or cut off an entry in the database without `verify` naming it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from tocsin.clock import SimulatedClock
from tocsin.identity.actor import Right, person
from tocsin.incidents.command import Changed, change_incident, create_incident
from tocsin.runbook.bundle import default_bundle
from tocsin.store.database import Database
from tocsin.store.tables.core import installation
from tocsin.store.tables.timeline import entries, incidents
from tocsin.timeline import journal
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.incidents import Declared, Noted, Renamed
from tocsin.timeline.verify import Fault, export_heads, read_heads, verify

DANA = person("dana", "Dana Okafor", Right.ADMIN)


def declare(database: Database) -> Changed:
    """A real incident: declared, three notes, renamed."""

    def work(connection: Connection, now: object) -> Changed:
        number = journal.next_number(connection)
        bundle = default_bundle()
        fact = Declared(number=number, title="Checkout fails", severity=2, bundle_digest=bundle.digest)
        return create_incident(connection, DANA, number, bundle, [NewFact(fact=fact)], now)  # type: ignore[arg-type]

    declared = database.write(work)
    for note in ("card payments fail", "about 40 percent", "since the last deploy"):
        database.write(
            lambda c, now, note=note: change_incident(
                c, DANA, declared.state.incident.id, lambda *_: [NewFact(fact=Noted(text=note))], now
            )
        )
    return database.write(
        lambda c, now: change_incident(
            c, DANA, declared.state.incident.id, lambda *_: [NewFact(fact=Renamed(title="Card payments fail"))], now
        )
    )


def tamper(database: Database, change: Callable[[Connection], object]) -> None:
    """Change the database directly, as somebody with its password could."""
    database.write(lambda connection, _: change(connection))


def first_fault(database: Database) -> Fault | None:
    """What verify says first."""
    return next(iter(database.read(verify).faults), None)


@pytest.fixture
def incident(database: Database) -> Changed:
    """One incident with an honest record."""
    changed = declare(database)
    assert first_fault(database) is None
    return changed


def of(incident: Changed, seq: int):
    """The entry with that seq."""
    return (entries.c.incident_id == incident.state.incident.id) & (entries.c.seq == seq)


def test_changed_body_is_named(database: Database, incident: Changed) -> None:
    def change(connection: Connection) -> None:
        body = json.loads(connection.execute(select(entries.c.body).where(of(incident, 1))).scalar_one())
        body["facts"]["severity"] = 3
        connection.execute(update(entries).where(of(incident, 1)).values(body=json.dumps(body).encode()))

    tamper(database, change)
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == 1
    assert "changed" in fault.message


def test_changed_text_is_named(database: Database, incident: Changed) -> None:
    tamper(database, lambda c: c.execute(update(entries).where(of(incident, 3)).values(texts={"text": "all is well"})))
    fault = first_fault(database)
    assert fault is not None
    assert (fault.number, fault.seq) == (1, 3)


def test_text_taken_out_without_a_redaction_is_named(database: Database, incident: Changed) -> None:
    tamper(database, lambda c: c.execute(update(entries).where(of(incident, 3)).values(texts={}, salts={})))
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == 3


def test_removed_entry_is_named(database: Database, incident: Changed) -> None:
    tamper(database, lambda c: c.execute(delete(entries).where(of(incident, 3))))
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == 3


def test_removed_and_renumbered_entry_is_named(database: Database, incident: Changed) -> None:
    def change(connection: Connection) -> None:
        connection.execute(delete(entries).where(of(incident, 3)))
        for seq in range(4, incident.state.seq + 1):
            connection.execute(update(entries).where(of(incident, seq)).values(seq=seq - 1))

    tamper(database, change)
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == 3


def test_inserted_entry_is_named(database: Database, incident: Changed) -> None:
    def change(connection: Connection) -> None:
        for seq in range(incident.state.seq, 2, -1):
            connection.execute(update(entries).where(of(incident, seq)).values(seq=seq + 1))
        row = dict(connection.execute(select(entries).where(of(incident, 2))).one()._mapping)
        connection.execute(insert(entries).values(**{**row, "seq": 3, "id": "another"}))

    tamper(database, change)
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == 3


def test_reordered_entries_are_named(database: Database, incident: Changed) -> None:
    def change(connection: Connection) -> None:
        for old, new in ((2, 1002), (3, 2), (1002, 3)):
            connection.execute(update(entries).where(of(incident, old)).values(seq=new))

    tamper(database, change)
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == 2


def test_cut_off_end_is_named(database: Database, incident: Changed) -> None:
    tamper(database, lambda c: c.execute(delete(entries).where(of(incident, incident.state.seq))))
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == incident.state.seq
    assert "cut off" in fault.message


def test_cut_off_end_with_the_head_put_back_is_named(database: Database, incident: Changed) -> None:
    def change(connection: Connection) -> None:
        connection.execute(delete(entries).where(of(incident, incident.state.seq)))
        before = connection.execute(select(entries.c.hash).where(of(incident, incident.state.seq - 1))).scalar_one()
        connection.execute(update(incidents).values(seq=incident.state.seq - 1, head_hash=before))

    tamper(database, change)
    fault = first_fault(database)
    assert fault is not None
    assert "signature" in fault.message


def test_changed_lookup_column_is_named(database: Database, incident: Changed) -> None:
    tamper(database, lambda c: c.execute(update(entries).where(of(incident, 2)).values(actor_id="kofi")))
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == 2
    assert "actor" in fault.message


def test_moved_time_in_a_column_is_named(database: Database, incident: Changed, clock: SimulatedClock) -> None:
    moved = clock.now() - timedelta(hours=1)
    tamper(database, lambda c: c.execute(update(entries).where(of(incident, 2)).values(happened_at=moved)))
    fault = first_fault(database)
    assert fault is not None
    assert fault.seq == 2


@pytest.mark.parametrize("column", [{"severity": 3}, {"title": "nothing"}, {"phase": "closed"}, {"state": "{}"}])
def test_changed_read_table_is_named(database: Database, incident: Changed, column: dict[str, object]) -> None:
    del incident
    tamper(database, lambda c: c.execute(update(incidents).values(**column)))
    assert first_fault(database) is not None


def test_removed_incident_is_named(database: Database, incident: Changed) -> None:
    def change(connection: Connection) -> None:
        connection.execute(delete(entries).where(entries.c.incident_id == incident.state.incident.id))
        connection.execute(delete(incidents))

    tamper(database, change)
    fault = first_fault(database)
    assert fault is not None
    assert (fault.number, fault.message) == (1, "the incident is gone")


def test_entries_whose_incident_is_gone_are_named_by_what_they_belong_to(database: Database, incident: Changed) -> None:
    tamper(database, lambda c: c.execute(delete(incidents)))
    told = [fault.sentence() for fault in database.read(verify).faults]
    assert f"entry 1: the entry belongs to no incident ({incident.state.incident.id})" in told
    assert not any("INC-0" in sentence for sentence in told)


def test_counter_turned_back_is_named(database: Database, incident: Changed) -> None:
    del incident
    tamper(database, lambda c: c.execute(update(installation).values(value="0:x.y")))
    assert first_fault(database) is not None


def test_older_signed_copy_shows_only_with_exported_heads(database: Database, incident: Changed) -> None:
    incident_id = incident.state.incident.id
    head = database.read(lambda c: dict(c.execute(select(incidents)).one()._mapping))
    database.write(
        lambda c, now: change_incident(c, DANA, incident_id, lambda *_: [NewFact(fact=Noted(text="later"))], now)
    )
    exported = read_heads(database.read(export_heads))

    def put_back(connection: Connection) -> None:
        connection.execute(delete(entries).where(of(incident, incident.state.seq + 1)))
        connection.execute(update(incidents).values(**head))

    tamper(database, put_back)
    assert first_fault(database) is None
    found = database.read(lambda c: verify(c, exported)).faults
    assert [fault.seq for fault in found] == [incident.state.seq + 1]


def test_verify_never_writes(database: Database, incident: Changed) -> None:
    del incident
    before = database.read(lambda c: c.execute(text("select count(*) from entries")).scalar())
    database.read(verify)
    assert database.read(lambda c: c.execute(text("select count(*) from entries")).scalar()) == before
