"""The review's meeting as an iCalendar request (RFC 5545, RFC 5546). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # else imported where an invitation is made: it takes its share of a start and of memory
    from icalendar import vCalAddress

LENGTH = timedelta(minutes=60)


@dataclass(frozen=True)
class Guest:
    """Somebody who is asked to come."""

    name: str
    email: str


def invitation(
    *,
    incident_id: str,
    number: int,
    title: str,
    meeting_at: datetime,
    sequence: int,
    organizer: str,
    guests: Sequence[Guest],
    url: str,
    now: datetime,
) -> bytes:
    """`text/calendar; method=REQUEST`. The UID stays, the sequence grows when the meeting moves; instants UTC."""
    from icalendar import Calendar, Event, vText

    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//Review//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    event = Event()
    event.add("uid", f"review-{incident_id}@tocsin")
    event.add("dtstamp", now.replace(microsecond=0))
    event.add("sequence", sequence)
    event.add("dtstart", meeting_at.replace(microsecond=0))
    event.add("dtend", meeting_at.replace(microsecond=0) + LENGTH)
    event.add("summary", f"Postmortem of INC-{number}: {title}")
    event.add("description", f"Blameless review. The draft is written from the timeline: {url}")
    event.add("url", url)
    event.add("status", "CONFIRMED")
    event.add("organizer", _address(organizer, "Tocsin"))
    for guest in guests:
        attendee = _address(guest.email, guest.name)
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        attendee.params["RSVP"] = vText("TRUE")
        event.add("attendee", attendee, encode=False)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _address(email: str, name: str) -> "vCalAddress":
    from icalendar import vCalAddress, vText

    address = vCalAddress(f"mailto:{email}")
    address.params["CN"] = vText(name)
    return address
