"""Why alerts are quiet: what keeps each from paging, in a few words."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.alerts.queries import alert
from tocsin.alerts.silences import INHIBITED, MAINTENANCE
from tocsin.identity.actor import Actor
from tocsin.organisation.queries import everything
from tocsin.store.tables.alerts import silences


def quiet_reasons(connection: Connection, actor: Actor, silenced_by: Collection[str], now: datetime) -> dict[str, str]:
    """Of each `silenced_by` what it is, to go on after "it pages nobody: ". A hidden cause is told without its name."""
    wanted = set(silenced_by)
    made = connection.execute(select(silences).where(silences.c.id.in_(wanted))).all()
    organisation = everything(connection)
    found = {
        row.id: f"silenced by {organisation.person_name(row.created_by.removeprefix('person:'))} "
        f"until {_moment(row.ends_at, now)} ({row.reason})"
        for row in made
    }
    for id in wanted - set(found):
        kind, _, rest = id.partition(":")
        if f"{kind}:" == MAINTENANCE:
            service, _, name = rest.partition(":")
            spec = organisation.services.get(service)
            found[id] = f"maintenance of {spec.name if spec else service} ({name})"
        elif f"{kind}:" == INHIBITED:
            cause = alert(connection, actor, rest.partition(":")[0])
            found[id] = (
                f"explained by “{cause.title}”, which fires" if cause else "explained by another alert that fires"
            )
        else:
            found[id] = "silenced"
    return found


def _moment(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"
