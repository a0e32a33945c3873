"""What one fold leaves for the next, so that it need not read again what was written a moment ago."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from tocsin.alerts.grouping import Group
from tocsin.alerts.routing import Router
from tocsin.alerts.silences import Silence
from tocsin.alerts.usecases.calm import silences_to_come
from tocsin.organisation import queries as organisation_queries
from tocsin.organisation.snapshot import Organisation
from tocsin.store.database import remembered

_MEMORY = "alerts.fold"
_MOST = 2_000  # groups
_routers: WeakKeyDictionary[Engine, Router] = WeakKeyDictionary()


@dataclass
class Known:
    """The organisation, the silences that are or will be, and groups as they are stored; true while nobody else writes."""

    router: Router
    silences: list[Silence]
    groups: dict[str, Group] = field(default_factory=dict)
    open: dict[tuple[str, str], str] = field(default_factory=dict)  # (route, key) -> id

    @classmethod
    def of(cls, connection: Connection, now: datetime) -> "Known":
        """From the fold before, as far as `remembered` still holds it; else read."""
        memory = remembered(connection)
        known = memory.get(_MEMORY)
        if not isinstance(known, cls) or not known.router.is_good(known.router.organisation, now):
            organisation = organisation_queries.everything(connection)
            known = cls(_router(connection.engine, organisation, now), silences_to_come(connection, now))
            memory[_MEMORY] = known
        return known

    @staticmethod
    def forget(connection: Connection) -> None:
        """The next fold reads all of it again."""
        remembered(connection).pop(_MEMORY, None)

    def keep(self, groups: Iterable[Group]) -> None:
        """They are stored so now; when they changed last, to the second."""
        if len(self.groups) >= _MOST:
            self.groups.clear()
            self.open.clear()
        for group in groups:
            told = group.changes - {"counts"}
            self.groups[group.id] = replace(group, changes=frozenset()) if told else group
            if group.state != "closed":
                self.open[group.route, group.key] = group.id


def _router(engine: Engine, organisation: Organisation, now: datetime) -> Router:
    known = _routers.get(engine)
    if known is None or not known.is_good(organisation, now):
        known = _routers[engine] = Router(organisation, now)
    return known


__all__ = ["Known"]
