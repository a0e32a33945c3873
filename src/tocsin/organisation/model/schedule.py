"""Who is on call when: rotations in order of precedence."""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from tocsin.organisation.model.fields import FormerIds, Name, Slug, Spec, Url, ZoneName
from tocsin.runbook.durations import format_duration, parse_duration

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

_MONTHS = re.compile(r"([0-9]{1,2})\s*months?", re.IGNORECASE)
_SHORTEST, _LONGEST = timedelta(hours=1), timedelta(days=366)


@dataclass(frozen=True)
class Months:
    """A turn's length in calendar months: on the day of the month of the first turn, or the month's last."""

    count: int


def _to_turn(value: object) -> timedelta | Months:
    if isinstance(value, Months):
        return value
    written = _MONTHS.fullmatch(value.strip()) if isinstance(value, str) else None
    if written:
        if not 1 <= int(written[1]) <= 12:
            raise ValueError("a turn lasts 1 to 12 months")
        return Months(int(written[1]))
    length = parse_duration(value)
    if not _SHORTEST <= length <= _LONGEST or length % timedelta(minutes=1):
        raise ValueError("a turn lasts an hour to a year, such as '12h', '1 day', '1 week' or '1 month'")
    return length


def _turn_text(value: timedelta | Months) -> str:
    if isinstance(value, Months):
        return f"{value.count} month{'' if value.count == 1 else 's'}"
    return format_duration(value)


Turn = Annotated[
    timedelta | Months,
    BeforeValidator(_to_turn),
    PlainSerializer(_turn_text, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["12h", "1 day", "1 week", "1 month"]}),
]
"""How long a turn lasts; checked with the field, so that another mistake in the rotation does not hide this one."""

Day = Annotated[date, BeforeValidator(_to_date)]
"""A calendar day, written YYYY-MM-DD."""


class Hours(Spec):
    """Only these hours of each day; `end` at or before `begin` means on the next day."""

    begin: TimeOfDay
    end: TimeOfDay
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS


def _to_many_hours(value: Any) -> Any:
    if value is None:
        return ()
    return (value,) if isinstance(value, (dict, Hours)) else value


def _hours_written(value: tuple[Hours, ...]) -> Any:
    written = [each.model_dump(mode="json") for each in value]
    return (written[0] if len(written) == 1 else written) if written else None


class _OneOrMany:
    """In the JSON Schema: a list, or the one thing that would stand in it."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


ManyHours = Annotated[
    tuple[Hours, ...],
    _OneOrMany(),
    BeforeValidator(_to_many_hours),
    PlainSerializer(_hours_written),
    Field(max_length=20),
]
"""One set of hours or a list of them; where two of them overlap, it is one time."""


class Holidays(Spec):
    """The public holidays of a country, or of a part of it: `country: DE, subdivision: BE` (ISO 3166).

    `only: true` turns it round: on these days alone.
    """

    country: Annotated[str, Field(min_length=2, max_length=3)]
    subdivision: Annotated[str, Field(min_length=1, max_length=10)] | None = None
    only: bool = False

    @model_validator(mode="after")
    def _known(self) -> "Holidays":
        from tocsin.organisation.holidays import check  # late: the calendars are large, and few organisations have any

        check(self.country, self.subdivision)
        return self


class Rotation(Spec):
    """People who take turns. The first turn begins on `starts` at `handover`, both in `time_zone`.

    A turn lasts `every`, counted on the wall clock and calendar of the zone: hours, days, weeks or months, never an hour
    off after the clocks change. With `hours`, who has the turn is on call in those hours only;
    with `holidays`, not on these days (or on these days only). Hours that pass midnight belong to the day they begin on.
    """

    people: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=500)]
    every: Turn = timedelta(weeks=1)
    starts: Day
    handover: TimeOfDay = time(9)
    time_zone: ZoneName
    hours: ManyHours = ()
    holidays: Holidays | None = None
    name: Name | None = None


class Calendar(Spec):
    """A calendar of somebody else's that says who is on call: the address of an iCalendar file, which Tocsin fetches.

    Whoever knows the address reads the calendar: keep it as you keep a password. `time_zone` is that of whole days and
    of times without a zone.
    """

    url: Url
    time_zone: ZoneName = "UTC"

    @property
    def shown(self) -> str:
        """Where it is, without what makes the address a secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}/***"


class Schedule(Spec):
    """A schedule: the first rotation that has somebody at a moment has the shift; later ones fill what is left.

    With `calendar`, what that says comes before the rotations, which fill what it leaves free.
    """

    name: Name
    calendar: Calendar | None = None
    rotations: tuple[Rotation, ...] = Field(default=(), max_length=50)
    team: Slug | None = None
    was: FormerIds = ()

    def masked(self) -> "Schedule":
        """As it is shown: the address of its calendar stays a secret."""
        if self.calendar is None:
            return self
        return self.model_copy(update={"calendar": self.calendar.model_copy(update={"url": self.calendar.shown})})

    def unmasked(self, present: "Schedule | None") -> "Schedule":
        """As it is meant when what was shown comes back: with the address that the schedule has at present."""
        known = present.calendar if present else None
        if self.calendar is None or known is None or self.calendar.url != known.shown:
            return self
        return self.model_copy(update={"calendar": self.calendar.model_copy(update={"url": known.url})})
