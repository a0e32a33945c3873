"""Each test gets a database of its own, migrated and empty, on each engine."""

from sqlalchemy import Connection, func, insert, select

from tocsin.store.database import Database
from tocsin.store.tables.core import installation


def test_a_database_is_empty_and_keeps_what_is_written(database: Database) -> None:
    before = database.read(_count)
    database.write(lambda c, now: c.execute(insert(installation).values(name="motto", value="restore first")))
    assert database.read(lambda c: c.scalar(select(installation.c.value).where(installation.c.name == "motto")))
    assert database.read(_count) == before + 1


def _count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(installation)) or 0


def test_another_test_sees_nothing_of_it(database: Database) -> None:
    assert database.read(lambda c: c.scalar(select(installation.c.value).where(installation.c.name == "motto"))) is None
