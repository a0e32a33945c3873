"""What others than its sender call over: a person, or that nothing was heard of it; and what comes and goes."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerts.night import DANA, Night, restrict, signal
from tocsin.alerts import alert as rules
from tocsin.alerts import grouping
from tocsin.alerts.usecases import CreateSilence, ResolveGroup, create_silence, resolve_group, resolving
from tocsin.alerts.usecases.groups import claim_for_incident
from tocsin.clock import SimulatedClock
from tocsin.errors import Conflict, Forbidden, NotFound
from tocsin.identity.actor import Actor, Right, person
from tocsin.store.database import Database


@pytest.fixture
def night(database: Database, clock: SimulatedClock) -> Night:
    return Night(database, clock)


def call_over(night: Night, actor: Actor = DANA, group_id: str = "") -> None:
    command = ResolveGroup(group_id or night.groups("open")[0].id, "restarted by hand")
    night.database.write(lambda c, now: resolve_group(c, actor, command, now))


def test_a_person_calls_over_what_no_sender_ends(night: Night) -> None:
    night.send(signal("a"), signal("b"))
    night.owed()
    call_over(night)
    assert [(each.state, each.resolved_by) for each in night.alerts()] == [("resolved", "dana")] * 2
    assert (night.group().state, night.group().firing, night.group().loud) == ("closing", 0, 0)
    assert night.group().resolved_by == "dana"
    assert night.owed() == ["look_at_group"]
    assert night.wait(5.1) == ["look_at_group"], "closed after its flap window, as by a sender's word"
    assert night.group().state == "closed"
    assert night.waiting_deadlines() == {}


@pytest.mark.parametrize("claimed", [True, False], ids=["with its beginning", "without"])
def test_what_its_sender_says_afterwards_pages_again(night: Night, claimed: bool) -> None:
    start = night.clock.now() if claimed else None
    night.send(signal(started_at=start))
    night.wait(1)
    call_over(night)
    night.wait(6)
    assert night.send(signal(started_at=start)) == 0
    assert [each.state for each in night.groups("open")] == ["open"], "a new group, which pages"
    assert night.owed() == ["look_at_group"]


def test_said_again_in_the_flap_window_it_is_the_same_group(night: Night) -> None:
    start = night.clock.now()
    night.send(signal(started_at=start))
    night.wait(1)
    call_over(night)
    night.wait(2)
    night.send(signal(started_at=start))
    assert [(each.state, each.resolved_by) for each in night.alerts()] == [("firing", None)]
    assert (night.group().state, night.group().firing, night.group().resolved_by) == ("open", 1, None)
    night.wait(10)
    assert night.group().state == "open"


def test_once_its_sender_ends_it_too_a_late_message_is_late(night: Night) -> None:
    start = night.clock.now()
    night.send(signal(started_at=start))
    night.wait(1)
    call_over(night)
    night.send(signal(status="resolved", started_at=start, ended_at=night.clock.now()))
    assert night.send(signal(started_at=start)) == 1, "changes nothing"
    night.wait(6)
    assert night.group().state == "closed"


def test_a_late_end_of_an_episode_before_does_not_make_its_sender_agree(night: Night) -> None:
    start = night.clock.now()
    night.send(signal(started_at=start))
    night.wait(1)
    call_over(night)
    before = start - timedelta(hours=1)
    night.send(signal(status="resolved", started_at=before, ended_at=start - timedelta(minutes=30)))
    night.wait(6)
    assert night.send(signal(started_at=start)) == 0
    assert len(night.groups("open")) == 1, "it fires still, and pages"


def test_an_episode_before_the_one_called_over_stays_over(night: Night) -> None:
    start = night.clock.now()
    night.send(signal(started_at=start))
    call_over(night)
    assert night.send(signal(started_at=start - timedelta(hours=1))) == 1


def test_who_may_not_and_what_can_not(night: Night) -> None:
    night.send(signal())
    group = night.group().id
    with pytest.raises(Forbidden):
        call_over(night, person("vera", "Vera", Right.VIEWER), group)
    with pytest.raises(NotFound):
        call_over(night, DANA, "nowhere")
    call_over(night)
    with pytest.raises(Conflict):
        call_over(night, DANA, group)


def test_a_restricted_incidents_group_is_not_there_for_outsiders(night: Night) -> None:
    night.send(signal())
    group = night.group().id
    restrict(night, "secret", "kofi")
    night.database.write(lambda c, now: claim_for_incident(c, "secret", (), (group,), now))
    with pytest.raises(NotFound):
        call_over(night, DANA, group)
    call_over(night, person("kofi", "Kofi Mensah", Right.RESPONDER), group)
    assert night.owed().count("incident_group") == 1


def test_many_are_ended_in_several_transactions_and_what_is_new_meanwhile_fires_on(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "_AT_ONCE", 3)
    night.send(*(signal(f"k{number}") for number in range(10)))
    call_over(night)
    assert len(night.alerts("firing")) == 7
    night.clock.advance(timedelta(seconds=1))
    night.send(signal("new"))
    night.owed()
    assert [each.dedup_key for each in night.alerts("firing")] == ["new"]
    assert (night.group().state, night.group().firing, night.group().loud) == ("open", 1, 1)


def test_what_is_not_heard_of_for_so_long_is_over(night: Night) -> None:
    night.organise("routing", "mails", order=1, resolve_after="30m")
    night.send(signal("repeats"), signal("once"))
    for _ in range(4):
        night.wait(10)
        night.send(signal("repeats"))
    assert {each.dedup_key: (each.state, each.resolved_by) for each in night.alerts()} == {
        "repeats": ("firing", None),
        "once": ("resolved", rules.UNHEARD),
    }
    assert (night.group().state, night.group().firing) == ("open", 1)
    night.wait(29)
    assert night.group().state == "open", "last heard of 29 minutes ago"
    assert "look_at_group" in night.wait(1.1)
    assert (night.group().state, night.group().resolved_by) == ("closing", rules.UNHEARD)
    night.wait(5.1)
    assert night.group().state == "closed"
    assert night.waiting_deadlines() == {}
    night.send(signal("repeats"))
    assert len(night.groups("open")) == 1, "and then it pages anew"


def silence(night: Night, host: str) -> None:
    until = night.clock.now() + timedelta(hours=9)
    command = CreateSilence(match={"host": host}, ends_at=until, reason="being repaired")
    night.database.write(lambda c, now: create_silence(c, DANA, command, now))


def test_what_no_silence_covers_goes_on_paging_when_a_silenced_one_is_over(night: Night) -> None:
    night.organise("routing", "mails", order=1, resolve_after="30m")
    silence(night, "db-1")
    night.send(signal("quiet", labels={"host": "db-1"}), signal("loud", labels={"host": "db-2"}))
    assert (night.group().firing, night.group().loud) == (2, 1)
    night.wait(20)
    night.send(signal("loud", labels={"host": "db-2"}))
    night.wait(11)
    assert (night.group().firing, night.group().loud) == (1, 1)


def test_when_only_silenced_ones_are_left_its_page_is_looked_at(night: Night) -> None:
    silence(night, "db-1")
    night.send(signal("quiet", labels={"host": "db-1"}), signal("loud", labels={"host": "db-2"}))
    night.owed()
    night.send(signal("loud", status="resolved"))
    assert (night.group().state, night.group().is_silenced) == ("open", True)
    assert night.owed() == ["look_at_group"]


def test_unheard_ones_are_ended_a_few_at_a_time(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "_AT_ONCE", 3)
    night.organise("routing", "mails", order=1, resolve_after="30m")
    night.send(*(signal(f"k{number}") for number in range(10)))
    night.wait(30)
    for _ in range(4):
        night.wait(0.1)
    assert night.alerts("firing") == []
    assert (night.group().state, night.group().total) == ("closing", 10)


def test_firing_again_in_the_flap_window_waits_anew(night: Night) -> None:
    night.organise("routing", "mails", order=1, resolve_after="30m")
    night.send(signal())
    night.wait(29)
    night.send(signal(status="resolved"))
    night.wait(2)
    night.send(signal())
    night.wait(20)
    assert night.group().state == "open"
    night.wait(10.1)
    assert night.group().state == "closing"


def test_without_such_a_rule_it_fires_until_it_is_ended(night: Night) -> None:
    night.send(signal())
    night.wait(60 * 24 * 30)
    assert night.group().state == "open"


def flap(night: Night, times: int, minutes: float = 6) -> None:
    for _ in range(times):
        night.send(signal())
        night.wait(1)
        night.send(signal(status="resolved"))
        night.wait(minutes)


def test_what_comes_and_goes_is_one_group_from_the_fourth_time_on(night: Night) -> None:
    flap(night, 3)
    assert [each.flap_window for each in night.groups("closed")] == [timedelta(minutes=5)] * 3
    flap(night, 10, minutes=20)
    assert len(night.groups("all")) == 4
    (last,) = night.groups()
    assert last.flap_window == timedelta(minutes=30)
    assert "It comes and goes: it is over once it has stayed away for 30 minutes." in (last.why or "")
    night.wait(30)
    assert night.groups() == []
    night.wait(60)
    flap(night, 1)
    assert next(each.flap_window for each in night.groups("closed")) == timedelta(minutes=5), (
        "an hour later it is forgotten"
    )


def test_a_rule_without_a_flap_window_wants_each_time(night: Night) -> None:
    night.organise("routing", "each", order=1, flap_window="0s")
    flap(night, 6, minutes=2)
    assert len(night.groups("closed")) == 6


@given(st.timedeltas(timedelta(), timedelta(hours=24)), st.integers(0, 20))
def test_a_flap_window_is_never_shortened(asked: timedelta, often: int) -> None:
    window = grouping.flap_window(asked, often)
    assert window >= asked
    assert (window == asked) or (asked and often >= 3 and window == timedelta(minutes=30))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("firing"), st.integers(0, 2)),
        st.tuples(st.just("resolved"), st.integers(0, 2)),
        st.tuples(st.just("over"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=30)
@given(steps=STEPS)
def test_a_groups_counts_are_those_of_its_alerts_whatever_happens(night: Night, steps: list[tuple[str, int]]) -> None:
    """One night for all examples: what an earlier one left is as good a beginning as any."""
    if not night.organised:
        night.organise("routing", "mails", order=1, resolve_after="30m")
    for what, value in steps:
        if what == "wait":
            night.wait(value)
        elif what == "over":
            for group in night.groups("open"):
                call_over(night, DANA, group.id)
        else:
            night.send(signal(f"k{value}", what))
        alerts = night.alerts()
        for group in night.groups():
            firing = [each for each in alerts if each.group_id == group.id and each.state == "firing"]
            assert (group.firing, group.loud) == (len(firing), len(firing))
            assert (group.state == "open") == bool(firing)
            assert group.state == "closing" or group.resolved_by is None
