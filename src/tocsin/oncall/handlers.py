"""What the engine runs for schedules: looking at one that changed, handovers, and gaps that are near."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.engine.deadlines import WantedDeadline, reconcile
from tocsin.engine.tasks import owe
from tocsin.engine.work import Job, Registry
from tocsin.oncall import gaps, handovers, queries
from tocsin.oncall.ahead import LOOKED_AHEAD
from tocsin.oncall.queries import ahead
from tocsin.oncall.queries.between import beyond_limits, shifts_while_away
from tocsin.oncall.queries.imported import calendar_troubles
from tocsin.oncall.usecases import importing
from tocsin.oncall.usecases.handing import hand_over
from tocsin.oncall.usecases.swaps import LAPSES, lapse_swap
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import SCHEDULE_CHANGED
from tocsin.store.database import announce
from tocsin.store.tables.engine import deadlines, tasks

_REMEMBERED = timedelta(days=8)
_A_DAY = timedelta(days=1)
_JUST_NOW, _INSTANT = timedelta(minutes=10), timedelta(microseconds=1)


def register(registry: Registry, http: GuardedHttp | None = None) -> None:
    """Register this stage's handlers with the engine; `http` fetches the calendars of others."""
    registry.task(SCHEDULE_CHANGED, look_at_schedule)
    registry.deadline(handovers.HANDOVER, shift_ends)
    registry.deadline(gaps.LOOK, look_at_schedule)
    registry.deadline(gaps.GAP, tell_of_gap)
    registry.deadline(LAPSES, lapse_swap)
    registry.deadline(importing.FETCH, importing.fetch_is_due)
    registry.sender(importing.FETCH, importing.CalendarFetcher(http or GuardedHttp()))


def shift_ends(connection: Connection, job: Job, now: datetime) -> None:
    """A schedule changes hands: that is recorded and told, and the next change wanted."""
    if job.subject_id in everything(connection).schedules:
        hand_over(connection, job.subject_id, job.due_at, now)
    look_at_schedule(connection, job, now)


def look_at_schedule(connection: Connection, job: Job, now: datetime) -> None:
    """Tell live screens, and want the schedule's next handover and warnings; a schedule that is gone wants nothing."""
    schedule = job.subject_id
    wanted: list[WantedDeadline] = []
    importing.follow_change(connection, schedule, now)
    if schedule in everything(connection).schedules:
        for changed_at in _changes_due(connection, schedule, now):
            hand_over(connection, schedule, changed_at, now)
        if job.kind == SCHEDULE_CHANGED:
            _look_for_takeover(connection, schedule, now)
        month = queries.gaps_between(connection, schedule, now, now + LOOKED_AHEAD)
        near = [gap for gap in month if gap.start < now + gaps.LOOKED_AHEAD]
        wanted = [*handovers.wanted(queries.on_call(connection, schedule, now)), *gaps.wanted(near, now)]
        wanted += importing.wanted_fetch(connection, schedule, now)
        for key, why in gaps.no_longer(_told(connection, schedule, now), near, now).items():
            _withdraw(connection, schedule, f"gap:{schedule}:{key}", why, now)
        for key, why in gaps.no_longer(_told_long_before(connection, schedule, now), month, now).items():
            _withdraw(connection, schedule, f"gap-ahead:{schedule}:{key}", why, now)
        _tell_long_before(connection, schedule, now)
    reconcile(connection, "schedule", schedule, wanted, now)
    announce(connection, "oncall")


def _changes_due(connection: Connection, schedule: str, now: datetime) -> list[datetime]:
    """Changes of person that are due and whose deadline this look would take away, as when all of it is late."""
    due = select(deadlines.c.due_at).where(
        deadlines.c.subject_kind == "schedule",
        deadlines.c.subject_id == schedule,
        deadlines.c.kind == handovers.HANDOVER,
        deadlines.c.state == "waiting",
        deadlines.c.due_at <= now,
    )
    return list(connection.execute(due.order_by(deadlines.c.due_at)).scalars())


def _look_for_takeover(connection: Connection, schedule: str, now: datetime) -> None:
    """Somebody took it just now, by an override or a change: for who comes that is a handover as any other."""
    lately = queries.shifts_between(connection, schedule, now - _JUST_NOW, now + _INSTANT)
    if len(lately) > 1 and lately[-1].end > now and lately[-2].person != lately[-1].person:
        hand_over(connection, schedule, lately[-1].start, now)


def _withdraw(connection: Connection, schedule: str, subject: str, why: str, now: datetime) -> None:
    asked = {"subject_kind": "deadline", "subject_id": subject, "why": why}
    key = f"{subject.replace('gap', 'gap-over', 1)}:{why}"
    owe(connection, "withdraw_page", "schedule", schedule, asked, now, key=key)


