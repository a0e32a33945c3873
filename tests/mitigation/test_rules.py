"""Decisions and held deploys, as pure rules."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.incidents.building import T0, after, declared, incident
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.mitigation import decisions, freeze
from tocsin.mitigation.freeze import LiveFreeze, judge
from tocsin.timeline.facts.incidents import Cancelled
from tocsin.timeline.facts.mitigation import DeploysHeld
from tocsin.timeline.state import IncidentState

OPEN = decisions.open_decision("d1", decisions.NewDecision(command="kubectl rollout undo", expected="errors fall"), T0)
CATALOG = {"checkout-api": None, "payments": None}


def frozen(**changes: object) -> LiveFreeze:
    values: dict[str, object] = {
        "service": "checkout-api",
        "number": 147,
        "title": "Checkout fails",
        "severity": 2,
        "restricted": False,
        "since": T0,
    }
    return LiveFreeze(**{**values, **changes})  # type: ignore[arg-type]


def test_nothing_is_done_without_saying_what_is_expected() -> None:
    with pytest.raises(Invalid, match="expected is empty"):
        decisions.open_decision("d1", decisions.NewDecision(command="x", expected=" "), T0)


def test_a_decision_is_not_closed_without_an_actual_result() -> None:
    state = incident(OPEN)
    with pytest.raises(Invalid, match="actual is empty"):
        decisions.close_decision(state, "d1", "", "matched")
    with pytest.raises(Invalid, match="say one of matched, no_match, unclear"):
        decisions.close_decision(state, "d1", "gone", "yes")
    with pytest.raises(NotFound):
        decisions.close_decision(state, "d2", "gone", "matched")


def test_a_result_told_twice_counts_once_and_a_different_one_is_a_correction() -> None:
    state = incident(OPEN)
    state = after(state, *decisions.close_decision(state, "d1", "errors at 0.2 %", "matched"))
    assert decisions.close_decision(state, "d1", "errors at 0.2 %", "matched") == []
    with pytest.raises(Conflict, match="correct that entry"):
        decisions.close_decision(state, "d1", "no change", "no_match")
    with pytest.raises(Conflict, match="no more time"):
        decisions.extend_decision(state, "d1", T0 + timedelta(minutes=5), T0)


def test_the_result_is_asked_for_once_for_each_time() -> None:
    state = incident(OPEN)
    due = T0 + timedelta(minutes=10)
    asked = decisions.ask_result(state, "d1", due)
    assert asked
    assert decisions.ask_result(after(state, *asked), "d1", due) == []


def test_the_end_of_a_command_told_twice_counts_once() -> None:
    state = incident(OPEN)
    ran = decisions.end_decision(state, "d1", decisions.Ended(exit_code=1, output="boom"), T0)
    state = after(state, *ran)
    assert state.mitigation.decisions["d1"].exit_code == 1
    assert decisions.end_decision(state, "d1", decisions.Ended(exit_code=0), T0) == []


@given(st.text(alphabet=st.characters(codec=None), max_size=200), st.integers(1, 2000))
def test_output_never_exceeds_its_bound_and_can_always_be_stored(piece: str, times: int) -> None:
    output, cut = decisions.bounded(piece * times)
    stored = (output or "").encode()
    assert len(stored) <= decisions.MOST_OUTPUT
    assert b"\0" not in stored
    assert cut or len(stored) >= len((piece * times).encode("utf-8", "replace").replace(b"\0", b"???"))


def test_no_flag_helps_is_an_answer_and_given_once() -> None:
    state = incident()
    (answer,) = decisions.answer_flag(state, None, "nothing to turn")
    state = after(state, answer)
    assert "flag" in state.incident.milestones
    assert decisions.answer_flag(state, None, None) == []
    assert decisions.answer_flag(state, "new-checkout", None)


def test_deploys_are_held_on_what_is_hit_or_on_everything_when_nothing_is_known() -> None:
    assert freeze.hold(incident(), None, CATALOG, now=T0) == [DeploysHeld(services=("checkout-api",))]
    nowhere = after(IncidentState(), declared(services=()))
    assert freeze.hold(nowhere, None, CATALOG, now=T0) == [DeploysHeld(services=("*",))]


def test_holding_again_adds_only_what_is_new() -> None:
    state = incident(DeploysHeld(services=("checkout-api",)))
    assert freeze.hold(state, None, CATALOG, now=T0) == []
    assert freeze.hold(state, ["checkout-api", "payments"], CATALOG, now=T0) == [DeploysHeld(services=("payments",))]
    with pytest.raises(Invalid, match="Did you mean 'payments'"):
        freeze.hold(state, ["paymnts"], CATALOG, now=T0)
    with pytest.raises(Conflict, match="only during one"):
        freeze.hold(after(state, Cancelled(reason="noise")), ["payments"], CATALOG, now=T0)


def test_one_change_is_allowed_with_a_reason_on_what_is_held() -> None:
    state = incident(DeploysHeld(services=("checkout-api",)))
    (fact,) = freeze.allow(state, "deploy-88", "the revert", None, None)
    assert state.mitigation.held and after(state, fact).mitigation.allowed[0].change_id == "deploy-88"
    assert freeze.allow(after(state, fact), "deploy-88", "the revert", None, None) == []
    with pytest.raises(Invalid, match="reason is empty"):
        freeze.allow(state, "deploy-88", "", None, None)
    with pytest.raises(Conflict, match="not held"):
        freeze.allow(state, "deploy-88", "x", "payments", None)


def test_a_pipeline_is_told_why_it_is_held_and_what_to_do() -> None:
    verdict = judge("checkout-api", "deploy-88", [frozen()], T0)
    assert verdict.held and verdict.incident == 147
    assert "INC-147" in verdict.sentence and "allow it" in verdict.sentence


def test_a_restricted_incident_holds_and_names_nothing() -> None:
    verdict = judge("checkout-api", None, [frozen(restricted=True, title="Breach", reason="keys leaked")], T0)
    assert verdict.held and verdict.incident is None
    for secret in ("147", "Breach", "keys", "Sev"):
        assert secret not in verdict.sentence


def test_an_allowed_change_goes_only_when_every_incident_that_holds_allowed_it() -> None:
    allowed, other = frozen(allowed_changes=("deploy-88",)), frozen(number=150, service="*")
    assert not judge("checkout-api", "deploy-88", [allowed], T0).held
    assert judge("checkout-api", "deploy-89", [allowed], T0).held
    assert judge("checkout-api", "deploy-88", [allowed, other], T0).incident == 150


def test_a_freeze_that_ran_out_or_is_of_another_service_holds_nothing() -> None:
    assert not judge("payments", None, [frozen()], T0).held
    assert not judge("checkout-api", None, [frozen(ends_at=T0)], T0).held
    assert judge("anything", None, [frozen(service="*")], T0).held
