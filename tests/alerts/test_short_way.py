"""The short way of a plain alert comes to the same as the general rules: group, row and route."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alerts import alert as episodes
from tocsin.alerts import grouping
from tocsin.alerts.grouping import Firing, Group
from tocsin.alerts.queries.rows import opened_row, stored_row
from tocsin.alerts.routing import Router, described, route
from tocsin.intake.signal import SEVERITIES, IntegrationRef, Link, Signal
from tocsin.organisation.model.routing import RoutingRule
from tocsin.organisation.model.service import Service
from tocsin.organisation.snapshot import Organisation

NOW = datetime(2026, 11, 19, 14, 0, tzinfo=UTC)
SERVICES = (None, "checkout", "ledger")
words = st.sampled_from(["", "a", "b", "checkout", "æ 日"])
severities = st.sampled_from(SEVERITIES)
moments = st.none() | st.integers(-90, 90).map(lambda minutes: NOW + timedelta(minutes=minutes))
firings = st.builds(
    Firing, severities, st.sampled_from(["page", "notify", "record"]), st.sampled_from(SERVICES), st.booleans()
)
signals = st.builds(
    Signal,
    dedup_key=st.text(min_size=1, max_size=8),
    status=st.just("firing"),
    severity=severities,
    title=words,
    labels=st.dictionaries(st.sampled_from(["alertname", "team", "service", "env", "x"]), words, max_size=4),
    annotations=st.dictionaries(words, words, max_size=2),
    links=st.lists(st.builds(Link, words, words), max_size=2).map(tuple),
    service=st.sampled_from((*SERVICES, "unknown")),
    started_at=moments,
)
groups = st.builds(
    lambda severity, urgency, services, firing, loud, state: Group(
        id="g", route="default", key="k", title="t", state=state, urgency=urgency, severity=severity,
        services=tuple(services), policy_id=None, declare=None, incident_id=None, firing=firing, loud=min(loud, firing),
        total=firing, worse=0, flap_seconds=300, opened_at=NOW, changed_at=NOW, resolved_at=None, closed_at=None,
        snoozed_until=NOW + timedelta(hours=1), snoozed_by="dana", why=None,
    ),
    severities,
    st.sampled_from(["page", "notify", "record"]),
    st.sets(st.sampled_from(["checkout", "ledger"])),
    st.integers(1, 3),
    st.integers(0, 3),
    st.sampled_from(["open", "open", "closing"]),
)  # fmt: skip


@given(groups, st.lists(firings, min_size=1, max_size=6))
def test_alerts_that_only_join_change_a_group_as_the_rule_for_each_of_them_says(
    group: Group, some: list[Firing]
) -> None:
    later = NOW + timedelta(minutes=1)
    plain = [each for each in some if grouping.only_joins(group, each)]
    one_by_one = reduce(lambda grown, each: grouping.fires(grown, each, later, is_new=True), plain, group)
    if plain:
        assert grouping.joined(group, len(plain), sum(each.loud for each in plain), later) == one_by_one
    for each in some:
        if each not in plain:
            changed = grouping.fires(group, each, later, is_new=True)
            assert (
                changed.changes != {"counts"}
                or changed.services != group.services
                or group.state != "open"
                or (
                    changed.severity,
                    changed.urgency,
                )
                != (group.severity, group.urgency)
            ), "the short way turns away only what it must"


@given(signals, st.sampled_from(SERVICES), st.none() | st.just("silence-1"))
def test_a_new_alerts_row_is_the_same_by_the_short_way(
    signal: Signal, service: str | None, silence: str | None
) -> None:
    def instant(value: datetime | None) -> str | None:
        return value.isoformat() if value else None

    episode = episodes.opened(signal, "e", "i", service, NOW)
    whole = stored_row(replace(episode, group_id="g", silenced_by=silence), instant)
    assert opened_row(signal, "e", "i", service, "g", silence, instant(NOW), instant) == whole


rules = st.builds(
    RoutingRule,
    order=st.integers(0, 3),
    match=st.dictionaries(st.sampled_from(["team", "env", "severity", "service"]), words.filter(bool), max_size=2),
    match_regex=st.dictionaries(st.sampled_from(["alertname", "x"]), st.sampled_from(["a|b", ".*", ""]), max_size=1),
    severity=st.lists(severities, max_size=2, unique=True).map(tuple),
    integration=st.sampled_from([(), ("prometheus",), ("other",)]),
    service=st.sampled_from(SERVICES),
    urgency=st.sampled_from([None, "page", "notify", "record"]),
    group_by=st.none() | st.lists(st.sampled_from(["env", "x", "host"]), max_size=2, unique=True).map(tuple),
)


@given(st.lists(rules, max_size=3), st.lists(signals, min_size=1, max_size=8), st.sampled_from(SERVICES))
def test_what_is_remembered_of_routing_is_what_routing_would_say(
    some: list[RoutingRule], sent: list[Signal], own: str | None
) -> None:
    organisation = Organisation(
        routing={f"r{number}": rule for number, rule in enumerate(some)},
        services={
            "checkout": Service(name="Checkout", team="t", labels={"team": "a"}),
            "ledger": Service(name="Ledger", team="t", labels={"env": "b", "x": "a"}),
        },
    )
    at = datetime(2026, 11, 19, 14, tzinfo=UTC)
    router = Router(organisation, at)
    for integration in (IntegrationRef("p", "prometheus", "generic", own), IntegrationRef("o", "other", "generic")):
        for signal in sent * 2:
            told, anew = router.route(integration, signal), route(organisation, integration, signal, at)
            assert replace(told, labels={}) == replace(anew, labels={})
            assert described(integration, signal, told.service) == anew.labels


@given(signals, signals)
def test_a_message_only_repeats_an_alert_if_nothing_but_the_count_would_change(first: Signal, second: Signal) -> None:
    episode = episodes.opened(first, "id", "i1", None, NOW)
    later = NOW + timedelta(minutes=1)
    if episodes.repeats(episode, second):
        assert episodes.continued(episode, second, later) == replace(episode, last_at=later, received=2)
    assert episodes.repeats(episode, first)
    assert not episodes.repeats(episode, msgspec.structs.replace(first, title="another"))
    assert not episodes.repeats(replace(episode, state="resolved"), first)
