"""What on-call duty cost each person: hours, nights, weekends, and the pages that rang for them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from tocsin import wallclock
from tocsin.identity.actor import Actor, Right
from tocsin.oncall.load import Load, Span, load
from tocsin.oncall.queries import shifts_between
from tocsin.organisation.queries import everything
from tocsin.store.tables.paging import page_log, pages


@dataclass(frozen=True)
class PersonLoad:
    """One person's duty in a time. A page counts once, at night when it first rang in theirs (22:00 to 07:00)."""

    person: str
    on_call: Load
    pages: int
    night_pages: int


def loads(connection: Connection, actor: Actor, start: datetime, end: datetime) -> list[PersonLoad]:
    """Everybody's load in [start, end) for managers, who make the schedules; one's own for anybody else."""
    organisation = everything(connection)
    spans: dict[str, list[Span]] = defaultdict(list)
    for schedule in organisation.schedules:
        for shift in shifts_between(connection, schedule, start, end):
            spans[shift.person].append((shift.start, shift.end))
    rung = select(page_log.c.person_id, page_log.c.page_id, func.min(page_log.c.at).label("at"))
    rung = rung.join(pages, pages.c.id == page_log.c.page_id).where(
        page_log.c.kind == "step",
        page_log.c.person_id.is_not(None),
        page_log.c.at >= start,
        page_log.c.at < end,
        pages.c.practice.is_(False),
        pages.c.urgency == "page",
    )
    paged: dict[str, list[datetime]] = defaultdict(list)
    for row in connection.execute(rung.group_by(page_log.c.person_id, page_log.c.page_id)):
        paged[organisation.current_id("person", row.person_id)].append(row.at)
    found = []
    for person in sorted({*spans, *paged}):
        if not actor.may(Right.MANAGER) and person != actor.person_id:
            continue
        tz = wallclock.zone(organisation.time_zone_of(person))
        nights = sum(wallclock.is_night(at, tz) for at in paged[person])
        found.append(PersonLoad(person, load(spans[person], tz), len(paged[person]), nights))
    return found
