"""Fetching somebody else's calendar: each quarter of an hour, and when a person asks for it.

What was read last stays in force while its address does not answer; that it does not is told.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from tocsin.clients.guarded_http import GuardedHttp
from tocsin.engine.deadlines import WantedDeadline
from tocsin.engine.deliveries import Delivery, Outcome, send_later
from tocsin.engine.tasks import owe
from tocsin.engine.work import Job
from tocsin.errors import Conflict, TocsinError
from tocsin.identity.actor import Actor, Right
from tocsin.oncall.imported import Imported, ImportedShift, Known, from_json, kept, read, to_json
from tocsin.oncall.queries import find_schedule
from tocsin.oncall.queries.imported import hash_of
from tocsin.oncall.usecases import TOPIC
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import SCHEDULE_CHANGED
from tocsin.store.columns import upsert
from tocsin.store.database import announce
from tocsin.store.tables.oncall import schedule_calendars

FETCH, LANE = "schedule_calendar", "calendars"
EVERY = timedelta(minutes=15)
_SECONDS = 20.0  # for the whole answer, and again for reading it


def wanted_fetch(connection: Connection, schedule_id: str, now: datetime) -> list[WantedDeadline]:
    """When the schedule's calendar is to be fetched next; none when it has none."""
    calendar = everything(connection).schedules[schedule_id].calendar
    if calendar is None:
        return []
    row = _row(connection, schedule_id)
    known = row is not None and row.url_hash == hash_of(calendar.url) and row.tried_at is not None
    due = max(now, row.tried_at + EVERY) if known and row is not None else now
    return [WantedDeadline(FETCH, f"{due.isoformat()}:{hash_of(calendar.url)[:12]}", due)]


def follow_change(connection: Connection, schedule_id: str, now: datetime) -> None:
    """The schedule has changed: what a calendar said of the past stays, of the time ahead only the present one counts."""
    organisation = everything(connection)
    schedule, row = organisation.schedules.get(schedule_id), _row(connection, schedule_id)
    if schedule is not None and row is None:
        row = next((had for name in schedule.was if (had := _row(connection, name)) is not None), None)
        if row is not None:
            mine = update(schedule_calendars).where(schedule_calendars.c.schedule_id == row.schedule_id)
            connection.execute(mine.values(schedule_id=schedule_id))
    if row is None or (schedule is None and organisation.current_id("schedule", schedule_id) != schedule_id):
        return  # there is none, or it goes with the schedule's new name
    url_hash = hash_of(schedule.calendar.url) if schedule is not None and schedule.calendar is not None else ""
    if row.url_hash != url_hash:
        upsert(connection, schedule_calendars, _untried(schedule_id, url_hash, _passed(row, now)), ["schedule_id"])


def fetch_is_due(connection: Connection, job: Job, now: datetime) -> None:
    """Handler of the deadline: let it be fetched, and want the next time."""
    if job.subject_id in everything(connection).schedules:
        _fetch(connection, job.subject_id, job.key, now)


def fetch_calendar(connection: Connection, actor: Actor, schedule_id: str, now: datetime) -> None:
    """Fetch it now. Raises NotFound; Conflict for a schedule without a calendar."""
    actor.require(Right.RESPONDER)
    if find_schedule(connection, schedule_id).calendar is None:
        raise Conflict(f"the schedule '{schedule_id}' has no calendar of somebody else's")
    _fetch(connection, schedule_id, now.isoformat(), now)


def _fetch(connection: Connection, schedule_id: str, key: str, now: datetime) -> None:
    calendar = everything(connection).schedules[schedule_id].calendar
    if calendar is None:
        return
    follow_change(connection, schedule_id, now)
    _keep(connection, schedule_id, calendar.url, {"tried_at": now})
    send_later(
        connection,
        lane=LANE,
        kind=FETCH,
        subject_kind="schedule",
        subject_id=schedule_id,
        idempotency_key=f"{FETCH}:{schedule_id}:{key}",
        payload={},
        on_unknown="resend",
        now=now,
    )
    owe(connection, SCHEDULE_CHANGED, "schedule", schedule_id, {}, now)


