"""What there is now, what there was at a moment, and what files would change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Row, Select, or_, select

from tocsin.organisation.export import export_files
from tocsin.organisation.held import Held, Key, from_json
from tocsin.organisation.load import load_texts
from tocsin.organisation.mistakes import FileMistake
from tocsin.organisation.model import SETTINGS_ID, Kind
from tocsin.organisation.model.fields import Spec
from tocsin.organisation.plan import Plan, make_plan
from tocsin.organisation.snapshot import Organisation
from tocsin.store.prepared import Prepared
from tocsin.store.tables.core import installation
from tocsin.store.tables.organisation import organisation_objects as rows

VERSION_FACT = "organisation_version"
_VERSION = Prepared(select(installation.c.value).where(installation.c.name == VERSION_FACT))
_snapshots: WeakKeyDictionary[Engine, Organisation] = WeakKeyDictionary()


def version(connection: Connection) -> str:
    """A word that is new with every change of any object; '' before the first."""
    found = _VERSION.rows(connection)
    return str(found[0][0] if found else "")


def everything(connection: Connection, at: datetime | None = None) -> Organisation:
    """The whole organisation, now or as it was at an instant. The present one is kept in memory by its version."""
    if at is not None:
        return Organisation.of({key: each.spec for key, each in _held(connection, _valid(at)).items()})
    present = version(connection)
    known = _snapshots.get(connection.engine)
    if known is None or known.version != present:
        known = Organisation.of({key: each.spec for key, each in held(connection).items()}, present)
        _snapshots[connection.engine] = known
    return known


def current(connection: Connection, kind: Kind, id: str, at: datetime | None = None) -> Spec | None:
    """One object, now or as it was at an instant; None when there was none."""
    statement = _valid(at).where(rows.c.kind == kind, rows.c.id == id)
    row = connection.execute(statement).first()
    return from_json(kind, row.spec) if row else None


def source(connection: Connection, kind: Kind, id: str) -> Held | None:
    """One current object with what made it: those from files are read-only on screens."""
    found = _held(connection, _valid(None).where(rows.c.kind == kind, rows.c.id == id))
    return found.get((kind, id))


def history(connection: Connection, kind: Kind, id: str) -> Sequence[tuple[datetime, datetime | None, Spec]]:
    """Every version of an object: from when, until when (None: still), and what it was; oldest first."""
    statement = select(rows).where(rows.c.kind == kind, rows.c.id == id).order_by(rows.c.valid_from)
    return [(row.valid_from, row.valid_to, from_json(kind, row.spec)) for row in connection.execute(statement)]


def valid_since(connection: Connection, kind: Kind) -> dict[str, datetime]:
    """Since when each present object of a kind is as it is, by id."""
    statement = select(rows.c.id, rows.c.valid_from).where(rows.c.kind == kind, rows.c.valid_to.is_(None))
    return {row.id: row.valid_from for row in connection.execute(statement)}


def held(connection: Connection) -> dict[Key, Held]:
    """Every current object with what made it."""
    return _held(connection, _valid(None))


def planned(connection: Connection, texts: Mapping[str, str]) -> tuple[Plan, tuple[FileMistake, ...]]:
    """What applying these files (path to text) would change, and what is wrong with them; changes nothing."""
    now = held(connection)
    loaded = load_texts(texts, now)
    return (Plan() if loaded.mistakes else make_plan(now, loaded)), loaded.mistakes


def exported(connection: Connection) -> dict[str, str]:
    """The whole organisation as files: path to text."""
    return export_files({key: each.spec for key, each in held(connection).items()})


def has_settings(connection: Connection) -> bool:
    """Whether the first start has been: there are settings, so there is a last resort."""
    return current(connection, "settings", SETTINGS_ID) is not None


def _valid(at: datetime | None) -> Select[Any]:
    statement = select(rows).order_by(rows.c.kind, rows.c.id)
    if at is None:
        return statement.where(rows.c.valid_to.is_(None))
    return statement.where(rows.c.valid_from <= at, or_(rows.c.valid_to.is_(None), rows.c.valid_to > at))


def _held(connection: Connection, statement: Select[Any]) -> dict[Key, Held]:
    return {(row.kind, row.id): _of(row) for row in connection.execute(statement)}


def _of(row: Row[Any]) -> Held:
    return Held(from_json(row.kind, row.spec), row.origin, row.source_file, row.source_line)
