"""Telling people who will be on call, and could not be reached, to add a method."""

from datetime import datetime

from sqlalchemy import Connection

from tocsin.engine.work import Job
from tocsin.organisation.model.fields import Target
from tocsin.organisation.queries import everything
from tocsin.paging.page import OpenPage
from tocsin.paging.queries.ahead import unreachable_on
from tocsin.paging.queries.people import name_of
from tocsin.paging.usecases.opening import open_page


def tell_the_unreachable(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the task `look_at_reachability` of a schedule: its people hear of it, and the last resort with them.

    The task is owed once a week, so that it is told again while it lasts.
    """
    organisation = everything(connection)
    schedule = organisation.schedules.get(job.subject_id)
    for found in unreachable_on(connection, job.subject_id, now) if schedule else ():
        name = name_of(connection, found.person)
        asked = OpenPage(
            subject_kind="deadline",
            subject_id=f"unreachable:{found.person}",
            title=f"{name} is on call and has no verified method",
            detail=(
                f"{schedule.name if schedule else ''}, from {found.start:%a %d %b %H:%M} UTC. A page would ring on an open "
                "screen alone. Add a method under Settings, You, and enter its code."
            ),
            urgency="notify",
            to=(Target(person=found.person), *(Target(person=each) for each in organisation.last_resort)),
        )
        open_page(connection, asked, now)
