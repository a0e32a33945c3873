"""What happens when: the interpreter is pure, total and says the same each time."""

from hypothesis import given, settings

from tests.runbook.random_facts import stories
from tests.runbook.story import Story, declared
from tocsin.runbook.bundle import Bundle, default_bundle, default_text
from tocsin.runbook.effects import EFFECTS
from tocsin.runbook.interpret import OwedEffect, RuleFailure, effects, render
from tocsin.timeline.facts.comms import EscalationAnswered
from tocsin.timeline.facts.incidents import PhaseChanged, RoleAssigned, SeverityChanged
from tocsin.timeline.facts.mitigation import DeploysHeld
from tocsin.timeline.facts.recovery import RegressionFound

BUNDLE = default_bundle()


def happens(story: Story, bundle: Bundle = BUNDLE) -> list[str]:
    """What the last entry makes happen, as words."""
    found = []
    for outcome in effects(story.state, story.entries[-1], bundle):
        assert isinstance(outcome, OwedEffect), outcome
        effect = outcome.effect
        named = [getattr(effect, name, None) for name in ("role", "team", "answer", "scope")]
        found.append(" ".join([effect.kind, *(str(each) for each in named if each)]))
    return found


def test_declaring_sev1_pages_opens_holds_captures_and_asks() -> None:
    story = Story()
    story.at(0, declared(1))
    assert happens(story) == [
        "page_role commander",
        "page_role communications",
        "open_channel",
        "freeze affected",
        "capture operations",
        "require data_or_auth",
    ]


def test_declaring_sev3_pages_the_commander_and_opens_the_channel_only() -> None:
    story = Story()
    story.at(0, declared(3))
    assert happens(story) == ["page_role commander", "open_channel"]


def test_raising_the_severity_catches_up_with_what_is_missing() -> None:
    story = Story()
    story.at(0, declared(3))
    story.at(1, RoleAssigned(role="communications", person="ines"))
    story.at(2, SeverityChanged(severity=2, previous=3))
    assert happens(story) == ["freeze affected", "require data_or_auth"]


def test_data_or_auth_pages_security_and_legal_by_answer_and_by_label() -> None:
    story = Story()
    story.at(0, declared(3, labels={"category": "auth"}))
    assert happens(story)[-2:] == ["page_team security", "page_team legal"]
    other = Story()
    other.at(0, declared(3))
    other.at(1, EscalationAnswered(question="data_or_auth", answer=False))
    assert happens(other) == []
    other.at(2, EscalationAnswered(question="data_or_auth", answer=True))
    assert happens(other) == ["page_team security", "page_team legal"]


def test_a_regression_pages_and_resolving_releases_and_schedules() -> None:
    story = Story()
    story.at(0, declared(2))
    story.at(1, DeploysHeld(services=("checkout-api",)))
    story.at(2, RegressionFound(checks=("errors",)))
    assert happens(story) == ["page_role commander", "page_role operations", "post"]
    story.at(3, PhaseChanged(phase="resolved", previous="watching"))
    assert happens(story) == ["thaw", "schedule_review", "draft_postmortem"]


def test_each_effect_has_a_key_of_its_own_and_knows_its_line() -> None:
    story = Story()
    story.at(0, declared(1))
    outcomes = effects(story.state, story.entries[0], BUNDLE)
    keys = [outcome.key for outcome in outcomes if isinstance(outcome, OwedEffect)]
    assert keys[0] == "i1:1:page-commander:0"
    assert len(set(keys)) == len(keys)
    assert [outcome.section for outcome in outcomes][:1] == ["3.1"]


def test_effects_travel_as_json() -> None:
    story = Story()
    story.at(0, declared(1, labels={"data": "true"}))
    story.at(1, PhaseChanged(phase="resolved", previous="watching"))
    for entry in story.entries:
        for outcome in effects(story.state, entry, BUNDLE):
            assert type(outcome).model_validate_json(outcome.model_dump_json()) == outcome


def test_a_rule_that_fails_is_told_and_stops_no_other() -> None:
    text = default_text().replace(
        "on: declared\n    do: [open_channel]", "on: declared\n    if: phase > 3\n    do: [open_channel]"
    )
    bundle = Bundle.of(text)
    story = Story()
    story.at(0, declared(3))
    outcomes = effects(story.state, story.entries[0], bundle)
    (failed,) = [outcome for outcome in outcomes if isinstance(outcome, RuleFailure)]
    assert (failed.rule, failed.error) == ("open-channel", "'>' compares numbers only")
    assert [outcome.rule for outcome in outcomes if isinstance(outcome, OwedEffect)] == ["page-commander"]


def test_a_services_rule_acts_only_where_the_service_is_hit() -> None:
    own = "## X\n\n```yaml tocsin\nrules: {call-dba: {on: declared, do: [{page_team: database}]}}\n```\n"
    bundle = Bundle.of(default_text(), {"checkout-api": own})
    story, other = Story(), Story()
    story.at(0, declared(3))
    other.at(0, declared(3, services=("cart",)))
    assert happens(story, bundle)[-1] == "page_team database"
    assert "page_team database" not in happens(other, bundle)


def test_an_incident_keeps_the_version_that_it_was_declared_under() -> None:
    bundle = Bundle.of(default_text(), {"cart": "## X\n"})
    again = Bundle.from_text(bundle.to_text())
    assert again.digest == bundle.digest
    assert again == bundle
    joined = bundle.with_service("checkout-api", "## Y\n")
    assert joined.digest != bundle.digest
    assert set(joined.services) == {"cart", "checkout-api"}


def test_messages_are_filled_in_once_and_with_words_from_the_state_taken_literally() -> None:
    story = Story()
    story.at(0, declared(2, title="{severity} and {number}"))
    assert render("{number} {title}: {severity}, {services} {else}", story.state) == (
        "INC-147 {severity} and {number}: Sev2, checkout-api {else}"
    )


def test_every_kind_of_effect_can_be_written_in_a_block() -> None:
    assert set(EFFECTS) >= {"page_role", "page_team", "open_channel", "freeze", "thaw", "capture", "require"}


@settings(max_examples=200, deadline=None)
@given(stories())
def test_interpreting_any_history_never_raises_and_is_the_same_each_time(story: Story) -> None:
    for entry in story.entries:
        first = effects(story.state, entry, BUNDLE)
        assert first == effects(story.state, entry, BUNDLE)
        keys = [outcome.key for outcome in first if isinstance(outcome, OwedEffect)]
        assert len(set(keys)) == len(keys)