class CalendarFetcher:
    """Fetches and reads outside any transaction, and keeps what came of it in one."""

    def __init__(self, http: GuardedHttp) -> None:
        self._http = http
        self._read: dict[str, Imported] = {}

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        """The address as it is now, and who may be meant."""
        organisation = everything(connection)
        schedule = organisation.schedules.get(delivery.subject_id)
        if schedule is None or schedule.calendar is None:
            return None
        row = _row(connection, delivery.subject_id)
        same = row is not None and row.url_hash == hash_of(schedule.calendar.url) and row.fetched_at is not None
        asked = {"If-None-Match": row.etag, "If-Modified-Since": row.modified} if same and row is not None else {}
        known = [
            Known(id, organisation.people[id].name, organisation.people[id].email) for id in organisation.active_people
        ]
        # who is known may have changed since: what then could not be understood is read again
        headers = {name: value for name, value in asked.items() if value and not (row and row.problems)}
        return {
            "url": schedule.calendar.url,
            "zone": schedule.calendar.time_zone,
            "headers": headers,
            "people": [(each.id, each.name, each.email) for each in sorted(known, key=lambda each: each.id)],
            "now": now.isoformat(),
        }

    async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
        """Never another try at once: the next quarter of an hour is soon enough."""
        said: dict[str, Any] = {"url_hash": hash_of(prepared["url"])}
        try:
            answer = await self._http.get(prepared["url"], headers=prepared["headers"], seconds=_SECONDS)
            if answer.status == 304:
                return Outcome("sent", receipt={**said, "same": True})
            if not answer.ok:
                return Outcome("sent", receipt={**said, "error": f"its address answers {answer.status}"})
            people = [Known(*each) for each in prepared["people"]]
            reading = asyncio.to_thread(
                read, answer.body, prepared["zone"], people, datetime.fromisoformat(prepared["now"])
            )
            self._read[delivery.id] = await asyncio.wait_for(reading, _SECONDS)
        except TimeoutError:
            return Outcome("sent", receipt={**said, "error": f"reading it takes longer than {_SECONDS:.0f} s"})
        except TocsinError as error:
            return Outcome("sent", receipt={**said, "error": error.message})
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Outcome("sent", receipt={**said, "etag": headers.get("etag"), "modified": headers.get("last-modified")})

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        """What was read is in force from now on; what was so stays so."""
        found = self._read.pop(delivery.id, None)
        schedule = everything(connection).schedules.get(delivery.subject_id)
        if schedule is None or schedule.calendar is None or outcome.state == "dropped":
            return
        said = outcome.receipt
        if said.get("url_hash") != hash_of(schedule.calendar.url):
            return  # it has another address since
        if said.get("same"):
            _keep(connection, delivery.subject_id, schedule.calendar.url, {"fetched_at": now, "error": None})
        elif found is None:
            error = said.get("error") or outcome.error or "it could not be read"
            _keep(connection, delivery.subject_id, schedule.calendar.url, {"error": error})
        else:
            row = _row(connection, delivery.subject_id)
            before = from_json(row.shifts) if row is not None else []
            kept_shifts = to_json(kept(before, found.shifts, now))
            fresh = {"fetched_at": now, "error": None, "problems": list(found.problems), "shifts": kept_shifts}
            more = {"etag": said.get("etag"), "modified": said.get("modified")}
            _keep(connection, delivery.subject_id, schedule.calendar.url, fresh | more)
        owe(connection, SCHEDULE_CHANGED, "schedule", delivery.subject_id, {}, now)
        announce(connection, TOPIC)


def _row(connection: Connection, schedule_id: str) -> Any:
    statement = select(schedule_calendars).where(schedule_calendars.c.schedule_id == schedule_id)
    return connection.execute(statement).first()


def _keep(connection: Connection, schedule_id: str, url: str, changes: Mapping[str, Any]) -> None:
    """Change the row of the address that the schedule has now."""
    row = _row(connection, schedule_id)
    present = dict(row._mapping) if row is not None else _untried(schedule_id, hash_of(url), ())
    upsert(connection, schedule_calendars, {**present, **changes}, ["schedule_id"])


def _untried(schedule_id: str, url_hash: str, shifts: Sequence[ImportedShift]) -> dict[str, Any]:
    fresh = {"schedule_id": schedule_id, "url_hash": url_hash, "problems": [], "shifts": to_json(shifts)}
    return fresh | {"tried_at": None, "fetched_at": None, "etag": None, "modified": None, "error": None}


def _passed(row: Any, now: datetime) -> Sequence[ImportedShift]:
    """What the row says of the time until now."""
    return kept(from_json(row.shifts), (), now)


__all__ = [
    "EVERY",
    "FETCH",
    "LANE",
    "CalendarFetcher",
    "fetch_calendar",
    "fetch_is_due",
    "follow_change",
    "wanted_fetch",
]
