"""Gates say what is missing, open by themselves when nothing is, and checklists tick themselves from facts."""

from tests.runbook.story import Story, declared, minutes
from tocsin.runbook.bundle import default_bundle
from tocsin.runbook.checklist import first_five
from tocsin.runbook.gates import following, missing, opens_by_itself
from tocsin.runbook.required_roles import required_roles
from tocsin.timeline.facts.incidents import ChannelOpened, ChecklistTicked, PhaseChanged, RoleAssigned
from tocsin.timeline.facts.mitigation import DecisionOpened, DeploysHeld
from tocsin.timeline.facts.recovery import (
    Attested,
    CheckDefined,
    CheckSpec,
    GateOverridden,
    HoldPassed,
    VerdictChanged,
    WatchPassed,
)

RUNBOOK = default_bundle().base


def moved(story: Story, minute: float, phase: str) -> None:
    story.at(minute, PhaseChanged.model_validate({"phase": phase, "previous": story.state.incident.phase}))


def test_a_whole_way_through_the_gates() -> None:
    story = Story()
    story.at(0, declared(2))
    assert opens_by_itself(story.state, RUNBOOK) == "triage"
    moved(story, 0, "triage")
    assert [each.sentence for each in missing(story.state, RUNBOOK, "mitigating")] == [
        "No mitigating action has begun."
    ]
    story.at(3, DecisionOpened(decision_id="d", command="x", expected="y", started_at=minutes(3)))
    assert opens_by_itself(story.state, RUNBOOK) == "mitigating"
    moved(story, 3, "mitigating")
    assert "no recovery criteria" in missing(story.state, RUNBOOK, "restoring")[0].sentence
    story.at(4, CheckDefined(check=CheckSpec(id="a", name="Errors", kind="promql", query="x")))
    story.at(4, VerdictChanged(check_id="a", verdict="no_data"))
    assert missing(story.state, RUNBOOK, "restoring")[0].sentence == "Errors has no data."
    assert opens_by_itself(story.state, RUNBOOK) is None
    story.at(5, VerdictChanged(check_id="a", verdict="pass"))
    assert opens_by_itself(story.state, RUNBOOK) == "restoring"
    moved(story, 5, "restoring")
    assert [each.need for each in missing(story.state, RUNBOOK, "watching")] == ["hold"]
    assert missing(story.state, RUNBOOK, "watching")[0].section == "8.1"
    story.at(15, HoldPassed())
    assert opens_by_itself(story.state, RUNBOOK) == "watching"
    moved(story, 15, "watching")
    assert [each.need for each in missing(story.state, RUNBOOK, "resolved")] == ["watch", "confirmed"]
    story.at(60, WatchPassed())
    assert opens_by_itself(story.state, RUNBOOK) is None
    assert missing(story.state, RUNBOOK, "resolved", confirmed=True) == ()


def test_a_persons_word_counts_as_a_criterion() -> None:
    story = Story()
    story.at(0, declared(2))
    moved(story, 1, "mitigating")
    story.at(2, CheckDefined(check=CheckSpec(id="w", name="Works", kind="person", query="?")))
    assert missing(story.state, RUNBOOK, "restoring")
    story.at(3, Attested(check_id="w", verdict="pass"))
    assert missing(story.state, RUNBOOK, "restoring") == ()


def test_an_override_opens_its_gate_for_this_time_only() -> None:
    story = Story()
    story.at(0, declared(2))
    moved(story, 1, "mitigating")
    story.at(2, GateOverridden(gate="restoring", missing=("criteria_pass",), reason="Prometheus is down."))
    assert opens_by_itself(story.state, RUNBOOK) == "restoring"
    moved(story, 3, "restoring")
    moved(story, 9, "mitigating")
    assert missing(story.state, RUNBOOK, "restoring")


def test_without_a_review_to_hold_closed_follows_resolved() -> None:
    for severity, phase in ((2, "review"), (3, "closed")):
        story = Story()
        story.at(0, declared(severity))
        moved(story, 1, "resolved")
        assert following(story.state, RUNBOOK) == phase
        assert opens_by_itself(story.state, RUNBOOK) is None
        assert bool(missing(story.state, RUNBOOK, "review")) is (severity == 2)


def test_the_checklist_ticks_itself_from_facts_in_the_runbooks_order() -> None:
    story = Story()
    story.at(0, declared(2, first_paged_at=minutes(-1)))
    steps = {step.id: step for step in first_five(story.state, RUNBOOK)}
    assert list(steps) == ["acknowledged", "paged", "commander", "severity", "channel", "held", "flag", "timeline"]
    assert [name for name, step in steps.items() if step.done] == ["paged", "severity", "timeline"]
    assert steps["paged"].at == minutes(-1)
    story.at(1, ChannelOpened(channel="room", name="#inc-147"))
    story.at(2, DeploysHeld(services=("checkout-api",)))
    story.at(3, RoleAssigned(role="commander", person="dana"))
    story.at(4, ChecklistTicked(step="flag"))
    steps = {step.id: step for step in first_five(story.state, RUNBOOK)}
    assert [name for name, step in steps.items() if not step.done] == ["acknowledged"]
    assert (steps["held"].at, steps["held"].by) == (minutes(2), "Dana Okafor")
    assert steps["flag"].section == "3.3"


def test_required_roles_name_their_holders_and_where_to_find_one() -> None:
    story = Story()
    story.at(0, declared(1))
    story.at(1, RoleAssigned(role="commander", person="dana"))
    roles = {each.role: each for each in required_roles(story.state, RUNBOOK)}
    assert list(roles) == ["commander", "communications"]
    assert (roles["commander"].holder, roles["commander"].empty_since) == ("dana", None)
    assert roles["communications"].empty_since == minutes(0)
    assert roles["communications"].fill[0].name == "communications"
