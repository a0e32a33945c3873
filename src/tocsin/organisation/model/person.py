"""Somebody who can be on call, hold a role or own work."""

from pydantic import Field

from tocsin.organisation.model.fields import Email, FormerIds, Name, Rest, Spec, ZoneName


class Limits(Spec):
    """How much on-call duty a person takes; what a schedule asks beyond is warned of, not refused.

    Nights (22:00 to 07:00) and weekends are those of the person's own clock; a month is four weeks.
    """

    hours_a_week: int | None = Field(default=None, ge=1, le=168)
    nights_a_week: int | None = Field(default=None, ge=0, le=7)
    weekends_a_month: int | None = Field(default=None, ge=0, le=4)


class Person(Spec):
    """A person. Never deleted: who leaves is deactivated. How they are paged is set on screens, not in files."""

    name: Name
    email: Email
    time_zone: ZoneName = "UTC"
    active: bool = True
    limits: Limits | None = None
    rest_after_night_page: Rest | None = None
    """In place of the organisation's; `0s`: none."""
    was: FormerIds = ()
