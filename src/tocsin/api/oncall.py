"""Who is on call, shifts, load and calendars."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import Response

from tocsin import wallclock
from tocsin.api.asking import Asked, answer
from tocsin.api.body import Body, Instant
from tocsin.api.fields import fields_of
from tocsin.api.lists import Cursor, Limit, slice_of
from tocsin.errors import Invalid
from tocsin.identity.actor import Right
from tocsin.oncall import queries
from tocsin.oncall.queries import Duty, feeds
from tocsin.oncall.queries.shadows import shadows_at
from tocsin.oncall.usecases import feeds as feed_usecases
from tocsin.organisation.model.policy import Severity
from tocsin.organisation.queries import everything
from tocsin.organisation.snapshot import Organisation
from tocsin.paging.queries.ahead import troubles
from tocsin.paging.queries.load import loads
from tocsin.paging.queries.resting import resting_until
from tocsin.paging.queries.simulating import simulation
from tocsin.paging.simulation import SimulatedStep

router = APIRouter(tags=["On call"])
_FORTNIGHT = timedelta(days=14)
_LONGEST = timedelta(days=370)
_HOUR = timedelta(hours=1)


class NewFeed(Body):
    """`subject` is a person or a schedule; for gaps it may be left out: those of all schedules."""

    kind: Literal["person", "schedule", "gaps"]
    subject: str = ""


@router.get("/oncall")
async def on_call(
    asked: Asked, at: Instant | None = None, schedule: str | None = None, team: str | None = None
) -> Response:
    """Who is on call, now or at any time: each schedule with person, their local time, until when, and who is next."""
    asked.actor.require(Right.VIEWER)
    moment = at or asked.now

    def ask(connection: Connection) -> Any:
        organisation = everything(connection)
        duties = queries.duties(connection, moment)
        if schedule is not None:
            queries.find_schedule(connection, schedule)
            duties = [duty for duty in duties if duty.id == schedule]
        if team is not None:
            theirs = _schedules_of(organisation, team)
            duties = [duty for duty in duties if duty.id in theirs]
        items = []
        for duty in duties:
            rests = resting_until(connection, duty.now.person, moment) if duty.now.person else None
            learn = [
                each.person_id
                for each in shadows_at(connection, [duty.id], moment)
                if each.of_person in (None, duty.now.person)
            ]
            items.append({**_duty(duty, organisation, moment), "rests_until": rests, "shadows": learn})
        return {"at": moment, "items": items}

    return answer(await asked.ask(ask))


@router.get("/oncall/simulation")
async def simulate(
    asked: Asked,
    at: Instant | None = None,
    to: str | None = None,
    severity: Severity | None = None,
    urgency: Literal["page", "notify"] = "page",
) -> Response:
    """If a page came then and nobody answered: who would hear it, when and by what. Nothing is sent.

    `to` is a service, team, policy, schedule or person; without it the default policy. `step: null` is the last resort.
    `quiet` says which rule of a person's own keeps a page of that severity from ringing at that hour.
    """
    asked.actor.require(Right.VIEWER)
    moment = at or asked.now

    def ask(connection: Connection) -> Any:
        steps = simulation(connection, to, moment, severity, urgency)
        name = everything(connection).person_name
        return {"at": moment, "items": [_simulated(step, moment, name) for step in steps], "next_cursor": None}

    return answer(await asked.ask(ask))


@router.get("/schedules/{schedule}/shifts")
async def shifts(
    asked: Asked,
    schedule: str,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
) -> Response:
    """The shifts of a schedule, in order; a gap is an item with `person: null`."""
    asked.actor.require(Right.VIEWER)
    begins = start or asked.now
    ends = end or begins + _FORTNIGHT
    if not begins < ends <= begins + _LONGEST:
        raise Invalid(f"`to` lies after `from`, at most {_LONGEST.days} days", "to")

    def ask(connection: Connection) -> Any:
        organisation = everything(connection)
        found = [
            {
                "starts_at": each.start,
                "ends_at": each.end,
                "person": each.person,
                "name": organisation.person_name(each.person),
                "source": each.source,
                "override": each.override_id if each.source == "override" else None,
            }
            for each in queries.shifts_between(connection, schedule, begins, ends)
        ]
        found += [
            {
                "starts_at": gap.start,
                "ends_at": gap.end,
                "person": None,
                "name": None,
                "source": "gap",
                "override": None,
            }
            for gap in queries.gaps_between(connection, schedule, begins, ends)
        ]
        return {"items": sorted(found, key=lambda each: each["starts_at"]), "next_cursor": None}

    return answer(await asked.ask(ask))


@router.get("/oncall/warnings")
async def warnings(asked: Asked, schedule: str | None = None) -> Response:
    """What is to be mended within 30 days, in order: double bookings, overrides that cover each other, people on call
    without a verified method or while on leave. Gaps are items of the shifts.
    """
    asked.actor.require(Right.VIEWER)

    def ask(connection: Connection) -> Any:
        if schedule is not None:
            queries.find_schedule(connection, schedule)
        found = [
            {**fields_of(one), "schedule": one.schedule_id, "starts_at": one.start, "ends_at": one.end}
            for one in troubles(connection, asked.now)
            if schedule in (None, one.schedule_id)
        ]
        return {"items": found, "next_cursor": None}

    return answer(await asked.ask(ask))


@router.get("/oncall/load")
async def load(
    asked: Asked,
    start: Annotated[Instant | None, Query(alias="from")] = None,
    end: Annotated[Instant | None, Query(alias="to")] = None,
) -> Response:
    """Each person's hours on call, those at night and at weekends on their own clock, and their pages; the last four weeks.

    Managers see everybody's, others their own.
    """
    asked.actor.require(Right.VIEWER)
    ends = end or asked.now
    begins = start or ends - 2 * _FORTNIGHT
    if not begins < ends <= begins + _LONGEST:
        raise Invalid(f"`to` lies after `from`, at most {_LONGEST.days} days", "to")
    found = await asked.ask(lambda connection: loads(connection, asked.actor, begins, ends))
    items = [
        {
            "person": one.person,
            "hours": round(one.on_call.whole / _HOUR, 2),
            "night_hours": round(one.on_call.nights / _HOUR, 2),
            "weekend_hours": round(one.on_call.weekends / _HOUR, 2),
            "pages": one.pages,
            "night_pages": one.night_pages,
        }
        for one in found
    ]
    return answer({"from": begins, "to": ends, "items": items, "next_cursor": None})


@router.get("/oncall/feeds")
async def list_feeds(asked: Asked, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """The calendar feeds that you made; their addresses were told once."""
    asked.actor.require(Right.VIEWER)
    found = await asked.ask(lambda connection: feeds.list_feeds(connection, asked.actor))
    return answer(slice_of(found, limit, cursor, fields_of))


@router.post("/oncall/feeds", status_code=201)
async def make_feed(asked: Asked, body: NewFeed) -> Response:
    """A secret address for calendars: a person's shifts, a schedule's, or the gaps; told this once."""

    def do(connection: Connection, now: datetime) -> Any:
        id, secret = feed_usecases.make_feed(connection, asked.actor, body.kind, body.subject, now)
        return {"id": id, "url": f"{asked.parts.settings.outside_url}/calendar/{secret}.ics"}

    return await asked.do(do, 201, told_once=("url",))


@router.delete("/oncall/feeds/{feed}")
async def remove_feed(asked: Asked, feed: str) -> Response:
    """Let a calendar feed's address lead nowhere."""

    def do(connection: Connection, now: datetime) -> Any:
        feed_usecases.remove_feed(connection, asked.actor, feed, now)
        return {"id": feed, "removed": True}

    return await asked.do(do)


