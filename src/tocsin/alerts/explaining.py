"""Why an alert takes the path that it takes: each rule that was asked, and what of it did not hold. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime

from tocsin.alerts.routing import Routed, described, matches, route, service_of
from tocsin.intake.signal import IntegrationRef, Signal
from tocsin.organisation.model.routing import RoutingRule
from tocsin.organisation.snapshot import Organisation


@dataclass(frozen=True)
class RuleAsked:
    """A routing rule that was asked, whether it matched, and the first thing that held it off or made it match."""

    rule: str
    name: str
    matched: bool
    because: str


@dataclass(frozen=True)
class Path:
    """An alert's path: the rules in the order in which they were asked, and what was decided."""

    signal: Signal
    asked: tuple[RuleAsked, ...]
    routed: Routed
    quiet: str = ""
    """What would keep it from paging, whatever was decided: a silence, maintenance hours, another alert."""


def path_of(organisation: Organisation, integration: IntegrationRef, signal: Signal, at: datetime) -> Path:
    """The path of a signal, decided by the same rules as a real one's; what is never asked is not named."""
    service = service_of(organisation, integration, signal)
    labels = described(integration, signal, service)
    asked: list[RuleAsked] = []
    for id, rule in organisation.rules:
        matched = matches(rule, integration, signal, labels)
        because = "all that it asks for holds" if matched else _what_fails(rule, integration, signal, labels)
        asked.append(RuleAsked(id, rule.name or id, matched, because))
        if matched:
            break
    return Path(signal, tuple(asked), route(organisation, integration, signal, at))


def _what_fails(rule: RoutingRule, integration: IntegrationRef, signal: Signal, labels: dict[str, str]) -> str:
    """The first thing that a rule asks for and an alert has not."""
    if rule.severity and signal.severity not in rule.severity:
        return f"it is {signal.severity}, and the rule wants {' or '.join(rule.severity)}"
    if rule.integration and integration.name not in rule.integration and integration.id not in rule.integration:
        return f"it came by {integration.name!r}, and the rule wants {' or '.join(rule.integration)}"
    for name, value in rule.match.items():
        if labels.get(name, "") != value:
            return f"{name} is {_shown(labels, name)}, and the rule wants {value!r}"
    for name, pattern in rule.match_regex.items():
        if not re.fullmatch(pattern, labels.get(name, "")):
            return f"{name} is {_shown(labels, name)}, which {pattern!r} does not match"
    return "nothing"


def _shown(labels: dict[str, str], name: str) -> str:
    return repr(labels[name][:200]) if name in labels else "not there"
