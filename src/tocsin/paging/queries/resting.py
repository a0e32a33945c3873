"""Who rests after a page at night."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from tocsin import wallclock
from tocsin.oncall.limits import rests_until
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.store.tables.paging import page_log, pages


def rest_of(organisation: Organisation, person_id: str) -> timedelta | None:
    """How long a person rests after a page at night: their own, else the organisation's; None: not at all."""
    person = organisation.people.get(person_id)
    own = person.rest_after_night_page if person else None
    rest = own if own is not None else organisation.settings.rest_after_night_page if organisation.settings else None
    return rest or None


def resting_until(connection: Connection, person_id: str, at: datetime) -> datetime | None:
    """Until when the person rests, as of an instant; None when they do not."""
    organisation = everything(connection)
    rest = rest_of(organisation, person_id)
    if rest is None:
        return None
    rung = (
        select(page_log.c.at)
        .join(pages, pages.c.id == page_log.c.page_id)
        .where(
            page_log.c.person_id == person_id,
            page_log.c.kind == "step",
            page_log.c.at > at - rest,
            page_log.c.at <= at,
            pages.c.urgency == "page",
            pages.c.practice.is_(False),
        )
    )
    zone = wallclock.zone(organisation.people[person_id].time_zone)
    return rests_until(connection.execute(rung).scalars(), rest, zone, at)


__all__ = ["rest_of", "resting_until"]
