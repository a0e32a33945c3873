"""Who is on call when: rotations in order of precedence."""

import re
from datetime import date, time, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from tocsin.organisation.model.fields import Duration, FormerIds, Name, Slug, Spec, ZoneName

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _to_time(value: object) -> time:
    if isinstance(value, time):
        return value
    written = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if written:
        return time(int(written[1]), int(written[2]))
    raise ValueError("write a time of day as HH:MM, such as 09:00")


def _time_text(value: time) -> str:
    return value.strftime("%H:%M")


def _to_date(value: object) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("write a date as YYYY-MM-DD") from None


TimeOfDay = Annotated[
    time,
    BeforeValidator(_to_time),
    PlainSerializer(_time_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d$", "examples": ["09:00"]}),
]
"""A wall time of day, to the minute, in the rotation's zone."""


def _is_whole_days(value: timedelta) -> timedelta:
    if value < timedelta(days=1) or value % timedelta(days=1):
        raise ValueError("a turn lasts whole days or weeks, such as '1 day' or '1 week'")
    return value


Turn = Annotated[Duration, AfterValidator(_is_whole_days)]
"""How long a turn lasts; checked with the field, so that another mistake in the rotation does not hide this one."""

Day = Annotated[date, BeforeValidator(_to_date)]
"""A calendar day, written YYYY-MM-DD."""


class Hours(Spec):
    """Only these hours of each day; `end` at or before `begin` means on the next day."""

    begin: TimeOfDay
    end: TimeOfDay
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS


class Rotation(Spec):
    """People who take turns. The first turn begins on `starts` at `handover`, both in `time_zone`.

    A turn lasts `every` (whole days, counted on the calendar, so never 23 or 25 hours off). With `hours`, who has the
    turn is on call in those hours only.
    """

    people: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=500)]
    every: Turn = timedelta(weeks=1)
    starts: Day
    handover: TimeOfDay = time(9)
    time_zone: ZoneName
    hours: Hours | None = None
    name: Name | None = None


class Schedule(Spec):
    """A schedule: the first rotation that has somebody at a moment has the shift; later ones fill what is left."""

    name: Name
    rotations: tuple[Rotation, ...] = Field(default=(), max_length=50)
    team: Slug | None = None
    was: FormerIds = ()
