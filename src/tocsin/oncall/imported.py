"""Who is on call by somebody else's calendar: an iCalendar file (RFC 5545) read as shifts. Pure.

Each event is a shift of the person whom its attendee's address or its summary names. Times without a zone, and whole
days, are of the schedule's zone. What names nobody here, or can't be read, is told and left out: it is a gap.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tocsin import wallclock
from tocsin.errors import Invalid

if TYPE_CHECKING:
    from icalendar import Calendar, Component

LOOKED_BACK, LOOKED_AHEAD = timedelta(days=35), timedelta(days=400)
MOST_EVENTS, MOST_SHIFTS, MOST_TOLD = 2_000, 5_000, 20
MOST_SELDOM = 20  # events whose rule picks days of a month or year: each may be sought for long
_MOST_A_DAY = 24  # of one rule
_SELDOM = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
_LONGEST_TEXT = 200
_BRACKETED = re.compile(r"\[[^\]]{0,20}\]")


@dataclass(frozen=True, order=True)
class ImportedShift:
    """A person has it from `start` until just before `end` (instants, UTC)."""

    start: datetime
    end: datetime
    person: str


@dataclass(frozen=True)
class Imported:
    """What a calendar says, in order, and what in it could not be understood, a sentence each."""

    shifts: tuple[ImportedShift, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """Who may be meant: a person's id, name and address."""

    id: str
    name: str
    email: str


def read(content: bytes, zone: str, people: Iterable[Known], now: datetime) -> Imported:
    """The shifts from 35 days back to 400 days ahead. Raises Invalid when this is no calendar, or far too much of one."""
    calendar = _calendar(content)
    problems: dict[str, None] = {}
    events = list(_followed(calendar.walk("VEVENT"), problems))
    if len(events) > MOST_EVENTS:
        raise Invalid(f"the calendar has {len(events)} events; at most {MOST_EVENTS} are read")
    find, tz = _finder(people), wallclock.zone(zone)
    shifts: list[ImportedShift] = []
    for event in _expanded(calendar, events, tz, now):
        if _text(event, "STATUS").upper() == "CANCELLED" or _text(event, "TRANSP").upper() == "TRANSPARENT":
            continue
        span = _span(event, tz)
        if span is None:
            problems[f"the event {_summary(event)!r} has no beginning or no end"] = None
            continue
        person = find(event)
        if person is None:
            problems[f"nobody here is called as in {_summary(event)!r}: neither its attendee nor its summary"] = None
            continue
        shifts.append(ImportedShift(*span, person))
        if len(shifts) > MOST_SHIFTS:
            raise Invalid(f"the calendar holds more than {MOST_SHIFTS} shifts in {LOOKED_AHEAD.days} days")
    whole = _merged(sorted(shifts))
    for one, other in pairwise(whole):
        if other.start < one.end:
            both = f"{one.person} and {other.person} are both on call from {other.start:%Y-%m-%d %H:%M} UTC"
            problems[f"{both}; who begins later has it"] = None
    return Imported(whole, tuple(problems)[:MOST_TOLD])


def kept(before: Sequence[ImportedShift], fresh: Sequence[ImportedShift], now: datetime) -> tuple[ImportedShift, ...]:
    """What was so stays so, whatever the calendar says now; from now on it is as it says."""
    past = [ImportedShift(each.start, min(each.end, now), each.person) for each in before if each.start < now]
    ahead = [ImportedShift(max(each.start, now), each.end, each.person) for each in fresh if each.end > now]
    oldest = now - LOOKED_AHEAD
    return _merged(sorted([*(each for each in past if each.end > oldest), *ahead]))


def _calendar(content: bytes) -> "Calendar":
    from icalendar import Calendar

    text = content.decode("utf-8-sig", "replace")
    if "BEGIN:VCALENDAR" not in text[:2000].upper():
        raise Invalid("this is no iCalendar file: it does not begin with BEGIN:VCALENDAR")
    if "END:VCALENDAR" not in text[-2000:].upper():
        raise Invalid("this calendar is not whole: its end is missing, or it is larger than what is read")
    try:
        found = Calendar.from_ical(text)
    except Exception as error:  # the library raises what its parts raise
        raise Invalid(f"this calendar can't be read: {str(error)[:_LONGEST_TEXT]}") from error
    if not isinstance(found, Calendar):
        raise Invalid("this calendar can't be read: there is more than one in the file")
    return found


