"""Clocks are derived from what happened; a fired one is never wanted again; none is forgotten."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings

from tests.runbook.random_facts import stories
from tests.runbook.story import Story, declared, minutes
from tocsin.engine.deadlines import Stored, compare
from tocsin.runbook.bundle import default_bundle
from tocsin.runbook.clocks import RECORDS, Clock, clocks, find_clock, wanted
from tocsin.runbook.night import fired
from tocsin.timeline.facts.comms import UpdateMissed, UpdatePosted, VendorEngaged, VendorNoted
from tocsin.timeline.facts.incidents import (
    Asked,
    Cancelled,
    PhaseChanged,
    Reminded,
    RoleAssigned,
    RoleReleased,
    RoleShouted,
    SeverityChanged,
)
from tocsin.timeline.facts.mitigation import DecisionClosed, DecisionExtended, DecisionOpened
from tocsin.timeline.facts.recovery import HoldStarted, WatchPaused, WatchResumed, WatchStarted
from tocsin.timeline.facts.review import FollowupAdded, FollowupChanged, PostmortemPublished, ReviewScheduled

BUNDLE = default_bundle()


def running(story: Story) -> dict[str, Clock]:
    """The clocks that run, by key."""
    return {clock.key: clock for clock in clocks(story.state, BUNDLE, minutes(0))}


def of_kind(story: Story, kind: str) -> list[datetime]:
    """When the clocks of a kind are due."""
    return [clock.due_at for clock in clocks(story.state, BUNDLE, minutes(0)) if clock.kind == kind]


def update(name: str, audience: str = "internal", next_at: datetime | None = None) -> UpdatePosted:
    return UpdatePosted.model_validate(
        {"update_id": name, "audience": audience, "known": "a", "doing": "b", "next": "c", "next_at": next_at}
    )


def test_an_incident_that_does_not_exist_yet_has_no_clock() -> None:
    assert clocks(Story().state, BUNDLE, minutes(0)) == []


@pytest.mark.parametrize(("severity", "external"), [(1, [30.0]), (2, [60.0]), (3, [])])
def test_updates_are_due_as_the_severity_says(severity: int, external: list[float]) -> None:
    story = Story()
    story.at(0, declared(severity))
    due = {clock.payload["audience"]: clock for clock in running(story).values() if clock.kind == "update.due"}
    assert due["internal"].due_at == minutes(15)
    assert [due["external"].due_at] == [minutes(at) for at in external] if external else "external" not in due
    assert due["internal"].section == "5.1"
    assert due["internal"].role == "communications"


def test_communications_is_nudged_three_minutes_before() -> None:
    story = Story()
    story.at(0, declared(2))
    assert minutes(12) in of_kind(story, "update.nudge")


def test_a_posted_update_starts_the_next_interval() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(9, update("u1"))
    assert of_kind(story, "update.due") == [minutes(24)]


def test_a_promised_earlier_time_holds_and_a_later_one_does_not() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(9, update("u1", next_at=minutes(14)))
    assert of_kind(story, "update.due") == [minutes(14)]
    story.at(13, update("u2", next_at=minutes(60)))
    assert of_kind(story, "update.due") == [minutes(28)]


def test_a_missed_update_is_late_once_then_the_commander_hears_and_the_cadence_goes_on() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(15, UpdateMissed(audience="internal", due_at=minutes(15)))
    assert of_kind(story, "update.commander") == [minutes(17)]
    assert of_kind(story, "update.due") == [minutes(30)]


def test_after_two_hours_away_one_miss_is_recorded_and_the_next_counts_from_then() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(135, UpdateMissed(audience="internal", due_at=minutes(15)))
    assert of_kind(story, "update.due") == [minutes(150)]


def test_a_raised_severity_shortens_the_clock_but_never_makes_it_late_at_once() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(100, update("u1"))
    story.at(110, SeverityChanged(severity=1, previous=3))
    external = [
        c for c in running(story).values() if c.payload.get("audience") == "external" and c.kind == "update.due"
    ]
    assert [clock.due_at for clock in external] == [minutes(140)]
    assert of_kind(story, "update.due") == [minutes(115), minutes(140)]


def test_the_first_five_minutes_count_from_the_first_page() -> None:
    story = Story()
    story.at(0, declared(2, first_paged_at=minutes(-2)))
    assert of_kind(story, "first_five.end") == [minutes(3)]


def test_an_empty_role_is_asked_for_until_somebody_has_it_and_again_when_released() -> None:
    story = Story()
    story.at(0, declared(3))
    (first,) = [clock for clock in running(story).values() if clock.kind == "role.empty"]
    assert (first.role, first.due_at, first.payload["count"]) == ("commander", minutes(3), 1)
    story.at(3, RoleShouted(role="commander", count=1))
    assert of_kind(story, "role.empty") == [minutes(13)]
    story.at(5, RoleAssigned(role="commander", person="dana"))
    assert of_kind(story, "role.empty") == []
    story.at(20, RoleReleased(role="commander", person="dana"))
    assert of_kind(story, "role.empty") == [minutes(23)]


def test_ops_is_needed_from_triage_on_and_an_expert_for_each_failing_service() -> None:
    story = Story()
    story.at(0, declared(1, services=("checkout-api", "cart")))
    roles = {clock.role for clock in running(story).values() if clock.kind == "role.empty"}
    assert roles == {"commander", "communications"}
    story.at(1, PhaseChanged(phase="triage", previous="declared"))
    story.at(2, PhaseChanged(phase="mitigating", previous="triage"))
    roles = {clock.role for clock in running(story).values() if clock.kind == "role.empty"}
    assert roles == {"commander", "communications", "operations", "expert:checkout-api", "expert:cart"}


def _decision(by: datetime | None) -> DecisionOpened:
    return DecisionOpened(decision_id="d", command="x", expected="y", started_at=minutes(1), expected_by=by)


def test_the_result_of_a_decision_is_asked_for_and_more_time_moves_it() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(1, _decision(minutes(6)))
    assert of_kind(story, "decision.due") == [minutes(6)]
    story.at(5, DecisionExtended(decision_id="d", expected_by=minutes(9)))
    assert of_kind(story, "decision.due") == [minutes(9)]
    story.at(8, DecisionClosed(decision_id="d", actual="z", matched="no_match"))
    assert of_kind(story, "decision.due") == []


def test_a_decision_without_a_time_is_asked_after_ten_minutes() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(1, _decision(None))
    assert of_kind(story, "decision.due") == [minutes(11)]


def test_a_vendor_has_its_own_clock_until_it_answers() -> None:
    story = Story()
    story.at(0, declared(1))
    story.at(2, VendorEngaged(engagement_id="v", vendor="payco"))
    assert of_kind(story, "vendor.due") == [minutes(32)]
    story.at(9, VendorNoted(engagement_id="v", state="answered", text="They look."))
    assert of_kind(story, "vendor.due") == []


def test_an_unanswered_question_is_asked_again_from_when_it_was_last_asked() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(1, Asked(question="vendor", text="?"))
    (clock,) = [clock for clock in running(story).values() if clock.kind == "question.unanswered"]
    assert clock.due_at == minutes(6)
    story.at(40, Reminded(what=clock.key, text="?"))
    assert of_kind(story, "question.unanswered") == [minutes(45)]


def test_a_paused_watch_goes_on_with_what_it_had_counted() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(1, HoldStarted(seconds=600))
    assert of_kind(story, "recovery.hold") == [minutes(11)]
    story.at(11, PhaseChanged(phase="watching", previous="restoring"))
    story.at(11, WatchStarted(seconds=2700))
    assert of_kind(story, "recovery.watch") == [minutes(56)]
    story.at(21, WatchPaused(counted_seconds=600, why="no data"))
    assert of_kind(story, "recovery.watch") == []
    story.at(31, WatchResumed(counted_seconds=600))
    assert of_kind(story, "recovery.watch") == [minutes(66)]


def test_the_postmortem_and_follow_ups_have_clocks_after_the_end() -> None:
    story = Story()
    story.at(0, declared(2))
    story.at(60, PhaseChanged(phase="resolved", previous="watching"))
    story.at(60, ReviewScheduled(due_at=minutes(60) + timedelta(hours=48)))
    assert of_kind(story, "postmortem.due") == [minutes(60) + timedelta(hours=48)]
    assert of_kind(story, "review.soon") == [minutes(60) + timedelta(hours=44)]
    assert of_kind(story, "update.due") == []
    due = minutes(0) + timedelta(days=9)
    story.at(90, FollowupAdded(followup_id="f", what="tests", title="t", owner="dana", due_at=due))
    story.at(95, PostmortemPublished())
    story.at(96, PhaseChanged(phase="closed", previous="review"))
    assert of_kind(story, "postmortem.due") == []
    assert of_kind(story, "followup.due") == [due]
    assert of_kind(story, "followup.soon") == [due - timedelta(days=2)]
    story.at(99, FollowupChanged(followup_id="f", state="done"))
    assert running(story) == {}


def test_a_cancelled_incident_has_no_clock() -> None:
    story = Story()
    story.at(0, declared(1))
    story.at(1, _decision(None))
    story.at(2, Cancelled(reason="false alarm"))
    assert running(story) == {}


def test_every_deadline_carries_what_its_handler_needs_in_json_types() -> None:
    story = Story()
    story.at(0, declared(1))
    for deadline in wanted(story.state, BUNDLE, minutes(0)):
        assert deadline.payload["key"] == deadline.key
        assert all(isinstance(value, (str, int)) for value in deadline.payload.values())
        found = find_clock(story.state, BUNDLE, minutes(0), deadline.kind, deadline.key)
        assert found is not None
        assert found.due_at == deadline.due_at


@settings(max_examples=250, deadline=None)
@given(stories())
def test_a_fired_clock_is_never_wanted_again(story: Story) -> None:
    for clock in clocks(story.state, BUNDLE, minutes(0)):
        fact = fired(clock, story.state, BUNDLE)
        assert fact is not None
        assert fact.kind == RECORDS[clock.kind]
        again = Story()
        again.state, again.entries = story.state, list(story.entries)
        late = max(clock.due_at, story.entries[-1].happened_at)
        again.at((late - minutes(0)).total_seconds() / 60, fact)
        names = {(each.kind, each.key) for each in clocks(again.state, BUNDLE, minutes(0))}
        assert (clock.kind, clock.key) not in names


@settings(max_examples=150, deadline=None)
@given(stories())
def test_clocks_do_not_depend_on_now_and_each_has_one_name(story: Story) -> None:
    first = wanted(story.state, BUNDLE, minutes(0))
    assert wanted(story.state, BUNDLE, minutes(9999)) == first
    names = [(deadline.kind, deadline.key) for deadline in first]
    assert len(set(names)) == len(names)


@settings(max_examples=150, deadline=None)
@given(stories(), stories())
def test_what_is_stored_becomes_what_is_wanted_and_a_fired_row_stays_fired(before: Story, after: Story) -> None:
    old = wanted(before.state, BUNDLE, minutes(0))
    rows = [
        Stored(
            id=str(number), kind=each.kind, key=each.key, due_at=each.due_at, state="waiting" if number % 2 else "fired"
        )
        for number, each in enumerate(old)
    ]
    new = wanted(after.state, BUNDLE, minutes(0))
    changes = compare(new, rows)
    kept = {(row.kind, row.key): row.due_at for row in rows if row.state == "waiting" and row.id not in changes.drop}
    kept |= {(each.kind, each.key): each.due_at for _, each in changes.move}
    kept |= {(each.kind, each.key): each.due_at for each in changes.add}
    gone = {(row.kind, row.key) for row in rows if row.state == "fired"}
    assert kept == {(each.kind, each.key): each.due_at for each in new if (each.kind, each.key) not in gone}
