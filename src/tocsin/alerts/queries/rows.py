"""Episodes and groups from their rows, and to them."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.alerts.alert import Episode
from tocsin.alerts.grouping import Group
from tocsin.intake.signal import Signal
from tocsin.store.prepared import json_text
from tocsin.store.tables.alerts import alerts, groups

_NAMES = tuple(column.name for column in alerts.columns)  # an episode's fields stand in the same order
_LINKS = _NAMES.index("links")
_SERVICES = list(groups.columns.keys()).index("services")  # a group's fields stand in the same order, too


def episode_of(row: Row[Any]) -> Episode:
    """From its row, whatever else stands in it."""
    return episode_from(tuple(row._mapping[name] for name in _NAMES))


def episode_from(row: Sequence[Any]) -> Episode:
    """From its row's values, in the order of the table's columns."""
    links = tuple((link["title"], link["url"]) for link in row[_LINKS])
    return Episode(*(*row[:_LINKS], links, *row[_LINKS + 1 :]))


def episode_row(episode: Episode) -> dict[str, Any]:
    """To its row."""
    return {
        "id": episode.id,
        "integration_id": episode.integration_id,
        "dedup_key": episode.dedup_key,
        "state": episode.state,
        "severity": episode.severity,
        "title": episode.title,
        "service": episode.service,
        "labels": dict(episode.labels),
        "annotations": dict(episode.annotations),
        "links": [{"title": title, "url": url} for title, url in episode.links],
        "group_id": episode.group_id,
        "started_at": episode.started_at,
        "ended_at": episode.ended_at,
        "resolved_at": episode.resolved_at,
        "silenced_by": episode.silenced_by,
        "received_at": episode.received_at,
        "last_at": episode.last_at,
        "received": episode.received,
        "resolved_by": episode.resolved_by,
    }


_JSON = frozenset({"labels", "annotations", "links"})
_INSTANTS = frozenset({"started_at", "ended_at", "resolved_at", "received_at", "last_at"})


def stored_row(episode: Episode, instant: Callable[[Any], Any]) -> tuple[Any, ...]:
    """To its row in the order of the table's columns, as `insert_rows` takes it; `instant` is what `stored` gives."""
    row = episode_row(episode)
    return tuple(
        json_text(row[name]) if name in _JSON else instant(row[name]) if name in _INSTANTS else row[name]
        for name in _NAMES
    )


def opened_row(
    signal: Signal,
    id: str,
    integration_id: str,
    service: str | None,
    group_id: str,
    silenced_by: str | None,
    stored_now: Any,
    instant: Callable[[Any], Any],
) -> tuple[Any, ...]:
    """As `stored_row` of what `alert.opened` makes of the signal, in its group, without making it."""
    return (
        id,
        integration_id,
        signal.dedup_key,
        "firing",
        signal.severity,
        signal.title,
        service,
        json_text(signal.labels),
        json_text(signal.annotations) if signal.annotations else "{}",
        json_text(signal.links) if signal.links else "[]",
        group_id,
        instant(signal.started_at),
        None,
        None,
        silenced_by,
        stored_now,
        stored_now,
        1,
        None,
    )


def group_of(row: Row[Any]) -> Group:
    """From its row."""
    return Group(**{**row._mapping, "services": tuple(row.services)})


def group_from(row: Sequence[Any]) -> Group:
    """From its row's values, in the order of the table's columns."""
    return Group(*row[:_SERVICES], tuple(row[_SERVICES]), *row[_SERVICES + 1 :])  # type: ignore[call-arg]


def group_row(group: Group) -> dict[str, Any]:
    """To its row."""
    row = {column.name: getattr(group, column.name) for column in groups.columns}
    return {**row, "services": list(group.services)}
