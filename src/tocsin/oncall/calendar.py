"""On-call shifts as an iCalendar feed (RFC 5545): stable UIDs, UTC instants, METHOD:PUBLISH."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from tocsin.oncall.schedule import FinalShift

BEHIND = timedelta(days=15)
AHEAD = timedelta(days=180)
"""How far back and ahead of now a feed reaches."""


@dataclass(frozen=True)
class FeedShift:
    """A shift with the words that a calendar shows."""

    schedule_id: str
    schedule_name: str
    person_name: str
    shift: FinalShift


def feed(title: str, shifts: Iterable[FeedShift], now: datetime, remind: timedelta | None = None) -> bytes:
    """The calendar as bytes, `text/calendar`. With `remind`, an alarm that long before each shift."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", title)
    for each in shifts:
        calendar.add_component(_event(each, now, remind))
    return bytes(calendar.to_ical())


def _event(each: FeedShift, now: datetime, remind: timedelta | None) -> Event:
    shift = each.shift
    event = Event()
    event.add("uid", f"{_uid(each)}@tocsin")
    event.add("dtstamp", now.replace(microsecond=0))
    event.add("dtstart", shift.start)
    event.add("dtend", shift.end)
    event.add("summary", f"{each.person_name} on call: {each.schedule_name}")
    if shift.source == "override":
        event.add("description", "An override.")
    if remind is not None:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"On call soon: {each.schedule_name}")
        alarm.add("trigger", -remind)
        event.add_component(alarm)
    return event


def _uid(each: FeedShift) -> str:
    """The same for the same shift in every feed: its layer, turn (or override) and first instant."""
    shift = each.shift
    origin = shift.override_id or f"{shift.layer}-{shift.turn}"
    return f"{each.schedule_id}-{origin}-{shift.start:%Y%m%dT%H%M%SZ}"
