"""The pure rules of an incident: roles, severity, phases, checklist, corrections, merging, the document."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.incidents.building import DANA, KOFI, RUNBOOK, T0, after, declared, entry, incident, name_of
from tocsin.errors import Conflict, Forbidden, Invalid
from tocsin.incidents import checklist, decide, document, phases, roles, severity, wording
from tocsin.timeline.facts.incidents import (
    ChannelOpened,
    Corrected,
    HandoverOffered,
    Noted,
    PhaseChanged,
    RestrictionChanged,
    RoleAssigned,
)
from tocsin.timeline.facts.mitigation import DecisionOpened, FlagAnswered
from tocsin.timeline.facts.recovery import GateOverridden
from tocsin.timeline.facts.triage import SymptomAdded
from tocsin.timeline.state import IncidentState

IC = RoleAssigned(role="commander", person="kofi", how="taken")
DECISION = DecisionOpened(decision_id="d1", command="roll back", expected="errors fall", started_at=T0)


def test_who_comes_second_is_told_who_is_commander() -> None:
    with pytest.raises(Conflict, match="Kofi Mensah is already incident commander"):
        roles.assign_role(incident(IC), RUNBOOK, "commander", "dana", name_of, by="dana")


def test_taking_a_role_that_one_has_changes_nothing() -> None:
    assert roles.assign_role(incident(IC), RUNBOOK, "commander", "kofi", name_of, by="kofi") == []


def test_taking_and_giving_are_told_apart() -> None:
    state = incident()
    taken = roles.assign_role(state, RUNBOOK, "operations", "dana", name_of, by="dana")
    given_ = roles.assign_role(state, RUNBOOK, "operations", "kofi", name_of, by="dana")
    assert [fact.how for fact in (*taken, *given_) if isinstance(fact, RoleAssigned)] == ["taken", "given"]


def test_an_expert_is_one_of_a_service_and_a_commander_is_not() -> None:
    roles.assign_role(incident(), RUNBOOK, "expert:checkout-api", "dana", name_of, by="dana")
    with pytest.raises(Invalid, match="one role for the whole incident"):
        roles.assign_role(incident(), RUNBOOK, "commander:checkout-api", "dana", name_of, by="dana")
    with pytest.raises(Invalid, match="Did you mean 'commander'"):
        roles.assign_role(incident(), RUNBOOK, "comander", "dana", name_of, by="dana")


def test_a_handover_needs_the_other_persons_yes() -> None:
    state = incident(IC)
    offered = roles.offer_handover(state, RUNBOOK, "commander", "dana", None, name_of, by="kofi")
    state = after(state, *offered, by=KOFI)
    assert state.incident.roles["commander"].person == "kofi"
    with pytest.raises(Conflict, match="offered to Dana Reyes"):
        roles.accept_handover(state, "commander", "ravi", name_of)
    state = after(state, *roles.accept_handover(state, "commander", "dana", name_of))
    assert state.incident.roles["commander"].person == "dana"
    assert state.incident.offers == {}


def test_only_the_holder_or_the_deputy_hands_command_over() -> None:
    with pytest.raises(Forbidden, match="Kofi Mensah is incident commander"):
        roles.offer_handover(incident(IC), RUNBOOK, "commander", "ravi", None, name_of, by="dana")


def test_a_declined_handover_leaves_the_role_where_it_was() -> None:
    state = incident(IC, HandoverOffered(role="commander", to="dana"))
    state = after(state, *roles.decline_handover(state, "commander", "dana", "asleep soon", name_of))
    assert state.incident.roles["commander"].person == "kofi"
    assert not state.incident.offers


def test_lowering_the_severity_needs_a_reason_and_raising_none() -> None:
    assert severity.change_severity(incident(), 1, None)[0].previous == 2
    with pytest.raises(Invalid, match="needs a reason"):
        severity.change_severity(incident(), 3, " ")
    assert severity.change_severity(incident(), 3, "Only one shop is hit")[0].severity == 3
    assert severity.change_severity(incident(), 2, None) == []
    with pytest.raises(Invalid, match="it is 1, 2 or 3"):
        severity.change_severity(incident(), 4, None)


def test_triage_opens_at_the_declare_and_mitigating_with_the_first_decision() -> None:
    state = incident()
    opened = phases.open_gate(state, RUNBOOK)
    assert opened == [PhaseChanged(phase="triage", previous="declared", automatic=True)]
    state = after(state, *opened)
    assert phases.open_gate(state, RUNBOOK) == []
    state = after(state, DECISION)
    assert phases.open_gate(state, RUNBOOK) == [PhaseChanged(phase="mitigating", previous="triage", automatic=True)]


def test_a_gate_that_is_not_met_is_refused_with_what_is_missing() -> None:
    state = incident(PhaseChanged(phase="mitigating", previous="declared"))
    with pytest.raises(Conflict, match="There are no recovery criteria yet"):
        phases.change_phase(state, RUNBOOK, "restoring", "looks fine", by="kofi")


def test_overriding_a_gate_needs_a_reason_and_stays_shown() -> None:
    state = incident(PhaseChanged(phase="mitigating", previous="declared"))
    with pytest.raises(Invalid, match="overriding a gate needs a reason"):
        phases.change_phase(state, RUNBOOK, "restoring", None, by="kofi", override=True)
    facts = phases.change_phase(state, RUNBOOK, "restoring", "Metrics are down themselves", by="kofi", override=True)
    assert [type(fact) for fact in facts] == [GateOverridden, PhaseChanged]
    state = after(state, *facts)
    assert state.incident.phase == "restoring"
    assert state.recovery.overrides[0].missing


def test_skipping_phases_overrides_every_gate_on_the_way() -> None:
    facts = phases.change_phase(incident(), RUNBOOK, "watching", "It was a false start", by="kofi", override=True)
    gates = [fact.gate for fact in facts if isinstance(fact, GateOverridden)]
    assert gates == ["mitigating", "restoring", "watching"]


def test_going_back_needs_a_reason_only() -> None:
    state = incident(PhaseChanged(phase="mitigating", previous="declared"))
    with pytest.raises(Invalid, match="needs a reason"):
        phases.change_phase(state, RUNBOOK, "triage", None, by="kofi")
    assert phases.change_phase(state, RUNBOOK, "triage", "Wrong lead", by="kofi")


def test_only_the_commander_or_the_deputy_confirms_the_end() -> None:
    state = incident(IC)
    assert phases.may_confirm(state, RUNBOOK, "resolved", "kofi")
    assert not phases.may_confirm(state, RUNBOOK, "resolved", "dana")
    assert phases.may_confirm(after(state, *roles.name_deputy(state, "dana")), RUNBOOK, "resolved", "dana")


def test_the_first_five_minutes_tick_themselves_from_facts() -> None:
    state = incident(IC, ChannelOpened(channel="room", name="INC-147"), FlagAnswered(answer="no_flag_helps"))
    (ended,) = checklist.end_first_five(state, RUNBOOK)
    assert ended.open_steps == ("acknowledged", "paged", "held")
    assert checklist.end_first_five(after(state, ended), RUNBOOK) == []


def test_a_person_ticks_what_no_fact_ticks_and_not_what_tocsin_sees_itself() -> None:
    state = incident()
    assert checklist.tick_step(state, RUNBOOK, "flag", "none fits")[0].step == "flag"
    with pytest.raises(Conflict, match="ticks itself"):
        checklist.tick_step(state, RUNBOOK, "channel", None)
    with pytest.raises(Invalid, match="no step 'flags'"):
        checklist.tick_step(state, RUNBOOK, "flags", None)
    assert checklist.tick_step(incident(IC), RUNBOOK, "commander", None) == []


def test_declare_names_every_wrong_field_at_once() -> None:
    command = decide.Declare(title=" ", severity=7, impact_started_at=T0 + timedelta(hours=1))
    with pytest.raises(Invalid) as refused:
        decide.declare(command, 1, "x", (), None, None, T0)
    assert {mistake.field for mistake in refused.value.mistakes} == {"title", "severity", "impact_started_at"}


def test_a_restricted_incident_never_loses_its_last_member() -> None:
    state = after(IncidentState(), declared(restricted=True), by=DANA)
    with pytest.raises(Conflict, match="at least one member"):
        roles.remove_member(state, "dana", name_of)


def test_restricting_adds_who_did_it_first() -> None:
    state = incident(by=KOFI)
    facts = roles.restrict(state, True, None, ("dana",))
    assert after(state, *facts, by=DANA).incident.members == ("kofi", "dana")
    restricted = after(state, *facts)
    with pytest.raises(Invalid, match="needs a reason"):
        roles.restrict(restricted, False, None, ())
    assert roles.restrict(restricted, True, None, ()) == []


def test_a_correction_names_its_entry_and_can_not_correct_a_correction() -> None:
    wrong = entry(Noted(text="14:05 restart"), 3)
    assert decide.correct(wrong, "It was 14:07", None, T0) == [Corrected(corrects=3, text="It was 14:07")]
    with pytest.raises(Invalid, match="say what is right"):
        decide.correct(wrong, None, None, T0)
    with pytest.raises(Conflict):
        decide.correct(entry(Corrected(corrects=3, text="x"), 4), "again", None, T0)


def test_only_open_incidents_merge_and_none_into_itself() -> None:
    one = incident()
    other = one.model_copy(update={"incident": one.incident.model_copy(update={"id": "i2", "number": 148})})
    assert decide.merge(one, other, "same cause")
    with pytest.raises(Conflict, match="into itself"):
        decide.merge(one, one, None)
    with pytest.raises(Conflict, match="only open incidents"):
        decide.merge(one, after(other, *decide.cancel(other, "noise")), None)


@given(st.text(min_size=1, max_size=50), st.integers(-10_000, 10_000))
def test_a_told_time_never_lies_after_now(text: str, seconds: int) -> None:
    at = T0 + timedelta(seconds=seconds)
    try:
        told = wording.told_instant(at, "happened_at", T0)
    except Invalid:
        assert seconds > 300
    else:
        assert told is not None and told <= T0
    try:
        kept = wording.text_of(text, "text")
    except Invalid:
        assert not text.strip() or "\0" in text
    else:
        assert kept == text.strip() and kept.encode()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="time zone"):
        wording.told_instant(datetime(2026, 11, 19, 14, 5), "happened_at", T0)  # noqa: DTZ001


def test_the_document_tells_everything_and_lets_nothing_break_out_of_it() -> None:
    bad = "```\n# not a heading\n<script>alert(1)</script>"
    facts = (
        IC,
        SymptomAdded(text="| table | <b>"),
        DecisionOpened(decision_id="d", command=bad, expected="fine", started_at=T0),
        RestrictionChanged(restricted=True),
    )
    state = incident(*facts)
    entries = [entry(fact, seq) for seq, fact in enumerate((declared(), *facts), start=1)]
    text = document.incident_document(state, entries, RUNBOOK, name_of, T0)
    assert text.startswith("# INC-147: Checkout fails")
    assert f"````\n{bad}\n````" in text
    assert "\\| table \\| \\<b\\>" in text
    assert "Kofi Mensah" in text and "2026-11-19 14:00:00 UTC" in text
    outside = text.replace(bad, "")
    assert "<script>" not in outside
    assert [line for line in outside.splitlines() if line.startswith("# ")] == ["# INC-147: Checkout fails"]
