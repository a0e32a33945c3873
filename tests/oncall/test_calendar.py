"""The feed that calendars subscribe to."""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar

from tocsin.oncall import calendar
from tocsin.oncall import schedule as schedules
from tocsin.oncall.calendar import FeedShift
from tocsin.organisation.model.schedule import Schedule

NOW = datetime(2026, 10, 23, 12, 0, tzinfo=UTC)


def test_a_calendar_reads_the_same_shifts_at_the_same_instants() -> None:
    schedule = Schedule.model_validate(
        {
            "name": "Payments",
            "rotations": [{"people": ["mara", "kofi"], "starts": "2026-10-23", "time_zone": "Europe/Stockholm"}],
        }
    )
    shifts = schedules.final_shifts(schedule, [], NOW - timedelta(days=1), NOW + timedelta(days=21))
    named = [FeedShift("payments", "Payments", shift.person.title(), shift) for shift in shifts]
    feed = calendar.feed("Payments on call", named, NOW, remind=timedelta(hours=12))
    events = Calendar.from_ical(feed).walk("VEVENT")
    assert [(event["summary"], event.decoded("dtstart"), event.decoded("dtend")) for event in events] == [
        (f"{shift.person.title()} on call: Payments", shift.start, shift.end) for shift in shifts
    ]
    assert events[0].decoded("dtend") == datetime(2026, 10, 30, 8, 0, tzinfo=UTC)  # 169 hours: the clock went back
    assert len({event["uid"] for event in events}) == len(events)
    again = Calendar.from_ical(calendar.feed("x", named, NOW + timedelta(days=1))).walk("VEVENT")
    assert [event["uid"] for event in again] == [event["uid"] for event in events]
    assert all(event.walk("VALARM") for event in events)
