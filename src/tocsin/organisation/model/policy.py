"""The steps that a page climbs while nobody acknowledges."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from tocsin.organisation.model.fields import Duration, FormerIds, Name, Spec, Target


class Step(Spec):
    """Whom one step pages, and how long it waits for an acknowledgement before the next."""

    page: Annotated[tuple[Target, ...], Field(min_length=1, max_length=50)]
    wait: Duration = timedelta(minutes=5)

    @model_validator(mode="after")
    def _waits_at_least_a_little(self) -> "Step":
        if not timedelta(seconds=10) <= self.wait <= timedelta(days=7):
            raise ValueError("wait: a step waits between 10 seconds and 7 days")
        return self


class Policy(Spec):
    """An escalation policy. After the last step it starts again `repeat` times, then the last resort is paged."""

    name: Name
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]
    repeat: Annotated[int, Field(ge=0, le=100)] = 2
    was: FormerIds = ()
