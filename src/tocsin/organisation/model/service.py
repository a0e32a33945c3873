"""What customers use and what it stands on."""

from typing import Annotated

from pydantic import Field

from tocsin.organisation.model.check import RecoveryCheck
from tocsin.organisation.model.fields import FormerIds, Labels, Name, Sentence, Slug, Spec, Target, Url


class Link(Spec):
    """A dashboard, repository or document that responders need at hand."""

    title: Name
    url: Url


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
    checks: dict[Slug, RecoveryCheck] = Field(default_factory=dict)
    was: FormerIds = ()
