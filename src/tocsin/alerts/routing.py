"""What becomes of an alert: which rule decides, whom it pages, with which others it belongs, and why. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.alerts.grouping import group_key
from tocsin.intake.signal import IntegrationRef, Severity, Signal
from tocsin.organisation import hours
from tocsin.organisation.model.routing import DeclareAs, RoutingRule, Urgency
from tocsin.organisation.snapshot import Organisation

DEFAULT_ROUTE = "default"
DEFAULT_FLAP_WINDOW = timedelta(minutes=5)
_MOST_REMEMBERED = 5_000


@dataclass(frozen=True)
class Routed:
    """What routing decided. `labels` are the alert's, with its service, severity and integration among them.

    `policy_id` None: there is no policy yet, the last resort is paged. `why` is one sentence for people.
    """

    route: str
    key: str
    urgency: Urgency
    service: str | None
    policy_id: str | None
    labels: Mapping[str, str]
    declare: DeclareAs | None
    flap_window: timedelta
    group_wait: timedelta
    why: str
    urgency_until: datetime | None = None
    """When the rule's hours give another urgency; None: never."""
    inhibits: bool = False
    """Whether, while it fires, others do not page."""
    resolve_after: timedelta | None = None
    """What was not heard of for so long is over; None: it waits for its sender's word."""


def route(organisation: Organisation, integration: IntegrationRef, signal: Signal, at: datetime) -> Routed:
    """The first rule that matches decides; what it leaves open, the service and the organisation's defaults decide.

    `at`: by the hours of which instant.
    """
    service = service_of(organisation, integration, signal)
    labels = described(integration, signal, service)
    for id, rule in organisation.rules:
        if matches(rule, integration, signal, labels):
            return _by_rule(organisation, id, rule, signal, labels, service, at)
    urgency: Urgency = "record" if signal.severity == "info" else "page"
    policy = organisation.policy_for(service)
    why = _sentence(
        urgency, policy, "no routing rule matches" + (", and the sender says info" if urgency != "page" else "")
    )
    return Routed(
        DEFAULT_ROUTE,
        group_key(None, labels, signal, service),
        urgency,
        service,
        policy,
        labels,
        None,
        DEFAULT_FLAP_WINDOW,
        timedelta(),
        why,
    )


class Router:
    """`route` for one state of the organisation, remembering what it decided for alerts that are alike to its rules.

    Good from `at` until just before `until`, when a rule's hours give another urgency.
    """

    def __init__(self, organisation: Organisation, at: datetime) -> None:
        self.organisation, self._at = organisation, at
        turns = (
            hours.next_turn(each.hours, each.time_zone, at)
            for _, rule in organisation.rules
            for each in rule.urgency_during
        )
        self.until = min(filter(None, turns), default=None)
        self._remembered: dict[tuple[object, ...], Routed] = {}
        names = {"integration", "severity", "service", "alertname"}
        for _, rule in organisation.rules:
            names.update(rule.match, rule.match_regex, rule.group_by or ())
        for service in organisation.services.values():
            names.update(service.labels or ())
        self._names = tuple(sorted(names))

    def is_good(self, organisation: Organisation, at: datetime) -> bool:
        """Whether what it remembers is what `route` says at an instant."""
        return self.organisation is organisation and self._at <= at and (self.until is None or at < self.until)

    def route(self, integration: IntegrationRef, signal: Signal) -> Routed:
        """As `route`, except that `labels` may be those of an alert like it: `described` tells its own."""
        label = signal.labels.get
        alike = (
            integration.id,
            integration.name,
            integration.service,
            signal.severity,
            signal.service,
            # the title groups alerts that have neither service nor name
            None if signal.service or integration.service or label("alertname") else signal.title,
            *map(label, self._names),
        )
        known = self._remembered.get(alike)
        if known is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            known = self._remembered[alike] = route(self.organisation, integration, signal, self._at)
        return known


def matches(rule: RoutingRule, integration: IntegrationRef, signal: Signal, labels: Mapping[str, str]) -> bool:
    """Whether all that the rule asks for holds."""
    return (
        (not rule.severity or signal.severity in rule.severity)
        and (not rule.integration or integration.name in rule.integration or integration.id in rule.integration)
        and all(labels.get(name, "") == value for name, value in rule.match.items())
        and all(re.fullmatch(pattern, labels.get(name, "")) for name, pattern in rule.match_regex.items())
    )


def service_of(organisation: Organisation, integration: IntegrationRef, signal: Signal) -> str | None:
    """The service that an alert is about: named by the sender, known by its labels, else the integration's own."""
    if signal.service:
        current = organisation.current_id("service", signal.service)
        if current in organisation.services:
            return current
    by_labels = next(iter(organisation.services_labelled(signal.labels)), None)
    return by_labels or signal.service or integration.service


def described(integration: IntegrationRef, signal: Signal, service: str | None) -> dict[str, str]:
    """The labels that rules, silences and grouping go by: the sender's win over what is added."""
    added = {"integration": integration.name, "severity": signal.severity}
    labels = {**added, **signal.labels}
    if service is not None:
        labels["service"] = service
    return labels


def _by_rule(
    organisation: Organisation,
    id: str,
    rule: RoutingRule,
    signal: Signal,
    labels: dict[str, str],
    service: str | None,
    at: datetime,
) -> Routed:
    if rule.service is not None:
        service = rule.service
        labels = {**labels, "service": service}
    urgency, until = urgency_of(rule, signal.severity, at)
    policy = rule.policy or organisation.policy_for(service)
    return Routed(
        route=id,
        key=group_key(rule.group_by, labels, signal, service),
        urgency=urgency,
        service=service,
        policy_id=policy,
        labels=labels,
        declare=rule.declare,
        flap_window=rule.flap_window,
        group_wait=rule.group_wait,
        why=_sentence(urgency, policy, f"the routing rule {rule.name or id!r} matches{_hours(until)}"),
        urgency_until=until,
        inhibits=bool(rule.inhibits),
        resolve_after=rule.resolve_after,
    )


def urgency_of(rule: RoutingRule, severity: Severity, at: datetime) -> tuple[Urgency, datetime | None]:
    """The urgency that a rule gives at an instant, and until when; None: for ever."""
    turns = (hours.next_turn(each.hours, each.time_zone, at) for each in rule.urgency_during)
    until = min(filter(None, turns), default=None)
    for each in rule.urgency_during:
        if hours.within(each.hours, each.time_zone, at):
            return each.urgency, until
    return rule.urgency or ("record" if severity == "info" else "page"), until


def _hours(until: datetime | None) -> str:
    return f", until {until:%H:%M} UTC at these hours" if until else ""


def _sentence(urgency: Urgency, policy: str | None, because: str) -> str:
    if urgency == "record":
        return f"Recorded only: {because}."
    verb = "Pages" if urgency == "page" else "Notifies"
    whom = f"by the policy {policy!r}" if policy else "the last resort, since there is no policy yet"
    return f"{verb} {whom}: {because}."
