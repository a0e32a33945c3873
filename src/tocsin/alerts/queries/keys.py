"""The alert that a sender means by its own key."""

from sqlalchemy import Connection, select

from tocsin.alerts.alert import Episode
from tocsin.alerts.queries.rows import episode_of
from tocsin.store.tables.alerts import alerts as alert_rows


def latest_of_key(connection: Connection, integration_id: str, dedup_key: str) -> Episode | None:
    """The newest episode of an integration's key, firing or over; None when there was none.

    For what a sender asks about its own alerts, so nothing is hidden. Index: ix_alerts_episodes.
    """
    row = connection.execute(
        select(alert_rows)
        .where(
            alert_rows.c.integration_id == integration_id,
            alert_rows.c.dedup_key == dedup_key,
            alert_rows.c.received > 0,
        )
        .order_by(alert_rows.c.received_at.desc(), alert_rows.c.id.desc())
        .limit(1)
    ).first()
    return episode_of(row) if row else None
