"""What customers use and what it stands on."""

from typing import Annotated

from pydantic import Field

from tocsin.organisation.model.check import RecoveryCheck
from tocsin.organisation.model.fields import FormerIds, Labels, Name, Sentence, Slug, Spec, Target, Url, ZoneName
from tocsin.organisation.model.schedule import ManyHours


class Link(Spec):
    """A dashboard, repository or document that responders need at hand."""

    title: Name
    url: Url


class Maintenance(Spec):
    """Hours in which a service is worked on regularly: its alerts are kept and shown, and page nobody.

    `match` narrows it to alerts with these labels. `hours` are of the wall clock in `time_zone`.
    """

    name: Name
    hours: Annotated[ManyHours, Field(min_length=1)]
    time_zone: ZoneName = "UTC"
    match: Labels = Field(default_factory=dict)


class Service(Spec):
    """A service: whose it is, who is hurt when it fails, what it needs, and how one knows that it works.

    `labels` are the labels of alerts that belong to it; a label `service` with the service's id always does.
    `pipelines` are the names under which pipelines ask whether they may deploy and report what they deployed.
    `public_name` is what customers read on the status page; without it, the service does not appear there.
    """

    name: Name
    description: Sentence = ""
    tier: Annotated[int, Field(ge=1, le=4)] = 2
    team: Slug
    secondary_team: Slug | None = None
    customers: Sentence = ""
    customer_count: Annotated[int, Field(ge=0)] | None = None
    public_name: Name | None = None
    depends_on: tuple[Slug, ...] = ()
    links: tuple[Link, ...] = ()
    pipelines: tuple[Name, ...] = ()
    labels: Labels = Field(default_factory=dict)
    policy: Slug | None = None
    experts: Target | None = None
    runbook: str | None = None
    vendors: tuple[Slug, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    checks: dict[Slug, RecoveryCheck] = Field(default_factory=dict)
    was: FormerIds = ()