def _tell_long_before(connection: Connection, schedule_id: str, now: datetime) -> None:
    """What is to be mended within 30 days is told once, to those who can; nobody is woken."""
    known = everything(connection)
    name = known.schedules[schedule_id].name

    def tell(key: str, title: str, detail: str, to: list[dict[str, str]]) -> None:
        asked = {"subject_kind": "deadline", "subject_id": key, "title": title, "detail": detail, "urgency": "notify"}
        owe(connection, "open_page", "schedule", schedule_id, {**asked, "to": to}, now, key=key)

    for gap in ahead.first_gaps(connection, schedule_id, now):
        key = f"gap-ahead:{schedule_id}:{gaps.key_of(gap.start)}"
        tell(
            key, gaps.title(name, gap), "Add an override, or change the rotation.", _who_mends(connection, schedule_id)
        )
    for one in ahead.doubles_and_overlaps(connection, now, schedule_id):
        person, when = known.person_name(one.person), f"{one.start:%a %d %b %H:%M} to {one.end:%a %d %b %H:%M} UTC"
        if one.kind == "overlap":
            title = f"Two overrides of {name} cover each other: {person} and {known.person_name(one.other)}"
            detail = f"From {when} {known.person_name(one.other)} has it, whose override was made last."
            tell(
                f"overlap:{schedule_id}:{one.person}:{one.other}:{one.start.isoformat()}",
                title,
                detail,
                [{"person": one.person}],
            )
        else:
            other = known.schedules[one.other].name
            policy = known.policies[one.policy_id].name
            title = f"{person} is on call twice for {policy}: {known.schedules[one.schedule_id].name} and {other}"
            detail = f"First from {when}. A page that {person} does not hear has nobody else to go to."
            key = f"double:{one.policy_id}:{one.schedule_id}:{one.other}:{one.person}:{one.start:%Y-%m}"
            tell(key, title, detail, _who_mends(connection, one.schedule_id))
    for one in shifts_while_away(connection, now, schedule_id):
        person, when = known.person_name(one.person), f"{one.start:%a %d %b %H:%M} to {one.end:%a %d %b %H:%M} UTC"
        key = f"away:{schedule_id}:{one.person}:{one.start.isoformat()}"
        detail = f"From {when}. Swap the shift, or add an override; until then pages still go to {person}."
        tell(
            key,
            f"{person} is away while on call in {name}",
            detail,
            [{"person": one.person}, *_who_mends(connection, schedule_id)],
        )
    for one in beyond_limits(connection, now, schedule_id):
        person = known.person_name(one.person)
        key = f"limit:{one.person}:{one.start:%G-W%V}"  # what is said of it may be another each day
        detail = (
            f"{one.said}, from {one.start:%a %d %b %H:%M} UTC. Swap a shift, add an override, or change the rotation."
        )
        tell(key, f"{person} has more duty than they take", detail, _who_mends(connection, schedule_id))
    _tell_of_calendar(connection, schedule_id, now, tell)
    week = f"{now.isocalendar().year}-{now.isocalendar().week}"
    key = f"reachability:{schedule_id}:{week}"
    # whoever was named just now has a day to add a method
    owe(connection, "look_at_reachability", "schedule", schedule_id, {}, now, key=key, not_before=now + _A_DAY)


def _tell_of_calendar(connection: Connection, schedule_id: str, now: datetime, tell: Callable[..., None]) -> None:
    """Somebody else's calendar that can't be read, or says what nobody here understands: once a day at most."""
    for one in calendar_troubles(connection, now, schedule_id):
        name = everything(connection).schedules[schedule_id].name
        title = f"The calendar of {name} " + ("is not wholly understood" if one.other else "can't be read")
        key, detail = f"calendar:{schedule_id}:{now:%Y-%m-%d}", f"{one.said}. What was read before stays in force."
        tell(key, title, detail, _who_mends(connection, schedule_id))


def _who_mends(connection: Connection, schedule_id: str) -> list[dict[str, str]]:
    """The schedule's team; without one the last resort."""
    known = everything(connection)
    team_id = known.schedules[schedule_id].team
    team = known.teams.get(team_id or "")
    if team and any(member in known.active_people for member in team.members):
        return [{"team": str(team_id)}]
    return [{"person": person} for person in known.last_resort]


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
    asked: dict[str, Any] = {
        "subject_kind": "deadline",
        "subject_id": f"gap:{job.subject_id}:{job.key}",
        "title": gaps.title(schedule.name, gap),
        "detail": "A page that comes then passes to the next step at once. Add an override, or change the rotation.",
        "urgency": "notify",
        "to": _who_mends(connection, job.subject_id),
    }
    _withdraw(connection, job.subject_id, f"gap-ahead:{job.subject_id}:{job.key}", "it is a day away; told again", now)
    owe(connection, "open_page", "schedule", job.subject_id, asked, now, key=f"gap:{job.subject_id}:{job.key}")


def _told_long_before(connection: Connection, schedule: str, now: datetime) -> set[str]:
    """The keys of the schedule's gaps that people were told of long before."""
    prefix = f"gap-ahead:{schedule}:"
    owed = select(tasks.c.key).where(
        tasks.c.subject_kind == "schedule",
        tasks.c.subject_id == schedule,
        tasks.c.kind == "open_page",
        tasks.c.created_at > now - LOOKED_AHEAD - _REMEMBERED,
    )
    return {key.removeprefix(prefix) for key in connection.execute(owed).scalars() if key.startswith(prefix)}


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
