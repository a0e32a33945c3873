"""The kinds of value that the files are made of: ids, names, durations, zones, targets."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from tocsin import wallclock
from tocsin.errors import Invalid
from tocsin.runbook.durations import format_duration, parse_duration

SLUG_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"


class Spec(BaseModel):
    """What the files say about one object; frozen, and a field that is not known is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _to_duration(value: object) -> timedelta:
    return timedelta() if value in ("0", "0s", 0) else parse_duration(value)


def _as_zone(name: str) -> str:
    try:
        wallclock.zone(name)
    except Invalid as wrong:
        raise ValueError(wrong.message) from wrong
    return name


def _as_link(url: str) -> str:
    if not re.match(r"https?://[^\s/]+", url):
        raise ValueError(f"'{url}' is no web address; it starts with https:// or http://")
    return url


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
"""An id that people can type: lower case, digits, '-', '.', '_'."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""What people read; not empty."""

Sentence = Annotated[str, StringConstraints(max_length=4000)]
"""Free text of a few lines."""

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=254)]
"""An e-mail address; whether it is read is proved by verification, not by its shape."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_to_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "examples": ["30s", "5m", "1h30m", "2 weeks"],
        }
    ),
]
"""A length of time, written '5m', '1h30m' or '2 weeks'."""

ZoneName = Annotated[str, AfterValidator(_as_zone)]
"""An IANA time zone: 'Europe/Berlin'."""

_LONGEST_REST = timedelta(hours=24)


def _is_rest(value: timedelta) -> timedelta:
    if not timedelta() <= value <= _LONGEST_REST:
        raise ValueError("a rest lasts at most 24h")
    return value


Rest = Annotated[Duration, AfterValidator(_is_rest)]
"""How long somebody rests after a page at night."""

Url = Annotated[str, AfterValidator(_as_link), StringConstraints(max_length=2000)]
"""A web address, http or https."""

Labels = dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Annotated[str, Field(max_length=1024)]]
"""Label names and values, as senders of alerts use them."""

FormerIds = Annotated[tuple[Slug, ...], BeforeValidator(_as_tuple)]
"""The ids that this object had before (`was: old-id`), so that a rename is not a removal and an addition."""

TargetKind = Literal["person", "schedule", "next_on_call", "team"]


class Target(Spec):
    """One of a person, a schedule (whoever is on call, or who is next) or a team (its active members)."""

    person: Slug | None = None
    schedule: Slug | None = None
    next_on_call: Slug | None = None
    team: Slug | None = None

    @model_validator(mode="after")
    def _names_exactly_one(self) -> "Target":
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError(f"name exactly one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def kind(self) -> TargetKind:
        """Which of them it is."""
        if self.person is not None:
            return "person"
        if self.schedule is not None:
            return "schedule"
        return "next_on_call" if self.next_on_call is not None else "team"

    @property
    def id(self) -> str:
        """The id that it names."""
        return self.person or self.schedule or self.next_on_call or self.team or ""

    def __str__(self) -> str:
        return f"next on call in '{self.id}'" if self.kind == "next_on_call" else f"{self.kind} '{self.id}'"
