"""The migrations make exactly the tables that the code uses, on both engines."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from tocsin.store import migrate
from tocsin.store.database import Database
from tocsin.store.tables import metadata


def test_migrated_is_what_the_code_expects(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        return list(compare_metadata(context, metadata))

    assert database.read(differences) == []


def test_indexes_with_a_condition_are_there_too(database: Database) -> None:
    def unique_indexes(connection: Connection) -> set[str]:
        found = inspect(connection)
        return {
            str(index["name"])
            for table in ("pages", "alerts", "groups", "freezes", "organisation_objects")
            for index in found.get_indexes(table)
            if index["unique"]
        }

    assert database.read(unique_indexes) >= {
        "uq_pages_live", "uq_alerts_open", "uq_groups_open", "uq_freezes_live", "uq_organisation_objects_current",
    }  # fmt: skip


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate.is_current(database.url)
    migrate.upgrade(database.url)
    assert migrate.current(database.url) == migrate.newest()
