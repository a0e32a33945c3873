"""What the engine runs for schedules: looking at one that changed, handovers, and gaps that are near."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from tocsin.engine.deadlines import reconcile
from tocsin.engine.tasks import owe
from tocsin.engine.work import Job, Registry
from tocsin.oncall import gaps, handovers, queries
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import SCHEDULE_CHANGED
from tocsin.store.database import announce
from tocsin.store.tables.engine import deadlines

_REMEMBERED = timedelta(days=8)


def register(registry: Registry) -> None:
    """Register this stage's handlers with the engine."""
    registry.task(SCHEDULE_CHANGED, look_at_schedule)
    registry.deadline(handovers.HANDOVER, look_at_schedule)
    registry.deadline(gaps.LOOK, look_at_schedule)
    registry.deadline(gaps.GAP, tell_of_gap)


def look_at_schedule(connection: Connection, job: Job, now: datetime) -> None:
    """Tell live screens, and want the schedule's next handover and warnings; a schedule that is gone wants nothing."""
    schedule = job.subject_id
    if schedule in everything(connection).schedules:
        ahead = queries.gaps_between(connection, schedule, now, now + gaps.LOOKED_AHEAD)
        wanted = [
            *handovers.wanted(queries.on_call(connection, schedule, now)),
            *gaps.wanted(ahead, now),
        ]
        for key, why in gaps.no_longer(_told(connection, schedule, now), ahead, now).items():
            asked = {"subject_kind": "deadline", "subject_id": f"gap:{schedule}:{key}", "why": why}
            owe(connection, "withdraw_page", "schedule", schedule, asked, now, key=f"gap-over:{schedule}:{key}:{why}")
    else:
        wanted = []
    reconcile(connection, "schedule", schedule, wanted, now)
    announce(connection, "oncall")


def tell_of_gap(connection: Connection, job: Job, now: datetime) -> None:
    """A gap begins within a day: the schedule's team hears of it, or without one the last resort; nobody is woken."""
    known = everything(connection)
    schedule = known.schedules.get(job.subject_id)
    if schedule is None:
        return
    ahead = queries.gaps_between(connection, job.subject_id, now, now + gaps.LOOKED_AHEAD)
    gap = next((each for each in ahead if gaps.key_of(each.start) == job.key), None)
    if gap is None or not gaps.is_news(gap, _told(connection, job.subject_id, now)):
        return
    team = known.teams.get(schedule.team or "")
    to: list[dict[str, str]] = [{"person": person} for person in known.last_resort]
    if team and any(member in known.active_people for member in team.members):
        to = [{"team": str(schedule.team)}]
    asked: dict[str, Any] = {
        "subject_kind": "deadline",
        "subject_id": f"gap:{job.subject_id}:{job.key}",
        "title": gaps.title(schedule.name, gap),
        "detail": "A page that comes then passes to the next step at once. Add an override, or change the rotation.",
        "urgency": "notify",
        "to": to,
    }
    owe(connection, "open_page", "schedule", job.subject_id, asked, now, key=f"gap:{job.subject_id}:{job.key}")


def _told(connection: Connection, schedule: str, now: datetime) -> set[str]:
    """The keys of the schedule's gaps that were looked at when they were near, of the last days and ahead."""
    looked_at = select(deadlines.c.key).where(
        deadlines.c.subject_kind == "schedule",
        deadlines.c.subject_id == schedule,
        deadlines.c.kind == gaps.GAP,
        deadlines.c.state != "waiting",
        deadlines.c.key > gaps.key_of(now - _REMEMBERED),
    )
    return set(connection.execute(looked_at).scalars())
