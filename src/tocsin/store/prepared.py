"""Statements compiled once and handed to the driver as they are, for the hot path.

There SQLAlchemy's work for each statement and row would be most of what an alert costs. The tables stay the one
source of names and types: a statement is written with them, and its values go through their columns' types.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    TableValuedAlias,
    Text,
    UpdateBase,
    any_,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.exc import DBAPIError

from tocsin.store.columns import Instant, is_postgresql

_encode_json = msgspec.json.Encoder().encode
_ROWS_AT_ONCE = (512, 64, 16, 4, 1)
_WORTH_COPYING = 16  # rows
_Process = Callable[[Any], Any]


@dataclass(frozen=True)
class _Parameter:
    """One value of a statement: its name, what its type does to it, and the value that it has if none is given."""

    name: str
    work: _Process
    default: Any


@dataclass(frozen=True)
class _Compiled:
    """One engine's text, its parameters in their order, and the columns' work."""

    text: str
    parameters: tuple[_Parameter, ...]
    by_name: bool
    columns: tuple[_Process | None, ...]

    def given(self, values: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        """The values as the driver takes them."""
        get = values.get
        if self.by_name:
            return {each.name: each.work(get(each.name, each.default)) for each in self.parameters}
        return tuple([each.work(get(each.name, each.default)) for each in self.parameters])


class Prepared:
    """A statement with named parameters (`bindparam`), the same for both engines or one of each."""

    def __init__(self, statement: Select[Any] | UpdateBase, postgresql: Select[Any] | UpdateBase | None = None) -> None:
        self._statements = {"sqlite": statement, "postgresql": statement if postgresql is None else postgresql}
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Run it; each row in the order of the statement's columns."""
        compiled = self._for(connection)
        found = execute(connection, compiled.text, compiled.given(values)).fetchall()
        if not any(compiled.columns):
            return [tuple(row) for row in found]
        return [
            tuple(value if work is None else work(value) for work, value in zip(compiled.columns, row, strict=True))
            for row in found
        ]

    def run(self, connection: Connection, **values: Any) -> int:
        """Run it for what it changes; returns how many rows."""
        compiled = self._for(connection)
        return int(execute(connection, compiled.text, compiled.given(values)).rowcount)

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of the rows."""
        if rows:
            compiled = self._for(connection)
            execute(connection, compiled.text, [compiled.given(values) for values in rows], many=True)

    def _for(self, connection: Connection) -> _Compiled:
        name = connection.dialect.name
        compiled = self._compiled.get(name)
        if compiled is None:
            compiled = self._compiled[name] = _compile(self._statements[name], connection.dialect)
        return compiled


def execute(connection: Connection, text: str, parameters: Any = (), *, many: bool = False) -> Any:
    """Run a statement on the driver's own connection, returning its cursor; its errors come as SQLAlchemy's do.

    `many`: once for each of the `parameters`.
    """
    if not connection.in_transaction():
        connection.begin()
    driver: Any = connection.connection.driver_connection
    try:
        return driver.cursor().executemany(text, parameters) if many else driver.execute(text, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemys(connection, driver, text, error) from error


def _as_sqlalchemys(connection: Connection, driver: Any, text: str, error: Exception) -> BaseException:
    lost = bool(connection.dialect.is_disconnect(cast(Any, error), driver, None))
    if lost:
        connection.invalidate(error)
    base = cast("type[Exception]", connection.dialect.loaded_dbapi.Error)
    return DBAPIError.instance(
        text, None, error, base, hide_parameters=True, connection_invalidated=lost, dialect=connection.dialect
    )


@contextmanager
def savepoint(connection: Connection, name: str) -> Iterator[None]:
    """As `connection.begin_nested()`: what is done inside is undone when it raises."""
    execute(connection, f"SAVEPOINT {name}")
    try:
        yield
    except Exception:
        if not connection.invalidated:
            execute(connection, f"ROLLBACK TO SAVEPOINT {name}")
            execute(connection, f"RELEASE SAVEPOINT {name}")
        raise
    execute(connection, f"RELEASE SAVEPOINT {name}")


def among(of: ColumnElement[Any], name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether the text column `of` is one of those in the list `name`: for SQLite, and for PostgreSQL.

    One parameter for any number of them, so that the statement is always the same; `listed` makes its value.
    """
    each, _ = each_listed(name)
    return of.in_(select(each.c.value)), of == any_(bindparam(name, type_=ARRAY(Text)))


