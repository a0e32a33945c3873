"""What holds for the whole organisation."""

from typing import Annotated

from pydantic import Field

from tocsin.organisation.model.fields import Name, Rest, Sentence, Slug, Spec, Url


class Settings(Spec):
    """The organisation's settings. `last_resort` are the people who are paged when all else ran out.

    Schedules: who becomes Incident Commander, Communications and Operations when nobody is named. Without `runbook`
    the one that ships with Tocsin is the base. Who was paged at night rests for `rest_after_night_page`: what is not
    critical goes to who is next on the schedule, where somebody is. `prometheus` is where PromQL checks ask that name no source.
    """

    name: Name = "Your organisation"
    last_resort: Annotated[tuple[Slug, ...], Field(min_length=1)]
    default_policy: Slug | None = None
    runbook: str | None = None
    commander_schedule: Slug | None = None
    communications_schedule: Slug | None = None
    operations_schedule: Slug | None = None
    security_team: Slug | None = None
    legal_team: Slug | None = None
    prometheus: Url | None = None
    rest_after_night_page: Rest | None = None
    status_page_intro: Sentence = ""