def _followed(events: Iterable["Component"], problems: dict[str, None]) -> Iterator["Component"]:
    """The events that can be followed in reasonable time, and whose rules make shifts that people can work."""
    seldom = 0
    for event in events:
        try:
            often, picks_days = _repeats(event)
        except Exception:  # the library leaves what it can't read in many shapes
            problems[f"how the event {_summary(event)!r} repeats can't be read"] = None
            continue
        seldom += picks_days
        if often > _MOST_A_DAY:
            problems[f"the event {_summary(event)!r} repeats more than {_MOST_A_DAY} times a day"] = None
        elif picks_days and seldom > MOST_SELDOM:
            said = f"more than {MOST_SELDOM} events repeat by days of the month or year; only the first are followed"
            problems[said] = None
        else:
            yield event


def _repeats(event: "Component") -> tuple[int, bool]:
    """How often a day the event's rules make it happen at most, and whether they pick days of a month or year."""
    rules = event.get("RRULE")
    a_day, picks_days = 0, False
    for rule in rules if isinstance(rules, list) else [rules] if rules is not None else []:
        if str(rule["FREQ"][0]).upper() in ("SECONDLY", "MINUTELY"):
            return _MOST_A_DAY + 1, False
        times = 1
        for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            times *= max(1, len(rule.get(part) or ()))
        a_day, picks_days = a_day + times, picks_days or any(part in rule for part in _SELDOM)
    return a_day, picks_days


def _expanded(
    calendar: "Calendar", events: Sequence["Component"], tz: ZoneInfo, now: datetime
) -> Iterator["Component"]:
    import recurring_ical_events  # type: ignore[import-untyped]

    calendar.subcomponents = [each for each in calendar.subcomponents if each.name != "VEVENT"] + list(events)
    begin, end = (now - LOOKED_BACK).astimezone(tz), (now + LOOKED_AHEAD).astimezone(tz)
    try:
        found = recurring_ical_events.of(calendar, skip_bad_series=True).between(begin, end)
    except Exception as error:  # a rule that the libraries below can't follow
        raise Invalid(f"the calendar's repetitions can't be followed: {str(error)[:_LONGEST_TEXT]}") from error
    yield from found


def _span(event: "Component", tz: ZoneInfo) -> tuple[datetime, datetime] | None:
    try:
        times: Any = event  # an event has both, though not every component
        start, end = _instant(times.start, tz), _instant(times.end, tz)
    except Exception:  # no beginning, an end before it, and whatever else the library minds
        return None
    return (start, end) if start < end else None


def _instant(value: date | datetime, tz: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return wallclock.start_of_day(value, tz)
    if value.tzinfo is None:
        return wallclock.first_instant(value, tz)
    return value.astimezone(UTC)


def _finder(people: Iterable[Known]) -> Any:
    by_email: dict[str, str] = {}
    by_word: dict[str, str] = {}
    for each in people:
        by_email[each.email.casefold()] = each.id
        for word in (each.id, each.name, each.email):
            by_word.setdefault(_plain(word), each.id)
    longest_first = sorted(by_word, key=len, reverse=True)

    def find(event: "Component") -> str | None:
        attendees = event.get("ATTENDEE", [])
        for attendee in attendees if isinstance(attendees, list) else [attendees]:
            address = str(attendee).strip().casefold().removeprefix("mailto:")
            if address in by_email:
                return by_email[address]
        said = _plain(_BRACKETED.sub(" ", _text(event, "SUMMARY")))
        return next((by_word[word] for word in longest_first if word and f" {word} " in f" {said} "), None)

    return find


def _plain(text: str) -> str:
    """Words alone, so that `On Call - Dana Okafor - Primary` holds `dana okafor`."""
    return " ".join(re.findall(r"[\w@.+'-]*\w", text.casefold()))


def _summary(event: "Component") -> str:
    return _text(event, "SUMMARY")[:_LONGEST_TEXT]


def _text(event: "Component", name: str) -> str:
    """A property as text; of one that is there twice, the first."""
    value = event.get(name, "")
    return str(value[0] if isinstance(value, list) and value else value)


def _merged(shifts: Sequence[ImportedShift]) -> tuple[ImportedShift, ...]:
    """Neighbours of one person become one."""
    found: list[ImportedShift] = []
    for shift in shifts:
        last = found[-1] if found else None
        if last and last.person == shift.person and shift.start <= last.end:
            found[-1] = ImportedShift(last.start, max(last.end, shift.end), shift.person)
        else:
            found.append(shift)
    return tuple(found)


def to_json(shifts: Iterable[ImportedShift]) -> list[list[str]]:
    """As a row keeps them."""
    return [[each.start.isoformat(), each.end.isoformat(), each.person] for each in shifts]


def from_json(kept_rows: Iterable[Sequence[str]]) -> list[ImportedShift]:
    """From a row."""
    return [
        ImportedShift(datetime.fromisoformat(start), datetime.fromisoformat(end), person)
        for start, end, person in kept_rows
    ]


__all__ = ["Imported", "ImportedShift", "Known", "from_json", "kept", "read", "to_json"]
