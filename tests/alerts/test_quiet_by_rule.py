"""Alerts that page nobody by a rule: maintenance hours, what a cause explains, and urgency by the hour."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.night import Night, signal
from tocsin import wallclock
from tocsin.alerts.routing import Router, route, urgency_of
from tocsin.alerts.silences import covers, inhibitions, is_in_force, maintenance
from tocsin.clock import SimulatedClock
from tocsin.intake.signal import IntegrationRef
from tocsin.organisation import hours
from tocsin.organisation.model.routing import Inhibition, RoutingRule, UrgencyHours
from tocsin.organisation.model.schedule import WEEKDAYS, Hours
from tocsin.organisation.model.service import Service
from tocsin.organisation.snapshot import Organisation
from tocsin.store.database import Database

ZONES = st.sampled_from(
    ["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia"]
)
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
HOURS = st.builds(Hours, begin=TIMES, end=TIMES, days=st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(tuple))
MOMENTS = st.integers(0, 12 * 366 * 24 * 60).map(
    lambda minutes: datetime(2019, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
URGENCIES = st.sampled_from(["page", "notify", "record"])
DURING = st.lists(st.builds(UrgencyHours, urgency=URGENCIES, hours=HOURS, time_zone=ZONES), max_size=3)


@pytest.fixture
def night(database: Database, clock: SimulatedClock) -> Night:
    return Night(database, clock)


def maintained(night: Night, begin: timedelta, length: timedelta, **more: object) -> None:
    """The service is worked on from so long after now, in whole minutes of UTC."""
    start = night.clock.now() + begin
    end = start + length
    span = {"begin": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
    night.organise(
        "service", "checkout-api", name="Checkout", team="t", maintenance=[{"name": "weekly", "hours": span, **more}]
    )
    night.write_alerting_changed()


def test_in_maintenance_hours_an_alert_is_kept_and_pages_nobody_until_they_end(night: Night) -> None:
    maintained(night, timedelta(), timedelta(hours=1))
    night.send(signal())
    assert "look_at_group" not in night.owed() or night.group().is_silenced
    assert night.group().is_silenced
    assert night.alerts()[0].silenced_by == "maintenance:checkout-api:weekly"
    assert "look_at_group" in night.wait(61), "what still fires is looked at when they end"
    assert not night.group().is_silenced


def test_what_fires_before_the_hours_begin_is_quiet_in_them(night: Night) -> None:
    maintained(night, timedelta(minutes=30), timedelta(hours=1))
    night.send(signal())
    assert not night.group().is_silenced
    night.wait(31)
    assert night.group().is_silenced
    night.wait(60)
    assert not night.group().is_silenced


def test_only_what_carries_the_labels_is_meant(night: Night) -> None:
    maintained(night, timedelta(), timedelta(hours=1), match={"kind": "batch"})
    night.send(signal("a", labels={"kind": "batch"}), signal("b", labels={"kind": "web"}))
    quiet = {each.dedup_key: each.silenced_by is not None for each in night.alerts()}
    assert quiet == {"a": True, "b": False}


def inhibiting(night: Night) -> None:
    night.organise(
        "routing",
        "dc-down",
        match={"alertname": "DatacentreDown"},
        inhibits=[{"match": {"kind": "host"}, "equal": ["dc"]}],
    )


CAUSE = {"alertname": "DatacentreDown", "dc": "ams", "kind": "dc"}


def test_while_the_cause_fires_what_it_explains_pages_nobody(night: Night) -> None:
    inhibiting(night)
    night.send(signal("cause", service=None, labels=CAUSE))
    night.owed()
    night.send(
        signal("near", service="a", labels={"kind": "host", "dc": "ams"}),
        signal("far", service="b", labels={"kind": "host", "dc": "lon"}),
    )
    night.owed()
    quiet = {each.dedup_key: each.silenced_by for each in night.alerts()}
    cause = next(each for each in night.alerts() if each.dedup_key == "cause")
    assert quiet == {"cause": None, "near": f"inhibited:{cause.id}:0", "far": None}
    night.send(signal("cause", "resolved", service=None, labels=CAUSE))
    assert "look_at_group" in night.owed(), "what still fires is looked at when the cause is gone"
    assert {each.silenced_by for each in night.alerts()} == {None}


def test_what_fired_before_its_cause_is_quieted_too(night: Night) -> None:
    inhibiting(night)
    night.send(signal("near", service="a", labels={"kind": "host", "dc": "ams"}))
    night.owed()
    night.send(signal("cause", service=None, labels=CAUSE))
    night.owed()
    assert {each.dedup_key for each in night.alerts() if each.silenced_by} == {"near"}


def test_a_second_cause_in_the_same_group_counts_as_well(night: Night) -> None:
    inhibiting(night)
    night.send(signal("cause-a", service=None, labels=CAUSE))
    night.owed()
    night.send(signal("cause-b", service=None, labels={**CAUSE, "dc": "lon"}))
    night.owed()
    night.send(signal("far", service="b", labels={"kind": "host", "dc": "lon"}))
    assert {each.dedup_key for each in night.alerts() if each.silenced_by} == {"far"}


def test_a_rule_pages_at_some_hours_and_raises_what_still_fires_when_they_come(night: Night) -> None:
    start = night.clock.now() + timedelta(minutes=30)
    span = {"begin": f"{start:%H:%M}", "end": f"{start + timedelta(hours=1):%H:%M}"}
    night.organise("routing", "office", urgency="notify", urgency_during=[{"urgency": "page", "hours": span}])
    night.send(signal())
    night.owed()
    assert night.group().urgency == "notify"
    assert "look_at_group" in night.wait(31)
    assert (night.group().urgency, night.group().worse) == ("page", 1)
    night.wait(60)
    assert night.group().urgency == "notify", "new alerts of the group do no more than notify again"
    assert night.group().worse == 1


@given(HOURS, ZONES, MOMENTS)
def test_nothing_turns_before_the_next_turn(span: Hours, zone: str, at: datetime) -> None:
    turn = hours.next_turn((span,), zone, at)
    now = hours.within((span,), zone, at)
    assert turn is not None
    for step in range(1, 40):
        between = at + (turn - at) * step / 40
        assert hours.within((span,), zone, between) == now
    assert hours.within((span,), zone, turn) == (not now) or span.begin == span.end or _touches(span, zone, turn)


def _touches(span: Hours, zone: str, turn: datetime) -> bool:
    """One day's hours end where another day's begin, or the clock leaves one of the two out."""
    wall = wallclock.to_wall(turn, wallclock.zone(zone)).time()
    return wall in (span.begin, span.end) or hours.within((span,), zone, turn - timedelta(seconds=1)) == hours.within(
        (span,), zone, turn
    )


@given(HOURS, ZONES, MOMENTS, st.integers(0, 7 * 24 * 60))
def test_maintenance_is_in_force_in_its_hours_alone(span: Hours, zone: str, at: datetime, later: int) -> None:
    service = Service(name="Ledger", team="t", maintenance=[{"name": "weekly", "hours": span, "time_zone": zone}])
    organisation = Organisation(services={"ledger": service})
    then = at + timedelta(minutes=later)
    covered = any(
        is_in_force(each, then) and covers(each, {"service": "ledger"}) for each in maintenance(organisation, at)
    )
    assert covered == hours.within((span,), zone, then)
    assert not any(covers(each, {"service": "other"}) for each in maintenance(organisation, at))


@given(DURING, MOMENTS, st.integers(0, 20 * 60))
def test_a_router_that_is_still_good_says_what_routing_says(
    during: list[UrgencyHours], at: datetime, later: int
) -> None:
    rule = RoutingRule(urgency="notify", urgency_during=during)
    organisation = Organisation(routing={"r": rule})
    router, then = Router(organisation, at), at + timedelta(minutes=later)
    sent, by = signal(), IntegrationRef("p", "prometheus", "generic")
    if router.is_good(organisation, then):
        assert router.route(by, sent).urgency == route(organisation, by, sent, then).urgency
    _, until = urgency_of(rule, "error", at)
    assert until == router.until


def test_a_cause_does_not_quiet_its_own_kind_nor_what_lacks_the_label() -> None:
    rule = RoutingRule(match={"kind": "host"}, inhibits=[Inhibition(match={"kind": "host"}, equal=("dc",))])
    now = datetime(2026, 11, 19, tzinfo=UTC)
    (made,) = inhibitions(rule, "id", {"kind": "host", "dc": "ams"}, now)
    assert not covers(made, {"kind": "host", "dc": "ams"})
    assert list(inhibitions(rule, "id", {"kind": "host"}, now)) == [], "what it has not, nothing else can share"
