"""What keeps alerts from paging now or soon: silences that people made, maintenance hours, and what a cause explains."""

from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.alerts import silences as rules
from tocsin.alerts.silences import Silence
from tocsin.alerts.usecases.rows import silences_made
from tocsin.intake.queries import integration_names
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.store.tables.alerts import alerts, groups


def silences_to_come(connection: Connection, now: datetime) -> list[Silence]:
    """The silences that are in force or will be, whoever or whatever made them."""
    organisation = everything(connection)
    return [
        *silences_made(connection, now),
        *rules.maintenance(organisation, now),
        *_inhibitions(connection, organisation),
    ]


def _inhibitions(connection: Connection, organisation: Organisation) -> list[Silence]:
    """Of each alert that fires by a rule that inhibits. Index: uq_groups_open, ix_alerts_group_id."""
    inhibiting = {id: rule for id, rule in organisation.rules if rule.inhibits}
    if not inhibiting:
        return []
    names = integration_names(connection)
    firing = (
        select(alerts, groups.c.route)
        .join(groups, groups.c.id == alerts.c.group_id)
        .where(groups.c.route.in_(inhibiting), groups.c.state == "open", alerts.c.state == "firing")
        .order_by(alerts.c.id)
    )
    return [
        silence
        for row in connection.execute(firing)
        for silence in rules.inhibitions(
            inhibiting[row.route],
            row.id,
            {"integration": names.get(row.integration_id, ""), "severity": row.severity, **row.labels}
            | ({"service": row.service} if row.service else {}),
            row.received_at,
        )
    ]
