"""Why alerts are quiet: what keeps each from paging, in a few words."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tocsin.alerts.queries import alert
from tocsin.alerts.silences import INHIBITED, MAINTENANCE, maintenance
from tocsin.identity.actor import Actor, Right
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


@dataclass(frozen=True)
class MaintenanceView:
    """Hours in which a service is worked on, as its file says: the alerts that `match` means page nobody. UTC."""

    service: str
    service_name: str
    name: str
    match: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime


def maintenance_to_come(connection: Connection, actor: Actor, now: datetime) -> list[MaintenanceView]:
    """The maintenance hours that are now or begin within the next eight days, in order."""
    actor.require(Right.VIEWER, "alerts")
    organisation = everything(connection)
    found = []
    for each in maintenance(organisation, now):
        service, _, name = each.id.removeprefix(MAINTENANCE).partition(":")
        called = organisation.services[service].name
        found.append(MaintenanceView(service, called, name, each.match, each.starts_at, each.ends_at))
    return sorted(found, key=lambda each: (each.starts_at, each.service_name, each.name))


def _moment(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M} UTC"
