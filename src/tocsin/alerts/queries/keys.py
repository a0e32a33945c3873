"""The alerts that a sender means: its own, by its own key or by the id that it was told.

For what a sender asks about its own alerts, so nothing of them is hidden from it.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Select, func, select

from tocsin.alerts.alert import Episode
from tocsin.alerts.queries.rows import episode_of
from tocsin.store.tables.alerts import alerts as alert_rows


def latest_of_key(connection: Connection, integration_id: str, dedup_key: str) -> Episode | None:
    """The newest episode of an integration's key, firing or over; None when there was none. Index: uq_alerts_episodes."""
    return _first(
        connection,
        _own(integration_id, alert_rows.c.dedup_key == dedup_key)
        .order_by(alert_rows.c.received_at.desc(), alert_rows.c.id.desc())
        .limit(1),
    )


def own_alert(connection: Connection, integration_id: str, alert_id: str) -> Episode | None:
    """An integration's alert by its id."""
    return _first(connection, _own(integration_id, alert_rows.c.id == alert_id))


def own_alert_by_start(connection: Connection, integration_id: str, start: str) -> Episode | None:
    """An integration's alert by the first 16 digits of its id, such as `019ab3f0-6c1e-7a52`: all but its random end."""
    first, last = f"{start}-0000-000000000000", f"{start}-ffff-ffffffffffff"
    return _first(connection, _own(integration_id, alert_rows.c.id.between(first, last)).limit(1))


def own_alerts(
    connection: Connection,
    integration_id: str,
    *,
    state: str | None = None,
    dedup_key: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> tuple[Sequence[Episode], int]:
    """An integration's alerts, the newest first, and how many there are in all. Index: uq_alerts_episodes."""
    wanted: list[ColumnElement[bool]] = []
    if state is not None:
        wanted.append(alert_rows.c.state == state)
    if dedup_key is not None:
        wanted.append(alert_rows.c.dedup_key == dedup_key)
    statement = _own(integration_id, *wanted)
    total = connection.execute(select(func.count()).select_from(statement.subquery())).scalar_one()
    newest = statement.order_by(alert_rows.c.received_at.desc(), alert_rows.c.id.desc())
    rows = connection.execute(newest.limit(limit).offset(offset))
    return [episode_of(row) for row in rows], int(total)


def _own(integration_id: str, *wanted: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return select(alert_rows).where(alert_rows.c.integration_id == integration_id, alert_rows.c.received > 0, *wanted)


def _first(connection: Connection, statement: Select[tuple[object, ...]]) -> Episode | None:
    row = connection.execute(statement).first()
    return episode_of(row) if row else None
