"""What calendars read: a person's shifts, a schedule's, and its gaps; each behind a secret address."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select

from tocsin.errors import NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.keys import token_hash
from tocsin.oncall import calendar
from tocsin.oncall.calendar import FeedGap, FeedShift
from tocsin.oncall.queries import find_schedule, gaps_between, shifts_between
from tocsin.oncall.queries.shadows import shadowed_shifts
from tocsin.oncall.rotation import longest_turn
from tocsin.organisation.queries import everything
from tocsin.store.tables.oncall import calendar_feeds

FeedKind = Literal["person", "schedule", "gaps"]


@dataclass(frozen=True)
class FeedRow:
    """A feed as its maker sees it; its address was told once. `subject_id` is a person, a schedule, or '' for all."""

    id: str
    kind: str
    subject_id: str
    created_by: str
    created_at: datetime


def list_feeds(connection: Connection, actor: Actor) -> list[FeedRow]:
    """The feeds that the actor made; a manager sees everybody's."""
    columns = [calendar_feeds.c[name] for name in FeedRow.__dataclass_fields__]
    statement = select(*columns).where(calendar_feeds.c.removed_at.is_(None)).order_by(calendar_feeds.c.created_at)
    if not actor.may(Right.MANAGER):
        statement = statement.where(calendar_feeds.c.created_by == actor.id)
    return [FeedRow(**row._mapping) for row in connection.execute(statement)]


def feed_behind(connection: Connection, secret: str, now: datetime) -> bytes:
    """The calendar at a secret address. Raises NotFound when there is none, or its subject or its maker is gone."""
    row = connection.execute(
        select(calendar_feeds).where(
            calendar_feeds.c.token_hash == token_hash(secret), calendar_feeds.c.removed_at.is_(None)
        )
    ).first()
    organisation = everything(connection)
    if row is None or (row.created_by in organisation.people and row.created_by not in organisation.active_people):
        raise NotFound("there is no such calendar")
    if row.kind == "person":
        return person_feed(connection, organisation.current_id("person", row.subject_id), now)
    schedule = organisation.current_id("schedule", row.subject_id) if row.subject_id else ""
    if row.kind == "gaps":
        return gaps_feed(connection, [schedule] if schedule else list(organisation.schedules), now)
    return schedule_feed(connection, schedule, now)


def schedule_feed(connection: Connection, schedule_id: str, now: datetime) -> bytes:
    """Everybody's shifts of one schedule as an iCalendar feed. Raises NotFound."""
    name = find_schedule(connection, schedule_id).name
    return calendar.feed(f"{name} on call", _feed_shifts(connection, [schedule_id], None, now), now)


def person_feed(connection: Connection, person_id: str, now: datetime) -> bytes:
    """One person's shifts of all schedules as an iCalendar feed, each with a reminder a day before."""
    organisation = everything(connection)
    shifts = _feed_shifts(connection, list(organisation.schedules), person_id, now)
    me = organisation.person_name(person_id)
    learning = [
        FeedShift(id, organisation.schedules[id].name, organisation.person_name(shift.person), shift, me)
        for id, shift in shadowed_shifts(connection, person_id, now - calendar.BEHIND, now + calendar.AHEAD)
    ]
    return calendar.feed(f"{me} on call", [*shifts, *learning], now, remind=timedelta(days=1))


def gaps_feed(connection: Connection, schedule_ids: Sequence[str], now: datetime) -> bytes:
    """When nobody is on call, from now on, as an iCalendar feed. Raises NotFound."""
    found = [
        FeedGap(id, find_schedule(connection, id).name, gap)
        for id in schedule_ids
        for gap in gaps_between(connection, id, now, now + calendar.AHEAD)
        if gap.start > now
    ]
    return calendar.gaps_feed("Nobody on call", found, now)


def _feed_shifts(
    connection: Connection, schedule_ids: Sequence[str], person_id: str | None, now: datetime
) -> Iterator[FeedShift]:
    organisation = everything(connection)
    for id in schedule_ids:
        schedule = organisation.schedules[id]
        longest = max((longest_turn(rotation) for rotation in schedule.rotations), default=timedelta())
        # Begins a whole turn earlier, and leaves out what that edge cuts: a shift's start never moves with `now`.
        edge = now - calendar.BEHIND - min(longest, timedelta(days=150))
        for shift in shifts_between(connection, id, edge, now + calendar.AHEAD):
            if shift.start > edge and shift.end > now - calendar.BEHIND and person_id in (None, shift.person):
                yield FeedShift(id, schedule.name, organisation.person_name(shift.person), shift)
