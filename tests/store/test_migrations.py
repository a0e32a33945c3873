"""The migrations make exactly the tables that the code uses, on both engines."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

import tocsin.store
from tocsin.store import migrate
from tocsin.store.columns import is_postgresql
from tocsin.store.database import Database
from tocsin.store.tables import metadata

_BY_EXPRESSION = "uq_alerts_episodes"


def _can_be_compared(_: object, name: str | None, *__: object) -> bool:
    return name != _BY_EXPRESSION  # each engine tells an expression in words of its own


def test_migrated_is_what_the_code_expects(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": False, "include_object": _can_be_compared}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    assert database.read(differences) == []


def test_an_index_by_an_expression_is_there_and_unique(database: Database) -> None:
    def definition(connection: Connection) -> str:
        catalog = "sqlite_master", "sql", "name"
        if is_postgresql(connection):
            catalog = "pg_indexes", "indexdef", "indexname"
        table, text, name = catalog
        return str(connection.exec_driver_sql(f"SELECT {text} FROM {table} WHERE {name} = '{_BY_EXPRESSION}'").scalar())

    found = database.read(definition)
    assert found.startswith("CREATE UNIQUE INDEX")
    assert "CASE" in found


def test_indexes_with_a_condition_are_there_too(database: Database) -> None:
    def unique_indexes(connection: Connection) -> set[str]:
        found = inspect(connection)
        return {
            str(index["name"])
            for table in ("pages", "groups", "freezes", "organisation_objects")
            for index in found.get_indexes(table)
            if index["unique"]
        }

    assert database.read(unique_indexes) >= {
        "uq_pages_live", "uq_groups_open", "uq_freezes_live", "uq_organisation_objects_current",
    }  # fmt: skip


def test_what_is_read_without_alembic_is_what_alembic_says(database: Database) -> None:
    scripts = ScriptDirectory(str(Path(tocsin.store.__file__).parent / "migrations"))
    assert migrate.newest() == scripts.get_current_head()
    said = database.read(lambda connection: MigrationContext.configure(connection).get_current_revision())
    assert migrate.current(database.url) == said


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate.is_current(database.url)
    migrate.upgrade(database.url)
    assert migrate.current(database.url) == migrate.newest()
