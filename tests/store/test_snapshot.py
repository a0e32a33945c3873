"""A query sees the database as it stood at its first statement, on both engines."""

from sqlalchemy import Connection, text

from tocsin.store.database import Database


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM seen")).scalar_one())


def test_what_others_write_meanwhile_is_for_the_next_query(database: Database) -> None:
    def add() -> None:
        database.write(lambda c, now: c.execute(text("INSERT INTO seen VALUES (1)")))

    def query(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        add()
        return before, count(connection)

    database.write(lambda c, now: c.execute(text("CREATE TABLE seen (n INTEGER)")))
    add()
    assert database.read(query) == (1, 1)
    assert database.read(count) == 2
    database.write(lambda c, now: c.execute(text("UPDATE seen SET n = 2")))
    assert database.read(count) == 2, "a connection of the pool is good for both"
