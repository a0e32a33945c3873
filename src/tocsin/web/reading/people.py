"""Names and zones of everybody and everything that screens name."""

from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tocsin import wallclock
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.web.views.common import Names


def organisation(connection: Connection) -> Organisation:
    """The organisation as it is now."""
    return everything(connection)


def names(connection: Connection) -> Names:
    """Names by id."""
    known = everything(connection)
    others: dict[str, str] = {}
    for group in (known.teams, known.services, known.schedules, known.policies, known.vendors):
        others |= {key: spec.name for key, spec in group.items()}
    return Names({key: spec.name for key, spec in known.people.items()}, others)


def zone_of(connection: Connection, person_id: str) -> ZoneInfo:
    """A person's time zone; UTC when they are not known."""
    person = everything(connection).people.get(person_id)
    return wallclock.zone(person.time_zone if person else "UTC")
