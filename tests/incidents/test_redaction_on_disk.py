"""After a redaction the secret stands in no file of the installation, not even in the write-ahead log."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.timeline.test_chain import DANA, declare
from tocsin.incidents.command import change_incident
from tocsin.incidents.usecases.redacting import redact_entry
from tocsin.store.database import Database
from tocsin.timeline.entry import NewFact
from tocsin.timeline.facts.incidents import Noted
from tocsin.timeline.verify import verify

SECRET = "hunter2-the-database-password"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_secret_is_in_no_file(database: Database) -> None:
    incident_id = declare(database).state.incident.id
    note = [NewFact(fact=Noted(text=f"the password is {SECRET}"))]
    written = database.write(lambda c, now: change_incident(c, DANA, incident_id, lambda *_: note, now))
    folder = Path(make_url(database.url).database or "").parent

    def files_with_it() -> list[str]:
        return [file.name for file in folder.iterdir() if SECRET.encode() in file.read_bytes()]

    assert files_with_it(), "else this test proves nothing"
    database.write(lambda c, now: redact_entry(c, DANA, incident_id, written.state.seq, now, reason="a secret"))
    assert files_with_it() == []
    assert database.read(verify).faults == ()
