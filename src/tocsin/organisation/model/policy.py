"""The steps that a page climbs while nobody acknowledges."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from tocsin.organisation.model.fields import Duration, FormerIds, Name, Spec, Target, Url, ZoneName
from tocsin.organisation.model.schedule import ManyHours

Severity = Literal["critical", "error", "warning", "info", "sev1", "sev2", "sev3"]
"""Of an alert, or of an incident."""


def _is_a_little(value: timedelta) -> timedelta:
    if not timedelta(seconds=10) <= value <= timedelta(days=7):
        raise ValueError("a step waits between 10 seconds and 7 days")
    return value


Wait = Annotated[Duration, AfterValidator(_is_a_little)]
"""How long a step waits; checked with the field, so that another mistake in the step does not hide this one."""


class Only(Spec):
    """When a step holds: all that is said must be so. A page whose severity nobody knows is of every severity."""

    severities: Annotated[tuple[Severity, ...], Field(max_length=7)] = ()
    hours: ManyHours = ()
    time_zone: ZoneName = "UTC"


class Step(Spec):
    """Whom one step pages, and how long it waits for an acknowledgement before the next.

    With `pick: round_robin` one of them alone: whoever was paged longest ago. `webhooks` are told besides. A step with
    `only` is passed over at other times.
    """

    page: Annotated[tuple[Target, ...], Field(max_length=50)] = ()
    webhooks: Annotated[tuple[Url, ...], Field(max_length=10)] = ()
    pick: Literal["everyone", "round_robin"] = "everyone"
    only: Only | None = None
    wait: Wait = timedelta(minutes=5)

    @model_validator(mode="after")
    def _names_somebody(self) -> "Step":
        if not self.page and not self.webhooks:
            raise ValueError("names nobody; write whom it pages, such as page: [{schedule: payments}]")
        return self


class Policy(Spec):
    """An escalation policy. After the last step it starts again `repeat` times, then the last resort is paged.

    `fallback` is paged in place of a schedule on which nobody is on call.
    """

    name: Name
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]
    repeat: Annotated[int, Field(ge=0, le=100)] = 2
    fallback: Annotated[tuple[Target, ...], Field(max_length=20)] = ()
    was: FormerIds = ()
