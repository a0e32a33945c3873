"""A backup taken while the server runs holds everything, and fills an empty installation on either engine."""

from pathlib import Path

import pytest

from tests.timeline.test_chain import DANA, declare
from tocsin.clock import SimulatedClock
from tocsin.errors import ConfigurationError
from tocsin.identity.keys import KEYS, Keys
from tocsin.incidents.command import change_incident
from tocsin.store import migrate
from tocsin.store.backup import backup, read_key, restore
from tocsin.store.blobs import get_blob, put_blob
from tocsin.store.database import Database
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.incidents import Noted
from tocsin.timeline.verify import verify


def test_everything_comes_back_and_still_verifies(database: Database, clock: SimulatedClock, tmp_path: Path) -> None:
    incident = declare(database)
    content = bytes(range(256)) * 5_000
    digest = database.write(lambda c, _: put_blob(c, content))
    keys = database.context[KEYS]
    assert isinstance(keys, Keys)
    file = tmp_path / "backup.tar.gz"
    counts = backup(database, keys.text(), file, clock.now())
    assert counts["incidents"] == 1
    assert file.stat().st_mode & 0o077 == 0, "it holds every secret"

    url = f"sqlite:///{tmp_path / 'new' / 'tocsin.db'}"
    migrate.upgrade(url)
    fresh = Database.open(url, clock, {KEYS: Keys.parse(read_key(file))})
    try:
        restore(fresh, file)
        found = fresh.read(verify)
        assert (found.incidents, found.entries, found.faults) == (1, incident.state.seq, ())
        assert fresh.read(lambda c: get_blob(c, digest)) == content
        note = [NewFact(fact=Noted(text="after the restore"))]
        fresh.write(lambda c, now: change_incident(c, DANA, incident.state.incident.id, lambda *_: note, now))
        assert fresh.read(verify).faults == ()
        with pytest.raises(ConfigurationError, match="not empty"):
            restore(fresh, file)
    finally:
        fresh.close()


def test_a_file_that_is_no_backup_is_named(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no backup")
    with pytest.raises(ConfigurationError, match=r"notes\.txt is no Tocsin backup"):
        restore(database, file)
