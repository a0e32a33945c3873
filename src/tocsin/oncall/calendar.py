"""On-call shifts as an iCalendar feed (RFC 5545): stable UIDs, UTC instants, METHOD:PUBLISH."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.oncall.schedule import FinalShift, Gap

if TYPE_CHECKING:  # else imported where a feed is made: it takes its share of a start and of memory
    from icalendar import Event

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
    shadowed_by: str = ""
    """Whose calendar this is, who only learns: no shift of theirs."""


@dataclass(frozen=True)
class FeedGap:
    """When nobody is on call, with the words that a calendar shows."""

    schedule_id: str
    schedule_name: str
    gap: Gap


def feed(title: str, shifts: Iterable[FeedShift], now: datetime, remind: timedelta | None = None) -> bytes:
    """The calendar as bytes, `text/calendar`. With `remind`, an alarm that long before each shift."""
    return _calendar(title, (_event(each, now, remind) for each in shifts))


def gaps_feed(title: str, gaps: Iterable[FeedGap], now: datetime) -> bytes:
    """The gaps as a calendar, `text/calendar`."""
    return _calendar(title, (_gap_event(each, now) for each in gaps))


def _calendar(title: str, events: "Iterable[Event]") -> bytes:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", title)
    for each in events:
        calendar.add_component(each)
    return bytes(calendar.to_ical())


def _gap_event(each: FeedGap, now: datetime) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", f"{each.schedule_id}-gap-{each.gap.start:%Y%m%dT%H%M%SZ}@tocsin")
    event.add("dtstamp", now.replace(microsecond=0))
    event.add("dtstart", each.gap.start)
    event.add("dtend", each.gap.end)
    event.add("summary", f"Nobody on call: {each.schedule_name}")
    return event


def _event(each: FeedShift, now: datetime, remind: timedelta | None) -> "Event":
    from icalendar import Alarm, Event

    shift = each.shift
    event = Event()
    event.add("uid", f"{_uid(each)}@tocsin")
    event.add("dtstamp", now.replace(microsecond=0))
    event.add("dtstart", shift.start)
    event.add("dtend", shift.end)
    doing = f"{each.shadowed_by} shadows {each.person_name}" if each.shadowed_by else f"{each.person_name} on call"
    event.add("summary", f"{doing}: {each.schedule_name}")
    if each.shadowed_by:
        event.add("transp", "TRANSPARENT")
    if shift.source == "override":
        event.add("description", "An override.")
    elif shift.source == "calendar":
        event.add("description", "By the calendar that the schedule is read from.")
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
    origin += "-shadow" if each.shadowed_by else ""
    return f"{each.schedule_id}-{origin}-{shift.start:%Y%m%dT%H%M%SZ}"
