"""Column types and the few statements that differ between SQLite and PostgreSQL."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Connection, DateTime, Dialect, Executable, Select, Table, Text, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

_Row = TypeVar("_Row", bound=tuple[Any, ...])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds: timestamptz on PostgreSQL, an integer of microseconds on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The engine's own type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database; refuses naive instants."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r} given to the database; instants are aware and UTC")
        return value if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database, always aware and UTC."""
        del dialect
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=int(value))


class Json(TypeDecorator[Any]):
    """A JSON value kept as text, the same bytes on both engines."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To the database."""
        del dialect
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """From the database."""
        del dialect
        return None if value is None else json.loads(value)


def is_postgresql(connection: Connection) -> bool:
    """Whether the connection speaks to PostgreSQL (else SQLite)."""
    return connection.dialect.name == "postgresql"


def insert_or_ignore(
    connection: Connection, table: Table, rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> int:
    """Insert rows; those that hit a unique index are left as they are. Returns how many were inserted."""
    many = [rows] if isinstance(rows, Mapping) else list(rows)
    if not many:
        return 0
    statement = _insert_or_ignore(table, connection.dialect.name)
    return sum(len(connection.execute(statement, dict(row)).all()) for row in many)


@cache
def _insert_or_ignore(table: Table, engine: str) -> Executable:
    insert = postgresql.insert(table) if engine == "postgresql" else sqlite.insert(table)
    # `returning` and not the row count: psycopg knows none after an insert that returns its key.
    return insert.on_conflict_do_nothing().returning(literal(1))


def upsert(connection: Connection, table: Table, row: Mapping[str, Any], key: Iterable[str]) -> None:
    """Insert the row, or set its other columns where the unique `key` columns already stand."""
    names = list(key)
    insert = postgresql.insert(table) if is_postgresql(connection) else sqlite.insert(table)
    statement = insert.values(**row)
    changes = {name: statement.excluded[name] for name in row if name not in names}
    connection.execute(
        statement.on_conflict_do_update(index_elements=names, set_=changes)
        if changes
        else statement.on_conflict_do_nothing()
    )


def lock_rows(connection: Connection, select: Select[_Row], *, skip_locked: bool = False) -> Select[_Row]:
    """`FOR UPDATE [SKIP LOCKED]` on PostgreSQL; on SQLite the one writer holds every lock already."""
    return select.with_for_update(skip_locked=skip_locked) if is_postgresql(connection) else select


def lockable(statement: Select[_Row], *, skip_locked: bool = False) -> Callable[[Connection], Select[_Row]]:
    """As `lock_rows`, for a statement that is made once and run often: making it costs several times what running it does."""
    locked = statement.with_for_update(skip_locked=skip_locked)
    return lambda connection: locked if is_postgresql(connection) else statement
