"""Episodes and groups from their rows, and to them."""

from typing import Any

from sqlalchemy import Row

from tocsin.alerts.alert import Episode
from tocsin.alerts.grouping import Group
from tocsin.store.tables.alerts import groups


def episode_of(row: Row[Any]) -> Episode:
    """From its row."""
    return Episode(
        id=row.id,
        integration_id=row.integration_id,
        dedup_key=row.dedup_key,
        state=row.state,
        severity=row.severity,
        title=row.title,
        service=row.service,
        labels=row.labels,
        annotations=row.annotations,
        links=tuple((link["title"], link["url"]) for link in row.links),
        group_id=row.group_id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        resolved_at=row.resolved_at,
        silenced_by=row.silenced_by,
        received_at=row.received_at,
        last_at=row.last_at,
        received=row.received,
    )


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
    }


def group_of(row: Row[Any]) -> Group:
    """From its row."""
    return Group(**{**row._mapping, "services": tuple(row.services)})


def group_row(group: Group) -> dict[str, Any]:
    """To its row."""
    row = {column.name: getattr(group, column.name) for column in groups.columns}
    return {**row, "services": list(group.services)}