def _duty(duty: Duty, organisation: Organisation, at: datetime) -> dict[str, Any]:
    person, after = duty.now.person, duty.now.next_person
    local = None
    if person:
        zone = organisation.time_zone_of(person)
        local = f"{wallclock.to_wall(at, wallclock.zone(zone)):%a %H:%M}"
    return {
        "schedule": duty.id,
        "schedule_name": duty.name,
        "person": person,
        "name": organisation.person_name(person) if person else None,
        "local_time": local,
        "source": duty.now.source,
        "until": duty.now.until,
        "then": after,
        "then_name": organisation.person_name(after) if after else None,
    }


def _simulated(step: SimulatedStep, began: datetime, name: Callable[[str], str]) -> dict[str, Any]:
    people = [
        {
            "person": heard.person,
            "name": name(heard.person),
            "by": [{"method": kind, "at": when} for kind, when in heard.by],
            "quiet": heard.quiet,
        }
        for heard in step.people
    ]
    return {
        "at": step.at,
        "after_seconds": int((step.at - began).total_seconds()),
        "round": step.round,
        "step": step.step,
        "people": people,
        "webhooks": step.webhooks,
        "skipped": step.skipped,
        "passed": step.passed,
    }


def _schedules_of(organisation: Organisation, team: str) -> frozenset[str]:
    """The schedules that the team's policy pages."""
    known = organisation.teams.get(team)
    if known is None:
        raise Invalid(f"there is no team '{team}'", "team")
    policy = organisation.policies.get(known.policy or "")
    targets = [target for step in policy.steps for target in step.page] if policy else []
    return frozenset(target.schedule for target in targets if target.schedule)
