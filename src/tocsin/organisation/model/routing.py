"""Routing rules: what becomes of an alert."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tocsin.organisation.model.fields import Duration, FormerIds, Labels, Name, Slug, Spec, ZoneName
from tocsin.organisation.model.schedule import ManyHours

Urgency = Literal["page", "notify", "record"]
DeclareAs = Literal["sev1", "sev2", "sev3"]
AlertSeverity = Literal["critical", "error", "warning", "info"]


def _is_expression(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as wrong:
        raise ValueError(f"'{value[:80]}' is no regular expression ({wrong})") from wrong
    return value


Expressions = dict[
    Annotated[str, Field(min_length=1, max_length=128)],
    Annotated[str, Field(max_length=1024), AfterValidator(_is_expression)],
]
"""Label names and the regular expressions that their whole values must match."""


class UrgencyHours(Spec):
    """Another urgency in these hours of the wall clock in `time_zone`."""

    urgency: Urgency
    hours: Annotated[ManyHours, Field(min_length=1)]
    time_zone: ZoneName = "UTC"


class Inhibition(Spec):
    """While an alert of the rule fires, alerts with the labels `match` page nobody, if `equal` labels are the same."""

    match: Annotated[Labels, Field(min_length=1)]
    equal: tuple[Name, ...] = ()


class RoutingRule(Spec):
    """A routing rule. The rule with the lowest `order` that matches decides; equal orders go by id.

    `match` wants equal labels, `match_regex` wants a regular expression to match the whole value (a label that is
    absent counts as empty), `severity` one of those severities, `integration` one of those integrations' names.
    `urgency_during`: the first whose hours it is decides the urgency in place of `urgency`; what still fires when its
    hours come is raised then. `inhibits`: what its alerts explain, so that one page tells of the cause alone.
    What is not said is decided by the service that the alert belongs to, then by the organisation's defaults.
    """

    order: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    name: Name | None = None
    match: Labels = Field(default_factory=dict)
    match_regex: Expressions = Field(default_factory=dict)
    severity: tuple[AlertSeverity, ...] = ()
    integration: tuple[Name, ...] = ()
    service: Slug | None = None
    policy: Slug | None = None
    urgency: Urgency | None = None
    urgency_during: tuple[UrgencyHours, ...] = ()
    inhibits: tuple[Inhibition, ...] = ()
    group_by: tuple[Name, ...] | None = None
    group_wait: Annotated[Duration, Field(le=timedelta(hours=1))] = timedelta()
    flap_window: Annotated[Duration, Field(le=timedelta(hours=24))] = timedelta(minutes=5)
    resolve_after: Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(days=30))] | None = None
    declare: DeclareAs | None = None
    was: FormerIds = ()
