"""The shapes that bodies share."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.json_schema import WithJsonSchema

from tocsin import wallclock
from tocsin.errors import Invalid
from tocsin.runbook.durations import LONGEST, parse_duration


class Body(BaseModel):
    """A request's body: a field that is not known is a mistake, and named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _duration(value: Any) -> Any:
    if isinstance(value, str) and not value.startswith(("P", "p")):
        return parse_duration(value)
    return value


def _bounded(value: timedelta) -> timedelta:
    if not timedelta() < value <= LONGEST:
        raise ValueError("is not between a second and a year: write for example 15m or 48h")
    return value


def _in_utc(value: datetime) -> datetime:
    if value.year not in wallclock.YEARS:
        raise ValueError(wallclock.OTHER_YEARS)
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""RFC 3339 with a zone, of the years 1971 to 2200; kept in UTC."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_bounded),
    PlainSerializer(lambda value: f"PT{int(value.total_seconds())}S"),
    WithJsonSchema({"type": "string", "examples": ["15m", "1h30m", "PT15M"], "description": "A number and a unit."}),
]
"""`15m`, `1h30m`, or ISO 8601."""

Text = Annotated[str, Field(min_length=1, max_length=20_000)]


def until(now: datetime, at: datetime | None, length: timedelta | None) -> datetime:
    """The moment that `until` or `for` means; Invalid unless exactly one is said."""
    if (at is None) == (length is None):
        raise Invalid("say either until when or for how long", "until")
    if at is not None:
        return at
    assert length is not None
    return now + length
