"""Migrations: `upgrade(url)` brings a database to this version's schema.

Alembic is imported only where there is something to migrate: it is a tenth of a start and of the memory after it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, column, create_engine, inspect, make_url, select, table

_HERE = Path(__file__).parent / "migrations"
_REVISION = re.compile(r'^(revision|down_revision)\b[^=\n]*= *"([^"]+)"', re.MULTILINE)
_VERSIONS = table("alembic_version", column("version_num"))


def upgrade(url: str) -> None:
    """Migrate to the newest schema; nothing happens when it is there already."""
    from alembic import command
    from alembic.config import Config

    with _engine(url) as engine, engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(_HERE))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(url: str) -> bool:
    """Whether the database has this version's schema."""
    return current(url) == newest()


def current(url: str) -> str | None:
    """The revision of the database; None when it is empty."""
    with _engine(url) as engine, engine.connect() as connection:
        if not inspect(connection).has_table(_VERSIONS.name):
            return None
        found: object = connection.execute(select(_VERSIONS.c.version_num)).scalar()
        return str(found) if found is not None else None


def newest() -> str:
    """The revision that this version needs: the one that no other follows."""
    found = [match for path in (_HERE / "versions").glob("*.py") for match in _REVISION.findall(path.read_text())]
    followed = {revision for name, revision in found if name == "down_revision"}
    (last,) = (revision for name, revision in found if name == "revision" and revision not in followed)
    return str(last)


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    elif parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed)
    try:
        yield engine
    finally:
        engine.dispose()
