"""Shifts as bars of a week, and rotations in words: what every calendar of on call is drawn from."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from tocsin import wallclock
from tocsin.oncall.schedule import FinalShift, Gap
from tocsin.organisation.holidays import name_of
from tocsin.organisation.model.schedule import WEEKDAYS, Hours, Months, Rotation
from tocsin.web import format as say
from tocsin.web.forms.draft import turn_text
from tocsin.web.views.common import Names
from tocsin.web.views.oncall import Bar, DayHead, DayNote

WEEK = timedelta(days=7)
HOURS = 168.0
_DAY = timedelta(days=1)
_SHORT = {day: day.capitalize() for day in WEEKDAYS}


def monday(at: datetime) -> datetime:
    """The midnight (UTC) at which the week of an instant begins."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=midnight.weekday())


def asked_week(text: str, now: datetime) -> datetime:
    """The week of `?week=2026-11-16`; the present one without, or where that is no day."""
    try:
        asked = datetime.fromisoformat(text).replace(tzinfo=UTC) if text else now
    except ValueError:
        return monday(now)
    return monday(asked if asked.year in wallclock.YEARS else now)


def days_of(start: datetime, now: datetime, notes: Sequence[DayNote] = ()) -> tuple[DayHead, ...]:
    """The heads of a week's days."""
    noted = {note.day for note in notes}
    days = [start + index * _DAY for index in range(7)]
    return tuple(
        DayHead(f"{say.day(day)[:3]} {day.day}", day.date() == now.date(), day.weekday() > 4, day.date() in noted)
        for day in days
    )


def notes_of(rotations: Iterable[Rotation], start: datetime) -> tuple[DayNote, ...]:
    """What is special about days of the shown week where rotations live: clocks that change, and public holidays."""
    layers = list(rotations)
    zones = sorted({layer.time_zone for layer in layers})
    calendars = sorted({(each.country, each.subdivision or "") for layer in layers if (each := layer.holidays)})
    found = []
    for day in ((start + index * _DAY).date() for index in range(7)):
        for zone in zones:
            change = wallclock.length_of_day(day, wallclock.zone(zone)) - _DAY
            if change:
                what = "comes twice" if change > timedelta() else "is left out"
                where = wallclock.place(zone)
                said = f"in {where} {say.spoken(abs(change))} {what}; shifts keep to its clock."
                found.append(DayNote(day, "clock", f"{day:%a} {day.day}: {said}"))
        for country, part in calendars:
            if name := name_of(country, part or None, day):
                where = "-".join(filter(None, (country, part)))
                found.append(DayNote(day, "calendar", f"{day:%a} {day.day}: {name}, a public holiday in {where}."))
    return tuple(found)


def bars_of(
    shifts: Sequence[FinalShift], gaps: Sequence[Gap], start: datetime, known: Names, me: str, fill: str = ""
) -> tuple[Bar, ...]:
    """A week's bars; whoever changes changes the shade. With `fill`, a gap leads to the form that fills it."""
    end, bars, shade, last = start + WEEK, [], "a", ""
    for shift in shifts:
        if shift.end <= start or shift.start >= end:
            continue
        if shift.person != last:
            shade, last = ("b" if shade == "a" else "a"), shift.person
        name, mine = known.of(shift.person), shift.person == me
        note = f"{name}, {say.weekday_time(shift.start)} to {say.weekday_time(shift.end)}"
        kind = "me" if mine else shade
        who = f"You, {name}" if mine else name
        bars.append(Bar(hour(shift.start, start), hour(shift.end, start), who, kind, shift.source != "rotation", note))
    for gap in gaps:
        if gap.end <= start or gap.start >= end:
            continue
        begin, finish = max(gap.start, start), min(gap.end, end)
        query = f"schedule={fill}&from={gap.start:%Y-%m-%dT%H:%M}&to={gap.end:%Y-%m-%dT%H:%M}"
        href = f"/oncall/override?{query}" if fill else ""
        label = say.coarse(finish - begin)
        bars.append(Bar(hour(begin, start), hour(finish, start), label, "gap", note="Nobody", href=href))
    return tuple(sorted(bars, key=lambda bar: bar.start))


def hour(at: datetime, start: datetime) -> float:
    """An instant as hours from the start of the shown week, within it."""
    return round(min(HOURS, max(0.0, (at - start).total_seconds() / 3600)), 2)


def rotation_text(rotation: Rotation, known: Names) -> str:
    """'Mara and Kofi take turns of 1 week; handover Fri 09:00, Stockholm; only Mon–Fri 08:00–20:00'."""
    who = say.listed(known.of(person) for person in rotation.people)
    turns = f"{who}, alone" if len(rotation.people) == 1 else f"{who} take turns of {turn_text(rotation.every)}"
    whole_weeks = not isinstance(rotation.every, Months) and rotation.every % WEEK == timedelta()
    day = f"{rotation.starts:%a} " if whole_weeks else ""
    parts = [turns, f"handover {day}{rotation.handover:%H:%M}, {wallclock.place(rotation.time_zone)}"]
    if rotation.hours:
        parts.append(f"only {say.listed(map(_hours_text, rotation.hours))}")
    if rotation.holidays:
        where = "-".join(filter(None, (rotation.holidays.country, rotation.holidays.subdivision)))
        parts.append(f"{'only' if rotation.holidays.only else 'not'} on public holidays of {where}")
    return "; ".join(parts)


def _hours_text(hours: Hours) -> str:
    """'Mon–Fri 09:00–17:00'."""
    places = [WEEKDAYS.index(day) for day in hours.days]
    in_a_row = len(places) > 2 and places == list(range(places[0], places[0] + len(places)))
    if len(places) == len(WEEKDAYS):
        days = "every day"
    elif in_a_row:
        days = f"{_SHORT[hours.days[0]]}–{_SHORT[hours.days[-1]]}"
    else:
        days = say.listed(_SHORT[day] for day in hours.days)
    return f"{days} {hours.begin:%H:%M}–{hours.end:%H:%M}"
