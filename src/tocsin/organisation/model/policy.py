"""The steps that a page climbs while nobody acknowledges."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from tocsin.organisation.model.fields import Duration, FormerIds, Name, Spec, Target


def _is_a_little(value: timedelta) -> timedelta:
    if not timedelta(seconds=10) <= value <= timedelta(days=7):
        raise ValueError("a step waits between 10 seconds and 7 days")
    return value


Wait = Annotated[Duration, AfterValidator(_is_a_little)]
"""How long a step waits; checked with the field, so that another mistake in the step does not hide this one."""


class Step(Spec):
    """Whom one step pages, and how long it waits for an acknowledgement before the next."""

    page: Annotated[tuple[Target, ...], Field(min_length=1, max_length=50)]
    wait: Wait = timedelta(minutes=5)


class Policy(Spec):
    """An escalation policy. After the last step it starts again `repeat` times, then the last resort is paged."""

    name: Name
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]
    repeat: Annotated[int, Field(ge=0, le=100)] = 2
    was: FormerIds = ()
