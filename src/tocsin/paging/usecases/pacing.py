"""When a message to a person goes: at once, or in a storm some seconds later and together with others."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.paging.crowd import CROWD, Crowd
from tocsin.paging.preferences import how_bad


def page_goes_at(
    connection: Connection, person: str, method_id: str, kind: str, severity: str | None, now: datetime
) -> datetime:
    """When a page may go by a method of this kind: what is critical never waits for what is not."""
    return _goes_at(connection, ("page", person, method_id, how_bad(severity) == "critical"), kind, now)


def end_goes_at(connection: Connection, person: str, method_id: str, kind: str, now: datetime) -> datetime:
    """When it may be told that a page is over."""
    return _goes_at(connection, ("over", person, method_id), kind, now)


def _goes_at(connection: Connection, key: tuple[object, ...], kind: str, now: datetime) -> datetime:
    crowd = connection.info.get(CROWD)
    return crowd.goes_at(key, kind, now) if isinstance(crowd, Crowd) else now


__all__ = ["end_goes_at", "page_goes_at"]