def each_listed(name: str) -> tuple[TableValuedAlias, TableValuedAlias]:
    """The texts of the list `name` as rows with the column `value`: for SQLite, and for PostgreSQL."""
    return (
        func.json_each(bindparam(name, type_=Text)).table_valued(column("value", Text)),
        func.unnest(bindparam(name, type_=ARRAY(Text))).table_valued(column("value", Text)).render_derived(),
    )


def listed(connection: Connection, texts: Sequence[str]) -> Any:
    """The value of an `among` parameter."""
    return list(texts) if is_postgresql(connection) else msgspec.json.encode(texts).decode()


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], *, hopeful: bool = False) -> int:
    """Insert rows whose values stand in the order of the table's columns, already as the database keeps them.

    Instants as `stored` makes them, JSON as text. On PostgreSQL those that hit a unique index are left out, unless it
    is `hopeful`: then an IntegrityError ends the transaction. Returns how many were inserted.
    """
    if is_postgresql(connection):
        if hopeful and len(rows) >= _WORTH_COPYING:
            return _copy(connection, table, rows)
        names = [column.name for column in table.columns]
        content = msgspec.json.encode([dict(zip(names, row, strict=True)) for row in rows]).decode()
        return int(execute(connection, _insert_set(table), (content,)).rowcount)
    for some in _parts(rows):
        # one statement for many rows is one step of SQLite: the interpreter is left and entered again once
        execute(connection, _insert_many(table, len(some)), [value for row in some for value in row])
    return len(rows)


def _copy(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> int:
    driver: Any = connection.connection.driver_connection
    text = f"COPY {table.name} ({_names(table)}) FROM STDIN"
    try:
        with driver.cursor() as cursor:
            with cursor.copy(text) as copy:
                for row in rows:
                    copy.write_row(row)
            return int(cursor.rowcount)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemys(connection, driver, text, error) from error


@cache
def _insert_many(table: Table, count: int) -> str:
    marks = "(" + ", ".join("?" for _ in table.columns) + ")"
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES {', '.join([marks] * count)}"  # noqa: S608 - our own names


@cache
def _insert_set(table: Table) -> str:
    return (
        f"INSERT INTO {table.name} ({_names(table)}) SELECT {_names(table)} "  # noqa: S608 - our own names
        f"FROM json_populate_recordset(NULL::{table.name}, %s::json) ON CONFLICT DO NOTHING"
    )


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    start = 0
    for size in _ROWS_AT_ONCE:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


def stored(connection: Connection) -> _Process:
    """What makes of an instant, or of None, what the database keeps."""
    return cast(_Process, Instant().bind_processor(connection.dialect) or _as_is)


def json_text(value: Any) -> str:
    """A JSON value of texts as a `Json` column keeps it."""
    return _encode_json(value).decode()


def _as_is(value: Any) -> Any:
    return value


def _compile(statement: Select[Any] | UpdateBase, dialect: Dialect) -> _Compiled:
    compiled = cast(Any, statement.compile(dialect=dialect))
    order = compiled.positiontup if compiled.positional else list(compiled.binds)
    columns: tuple[_Process | None, ...] = ()
    if isinstance(statement, Select):
        columns = tuple(
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.selected_columns
        )
    parameters = tuple(_parameter(name, compiled.binds[name], dialect) for name in order)
    return _Compiled(str(compiled), parameters, not compiled.positional, columns)


def _parameter(name: str, bound: Any, dialect: Dialect) -> _Parameter:
    return _Parameter(name, bound.type.dialect_impl(dialect).bind_processor(dialect) or _as_is, bound.value)


__all__ = [
    "Prepared",
    "among",
    "each_listed",
    "execute",
    "insert_rows",
    "json_text",
    "listed",
    "savepoint",
    "stored",
]
