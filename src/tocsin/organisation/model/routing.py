"""Routing rules: what becomes of an alert."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator

from tocsin.organisation.model.fields import Duration, FormerIds, Labels, Name, Slug, Spec

Urgency = Literal["page", "notify", "record"]
DeclareAs = Literal["sev1", "sev2", "sev3"]
AlertSeverity = Literal["critical", "error", "warning", "info"]


class RoutingRule(Spec):
    """A routing rule. The rule with the lowest `order` that matches decides; equal orders go by id.

    `match` wants equal labels, `match_regex` wants a regular expression to match the whole value (a label that is
    absent counts as empty), `severity` one of those severities, `integration` one of those integrations' names.
    What is not said is decided by the service that the alert belongs to, then by the organisation's defaults.
    """

    order: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    name: Name | None = None
    match: Labels = Field(default_factory=dict)
    match_regex: Labels = Field(default_factory=dict)
    severity: tuple[AlertSeverity, ...] = ()
    integration: tuple[Name, ...] = ()
    service: Slug | None = None
    policy: Slug | None = None
    urgency: Urgency | None = None
    group_by: tuple[Name, ...] | None = None
    group_wait: Annotated[Duration, Field(le=timedelta(hours=1))] = timedelta()
    flap_window: Annotated[Duration, Field(le=timedelta(hours=24))] = timedelta(minutes=5)
    declare: DeclareAs | None = None
    was: FormerIds = ()

    @field_validator("match_regex")
    @classmethod
    def _are_expressions(cls, value: dict[str, str]) -> dict[str, str]:
        for label, expression in value.items():
            try:
                re.compile(expression)
            except re.error as wrong:
                raise ValueError(f"{label}: '{expression}' is no regular expression ({wrong})") from wrong
        return value
