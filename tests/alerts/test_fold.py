"""From many messages to few groups, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import ARRAY, Connection, Text, cast, column, func

from tests.alerts.night import DANA, Night, restrict, signal
from tocsin.alerts import queries
from tocsin.alerts.usecases import (
    ChangeSilence,
    CreateSilence,
    SnoozeGroup,
    cancel_silence,
    change_silence,
    claim_for_incident,
    create_silence,
    release_claims,
    snooze_group,
)
from tocsin.alerts.usecases.rows import latest_ids
from tocsin.clock import SimulatedClock
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity.actor import Actor, Right, person
from tocsin.store.columns import is_postgresql
from tocsin.store.database import Database


@pytest.fixture
def night(database: Database, clock: SimulatedClock) -> Night:
    return Night(database, clock)


def test_an_alert_opens_one_episode_in_one_group_and_somebody_looks(night: Night) -> None:
    night.send(signal(started_at=night.clock.now()))
    group = night.group()
    (alert,) = night.alerts()
    assert (alert.state, alert.group_id, alert.service) == ("firing", group.id, "checkout-api")
    assert (group.state, group.urgency, group.firing, group.total) == ("open", "page", 1, 1)
    assert group.why == "Pages the last resort, since there is no policy yet: no routing rule matches."
    assert night.owed() == ["look_at_group"]
    assert night.payloads("look_at_group") == [{"group_id": group.id}]


def test_what_is_sent_again_opens_nothing_and_nobody_looks_again(night: Night) -> None:
    first = signal(started_at=night.clock.now())
    night.send(first)
    night.owed()
    night.clock.advance(timedelta(hours=4))
    night.send(first, first)
    (alert,) = night.alerts()
    assert alert.received == 3
    assert alert.last_at == night.clock.now()
    assert night.owed() == []


def test_many_alerts_of_one_service_are_one_group_and_one_look(night: Night) -> None:
    night.send(*(signal(f"pod-{number}") for number in range(1000)))
    group = night.group()
    assert (group.firing, group.total, group.worse) == (1000, 1000, 0)
    assert night.owed() == ["look_at_group"]
    night.send(signal("pod-1001"))
    assert night.owed() == [], "one more of the same is no news"
    assert night.group().firing == 1001


def test_alerts_without_a_service_are_grouped_by_their_name(night: Night) -> None:
    night.send(
        signal("a", service=None, labels={"alertname": "DiskFull", "host": "a"}),
        signal("b", service=None, labels={"alertname": "DiskFull", "host": "b"}),
        signal("c", service=None, labels={"alertname": "ClockSkew"}),
    )
    assert sorted(group.firing for group in night.groups()) == [1, 2]


def test_the_sender_saying_info_is_recorded_and_pages_nobody(night: Night) -> None:
    night.send(signal(severity="info"))
    assert night.group().urgency == "record"
    assert night.owed() == []


@pytest.mark.parametrize(
    "worse",
    [signal("b", severity="critical"), signal("k", severity="critical")],
    ids=["another alert", "the same alert"],
)
def test_a_group_that_gets_worse_is_looked_at_again(night: Night, worse: object) -> None:
    night.send(signal())
    night.owed()
    night.send(worse)  # type: ignore[arg-type]
    assert (night.group().worse, night.group().severity) == (1, "critical")
    assert night.owed() == ["look_at_group"]


def test_a_group_resolves_with_its_last_alert_and_closes_after_the_flap_window(night: Night) -> None:
    night.send(signal("a"), signal("b"))
    night.owed()
    night.send(signal("a", "resolved"))
    assert night.group().state == "open"
    assert night.owed() == []
    night.send(signal("b", "resolved"))
    assert night.group().state == "closing"
    assert night.owed() == ["look_at_group"]
    assert night.wait(4.9) == []
    assert night.wait(0.2) == ["look_at_group"]
    assert night.group().state == "closed"
    assert night.waiting_deadlines() == {}


def test_firing_again_inside_the_flap_window_is_the_same_episode_and_group(night: Night) -> None:
    night.send(signal())
    night.send(signal(status="resolved"))
    night.owed()
    night.wait(3)
    night.send(signal())
    assert [alert.state for alert in night.alerts()] == ["firing"]
    assert (night.group().state, night.group().firing, night.group().total) == ("open", 1, 1)
    assert night.owed() == ["look_at_group"]
    assert night.wait(10) == [], "the flap deadline is gone"
    assert night.group().state == "open"


def test_firing_again_after_the_flap_window_is_a_new_episode_and_group(night: Night) -> None:
    night.send(signal())
    night.send(signal(status="resolved"))
    night.wait(6)
    night.send(signal())
    assert sorted(alert.state for alert in night.alerts()) == ["firing", "resolved"]
    assert sorted(group.state for group in night.groups("all")) == ["closed", "open"]


def test_a_late_firing_of_what_has_ended_changes_nothing_and_is_counted(night: Night) -> None:
    start = night.clock.now()
    night.send(signal(started_at=start))
    night.wait(5)
    night.send(signal(status="resolved", started_at=start, ended_at=night.clock.now()))
    night.wait(10)
    assert night.send(signal(started_at=start), signal(started_at=start + timedelta(minutes=5))) == 2
    assert night.groups() == []
    assert night.owed() == []


def test_an_end_that_overtakes_its_beginning_pages_nobody(night: Night) -> None:
    start = night.clock.now()
    assert night.send(signal(status="resolved", started_at=start, ended_at=start + timedelta(minutes=1))) == 1
    night.wait(2)
    assert night.send(signal(started_at=start)) == 1
    assert night.alerts() == []
    assert night.owed() == []


def test_an_end_without_an_episode_is_counted_and_nothing_more(night: Night) -> None:
    assert night.send(signal(status="resolved")) == 1
    assert night.groups("all") == []


def test_one_message_with_firing_and_resolved_alerts_is_taken_alert_by_alert(night: Night) -> None:
    night.send(signal("a"), signal("b"))
    night.send(signal("a", "resolved"), signal("b"), signal("c"))
    assert {alert.dedup_key: alert.state for alert in night.alerts()} == {"a": "resolved", "b": "firing", "c": "firing"}
    assert (night.group().firing, night.group().total) == (2, 3)


def test_one_batch_may_tell_a_whole_episode(night: Night) -> None:
    night.send(signal(), signal(status="resolved"), signal(), signal(status="resolved"))
    (alert,) = night.alerts()
    assert (alert.state, alert.received) == ("resolved", 4)
    assert (night.group().state, night.group().firing, night.group().total) == ("closing", 0, 1)


def test_two_writers_at_once_open_one_episode_and_one_group(night: Night) -> None:
    batches = [[signal(f"k{(number + shift) % 20}") for number in range(20)] for shift in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda batch: night.send(*batch), batches))
    assert len(night.alerts()) == 20
    assert {alert.received for alert in night.alerts()} == {8}
    assert (night.group().firing, night.group().total) == (20, 20)
    assert night.owed() == ["look_at_group"]


def test_a_routing_rule_decides_urgency_policy_group_and_flap_window(night: Night) -> None:
    night.organise(
        "routing", "db", order=1, match={"team": "data"}, policy="data", urgency="notify", group_by=["cluster"],
        flap_window="1m",
    )  # fmt: skip
    night.send(
        signal("a", labels={"team": "data", "cluster": "x"}), signal("b", labels={"team": "data", "cluster": "y"})
    )
    groups = night.groups()
    assert {(group.route, group.urgency, group.policy_id, group.flap_seconds) for group in groups} == {
        ("db", "notify", "data", 60)
    }
    assert len(groups) == 2
    assert groups[0].why == "Notifies by the policy 'data': the routing rule 'db' matches."


def test_a_rule_can_declare_and_does_so_once_for_a_group(night: Night) -> None:
    night.organise("routing", "declares", severity=["critical"], declare="sev2")
    night.send(signal(severity="critical"))
    night.send(signal("b", severity="critical"))
    assert night.owed() == ["declare_group", "look_at_group"]
    assert night.payloads("declare_group") == [{"group_id": night.group().id, "severity": "sev2"}]


def test_a_silenced_alert_declares_only_when_the_silence_is_over(night: Night) -> None:
    night.organise("routing", "declares", declare="sev2")
    command = CreateSilence({"service": "checkout-api"}, night.clock.now() + timedelta(hours=1), "maintenance")
    night.database.write(lambda c, now: create_silence(c, DANA, command, now))
    night.send(signal())
    assert "declare_group" not in night.owed()
    assert night.wait(60) == ["declare_group", "look_at_group"]


def test_a_group_wait_delays_the_look(night: Night) -> None:
    night.organise("routing", "patient", group_wait="2m")
    night.send(signal())
    assert night.owed() == []
    assert night.wait(2) == ["look_at_group"]


def test_a_new_group_on_a_service_that_an_incident_claims_joins_it_and_does_not_page(night: Night) -> None:
    night.database.write(lambda c, now: claim_for_incident(c, "inc", ["checkout-api"], [], now))
    night.send(signal())
    group = night.group()
    assert group.incident_id == "inc"
    assert group.why == "It does not page: it joined an open incident that already has checkout-api."
    assert night.owed() == ["incident_group"]
    assert night.payloads("incident_group") == [{"group_id": group.id, "incident_id": "inc"}]


def test_a_group_worse_than_what_its_incident_has_joins_it_and_pages(night: Night) -> None:
    night.send(signal("a", severity="warning"))
    first = night.group()
    night.database.write(lambda c, now: claim_for_incident(c, "inc", ["checkout-api"], [first.id], now))
    night.send(signal("a", "resolved"))
    night.wait(6)
    night.send(signal("b", severity="critical"))
    (second,) = night.groups()
    assert (second.incident_id, second.worse) == ("inc", 1)
    assert night.owed() == ["incident_group", "look_at_group"]


def test_the_same_group_again_joins_the_incident_that_had_it(night: Night) -> None:
    night.send(signal(service=None, labels={"alertname": "DiskFull"}))
    first = night.group()
    night.database.write(lambda c, now: claim_for_incident(c, "inc", [], [first.id], now))
    night.send(signal(status="resolved"))
    night.wait(6)
    night.send(signal(service=None, labels={"alertname": "DiskFull"}))
    assert [group.incident_id for group in night.groups()] == ["inc"]
    assert night.owed() == ["incident_group"]


def test_when_an_incident_lets_go_what_still_fires_is_looked_at(night: Night) -> None:
    night.database.write(lambda c, now: claim_for_incident(c, "inc", ["checkout-api"], [], now))
    night.send(signal())
    night.owed()
    night.database.write(lambda c, now: release_claims(c, "inc", now))
    assert night.owed() == ["look_at_group"]
    night.send(signal("other", service="search"))
    assert [group.incident_id for group in night.groups()].count(None) == 1


def test_changes_of_an_incidents_group_reach_it_at_most_once_a_minute_but_the_end_at_once(night: Night) -> None:
    night.database.write(lambda c, now: claim_for_incident(c, "inc", ["checkout-api"], [], now))
    night.send(signal("a"))
    assert night.owed() == ["incident_group"]
    night.send(signal("b"))
    night.send(signal("c"))
    assert night.owed() == []
    assert night.wait(1) == ["incident_group"]
    night.send(*(signal(key, "resolved") for key in "abc"))
    assert "incident_group" in night.owed()


def test_a_snoozed_group_is_looked_at_when_the_snooze_ends(night: Night) -> None:
    night.send(signal())
    night.owed()
    until = night.clock.now() + timedelta(hours=1)
    command = SnoozeGroup(night.group().id, until, "deploying the fix")
    night.database.write(lambda c, now: snooze_group(c, DANA, command, now))
    assert (night.group().snoozed_until, night.group().snoozed_by) == (until, "dana")
    assert night.owed() == ["look_at_group"]
    assert night.wait(59) == []
    assert night.wait(1) == ["look_at_group"]
    assert night.group().snoozed_until is None


def test_getting_worse_ends_a_snooze(night: Night) -> None:
    night.send(signal())
    command = SnoozeGroup(night.group().id, night.clock.now() + timedelta(hours=1))
    night.database.write(lambda c, now: snooze_group(c, DANA, command, now))
    night.send(signal("b", severity="critical"))
    assert night.group().snoozed_until is None
    assert night.waiting_deadlines() == {}


def test_a_snooze_needs_an_open_group_and_a_time_to_come(night: Night) -> None:
    hour = timedelta(hours=1)
    night.send(signal())
    id = night.group().id
    with pytest.raises(Invalid):
        night.database.write(lambda c, now: snooze_group(c, DANA, SnoozeGroup(id, now - hour), now))
    with pytest.raises(NotFound):
        night.database.write(lambda c, now: snooze_group(c, DANA, SnoozeGroup("nowhere", now + hour), now))
    night.send(signal(status="resolved"))
    night.wait(6)
    with pytest.raises(Conflict):
        night.database.write(lambda c, now: snooze_group(c, DANA, SnoozeGroup(id, now + hour), now))


def test_a_silence_keeps_matching_alerts_quiet_until_it_ends(night: Night) -> None:
    hour = timedelta(hours=1)
    command = CreateSilence({"service": "checkout-api"}, night.clock.now() + hour, "maintenance")
    night.database.write(lambda c, now: create_silence(c, DANA, command, now))
    night.send(signal(), signal("b", service="search"))
    quiet = next(group for group in night.groups() if group.is_silenced)
    assert quiet.services == ("checkout-api",)
    night.owed()
    assert night.wait(61) == ["look_at_group"]
    assert not any(group.is_silenced for group in night.groups())


def test_a_silence_covers_what_fires_already_and_cancelling_it_uncovers(night: Night) -> None:
    night.send(signal(labels={"host": "batch-03"}))
    night.owed()
    command = CreateSilence({"host": "batch-03"}, night.clock.now() + timedelta(hours=1), "cleanup running")
    silence = night.database.write(lambda c, now: create_silence(c, DANA, command, now))
    assert night.group().is_silenced
    shown = night.database.read(lambda c: queries.silences(c, DANA, night.clock.now()))
    assert [(view.covers, view.reason) for view in shown] == [(1, "cleanup running")]
    night.owed()
    night.database.write(lambda c, now: cancel_silence(c, DANA, silence.id, now))
    assert not night.group().is_silenced
    assert night.owed() == ["look_at_group"]


def test_a_silence_is_made_longer_or_shorter_while_it_holds(night: Night) -> None:
    begun, hour = night.clock.now(), timedelta(hours=1)
    night.send(signal())
    night.owed()
    command = CreateSilence({"service": "checkout-api"}, begun + hour, "migration")
    made = night.database.write(lambda c, now: create_silence(c, DANA, command, now))

    def change(ends_at: datetime, reason: str | None = None) -> None:
        asked = ChangeSilence(made.id, ends_at, reason)
        night.database.write(lambda c, now: change_silence(c, DANA, asked, now))

    change(begun + 2 * hour, "it takes longer")
    night.wait(61)
    assert night.group().is_silenced
    (shown,) = night.database.read(lambda c: queries.silences(c, DANA, night.clock.now()))
    assert (shown.ends_at, shown.reason) == (begun + 2 * hour, "it takes longer")
    change(begun + 1.5 * hour)
    night.wait(30)
    assert not night.group().is_silenced
    with pytest.raises(Conflict):
        change(begun + 3 * hour)


@pytest.mark.parametrize(("hours", "reason"), [(-1, None), (0, None), (24 * 91, None), (1, " ")])
def test_a_silence_is_changed_to_what_one_could_make(night: Night, hours: int, reason: str | None) -> None:
    command = CreateSilence({"service": "checkout-api"}, night.clock.now() + timedelta(hours=1), "migration")
    made = night.database.write(lambda c, now: create_silence(c, DANA, command, now))
    asked = ChangeSilence(made.id, night.clock.now() + timedelta(hours=hours), reason)
    with pytest.raises(Invalid):
        night.database.write(lambda c, now: change_silence(c, DANA, asked, now))
    nowhere = ChangeSilence("nowhere", night.clock.now() + timedelta(hours=2))
    with pytest.raises(NotFound):
        night.database.write(lambda c, now: change_silence(c, DANA, nowhere, now))


def test_a_silence_that_would_silence_everything_is_refused(night: Night) -> None:
    command = CreateSilence({}, night.clock.now() + timedelta(hours=1), "x")
    with pytest.raises(Invalid, match="at least one label"):
        night.database.write(lambda c, now: create_silence(c, DANA, command, now))


def test_lists_are_filtered_and_go_on_where_they_stopped(night: Night) -> None:
    for number in range(5):
        night.send(signal(f"k{number}", labels={"n": str(number), "quote": 'a"b'}, service=f"s{number}"))
        night.clock.advance(timedelta(seconds=1))
    first = night.database.read(lambda c: queries.alerts(c, DANA, limit=3))
    place = queries.place_of_alert(first[-1])
    rest = night.database.read(lambda c: queries.alerts(c, DANA, after=(str(place[0]), place[1])))
    assert [alert.dedup_key for alert in [*first, *rest]] == ["k4", "k3", "k2", "k1", "k0"]
    found = night.database.read(lambda c: queries.alerts(c, DANA, labels={"n": "2", "quote": 'a"b'}))
    assert [alert.dedup_key for alert in found] == ["k2"]
    assert night.database.read(lambda c: queries.alerts(c, DANA, labels={"n": ""})) == []
    assert [group.services for group in night.database.read(lambda c: queries.groups(c, DANA, service="s3"))] == [
        ("s3",)
    ]
    counts = night.database.read(lambda c: queries.counts(c, DANA, night.clock.now()))
    assert (counts.open_groups, counts.paging_groups, counts.firing_alerts, counts.alerts_last_hour) == (5, 5, 5, 5)


def test_what_hangs_on_a_restricted_incident_is_seen_by_its_members_alone(night: Night) -> None:
    night.send(signal("a"), signal("b", service="search"))
    secret = next(group for group in night.groups() if group.services == ("checkout-api",))
    restrict(night, "inc", "mara")
    night.database.write(lambda c, now: claim_for_incident(c, "inc", [], [secret.id], now))
    mara = person("mara", "Mara Lindqvist", Right.RESPONDER)
    hour = timedelta(hours=1)

    def seen(actor: Actor) -> tuple[int, int, int, bool]:
        return night.database.read(
            lambda c: (
                len(queries.groups(c, actor)),
                len(queries.alerts(c, actor)),
                queries.counts(c, actor, night.clock.now()).alerts_last_hour,
                queries.group(c, actor, secret.id) is not None,
            )
        )

    assert seen(mara) == (2, 2, 2, True)
    assert seen(DANA) == (1, 1, 1, False)
    with pytest.raises(NotFound):
        night.database.write(lambda c, now: snooze_group(c, DANA, SnoozeGroup(secret.id, now + hour), now))


def test_a_clock_that_stepped_back_hides_no_alert_that_fires(night: Night) -> None:
    night.send(signal())
    night.send(signal(status="resolved"))
    night.wait(10)
    night.clock.set(night.clock.now() - timedelta(hours=2))
    night.send(signal())
    assert night.send(signal()) == 0
    assert [alert.state for alert in night.alerts("firing")] == ["firing"]
    night.send(signal(status="resolved"))
    assert night.alerts("firing") == []


def test_the_look_for_known_episodes_uses_its_index(night: Night) -> None:
    night.send(*(signal(f"k{number}") for number in range(500)))

    def plan(connection: Connection) -> str:
        if is_postgresql(connection):
            keys = func.unnest(cast("{k1,k2}", ARRAY(Text))).table_valued(column("value", Text)).render_derived()
            connection.exec_driver_sql("SET enable_seqscan = off")
        else:
            keys = func.json_each('["k1", "k2"]').table_valued(column("value", Text))
        statement = latest_ids("prom", keys)
        explain = "EXPLAIN " if is_postgresql(connection) else "EXPLAIN QUERY PLAN "
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        return "\n".join(str(row) for row in connection.exec_driver_sql(explain + str(compiled)))

    found = night.database.read(plan)
    assert found.count("uq_alerts_episodes") == 2
    assert "SCAN alerts" not in found
    assert "Seq Scan on alerts" not in found


def test_a_storm_at_once_and_again_counts_each_alert_and_each_message(night: Night) -> None:
    storm = [
        signal(f"{service}-{number}", service=service, severity="warning" if number % 7 else "critical")
        for service in ("checkout-api", "search")
        for number in range(20)
    ]
    night.send(*storm, *storm[:5])
    night.clock.advance(timedelta(minutes=1))
    night.send(*storm)
    assert sorted((group.key, group.firing, group.loud, group.total, group.severity) for group in night.groups()) == [
        ('{"integration": "prometheus", "service": "checkout-api"}', 20, 20, 20, "critical"),
        ('{"integration": "prometheus", "service": "search"}', 20, 20, 20, "critical"),
    ]
    assert sorted(each.received for each in night.alerts()) == [2] * 35 + [3] * 5
    assert {each.last_at for each in night.alerts()} == {night.clock.now()}
