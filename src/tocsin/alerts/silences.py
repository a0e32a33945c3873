"""Silences: a matcher keeps alerts from paging until a time; the alerts themselves are kept and shown.

A service's maintenance hours and what a cause explains are silences too, made by rule in place of a person
(`maintenance`, `inhibitions`): so there is one way of being quiet, and one way out of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tocsin.engine.deadlines import WantedDeadline
from tocsin.organisation import hours
from tocsin.organisation.model.routing import RoutingRule
from tocsin.organisation.snapshot import Organisation

TURNS = "silence_turns"
MAINTENANCE, INHIBITED = "maintenance:", "inhibited:"
"""What the ids of silences begin with that nobody made by hand."""
_DAYS_AHEAD = 8
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Silence:
    """Alerts that carry every label in `match` do not page from `starts_at` until `ends_at` (UTC)."""

    id: str
    match: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None = None
    unless: Mapping[str, str] = field(default_factory=dict)
    """Alerts that carry all of these are not meant, whatever else they carry."""


def is_in_force(silence: Silence, now: datetime) -> bool:
    """Whether it silences now."""
    return silence.cancelled_at is None and silence.starts_at <= now < silence.ends_at


def covers(silence: Silence, labels: Mapping[str, str]) -> bool:
    """Whether an alert with these labels is meant. A silence that matches on nothing covers nothing."""
    return _carries(labels, silence.match) and not _carries(labels, silence.unless)


def _carries(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return bool(wanted) and all(labels.get(name) == value for name, value in wanted.items())


def silenced_by(silences: Iterable[Silence], labels: Mapping[str, str], now: datetime) -> str | None:
    """The silence that keeps such an alert quiet longest; None for none."""
    found = [each for each in silences if is_in_force(each, now) and covers(each, labels)]
    return max(found, key=lambda each: (each.ends_at, each.id)).id if found else None


def maintenance(organisation: Organisation, at: datetime) -> list[Silence]:
    """The services' maintenance hours that are or come in the next days. A service without labels of its own is meant whole."""
    return [
        Silence(
            f"{MAINTENANCE}{service}:{each.name}",
            {**each.match, "service": service},
            begin,
            end,
        )
        for service, spec in organisation.services.items()
        for each in spec.maintenance
        for begin, end in hours.windows(each.hours, each.time_zone, at, _DAYS_AHEAD)
    ]


def maintenance_turns(organisation: Organisation, at: datetime) -> list[WantedDeadline]:
    """The next instant at which maintenance hours begin or end."""
    moments = [moment for each in maintenance(organisation, at) for moment in (each.starts_at, each.ends_at)]
    following = min((moment for moment in moments if moment > at), default=None)
    return [WantedDeadline(TURNS, following.isoformat(), following)] if following else []


def inhibitions(rule: RoutingRule, alert_id: str, labels: Mapping[str, str], since: datetime) -> Iterator[Silence]:
    """What an alert of a rule keeps quiet while it fires; not its own kind, which the rule itself matches."""
    for number, each in enumerate(rule.inhibits):
        same = {name: labels.get(name, "") for name in each.equal}
        if all(same.values()):
            yield Silence(f"{INHIBITED}{alert_id}:{number}", {**each.match, **same}, since, _FOR_EVER, None, rule.match)


def wanted_deadlines(silence: Silence, now: datetime) -> list[WantedDeadline]:
    """When it begins and when it ends."""
    if silence.cancelled_at is not None:
        return []
    moments = [("begins", silence.starts_at)] if silence.starts_at > now else []
    return [WantedDeadline(TURNS, name, at) for name, at in [*moments, ("ends", silence.ends_at)]]
