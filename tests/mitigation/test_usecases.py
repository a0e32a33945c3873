"""Mitigation on both engines: held deploys, the flag question, decisions."""

from datetime import datetime, timedelta

import pytest

from tests.incidents.conftest import DANA, KOFI, House
from tocsin.errors import Conflict, Forbidden, Invalid
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.incidents import usecases as incidents
from tocsin.incidents.command import Changed
from tocsin.incidents.decide import Declare
from tocsin.incidents.queries import state_of
from tocsin.mitigation import queries, usecases
from tocsin.mitigation.decisions import Ended, NewDecision
from tocsin.mitigation.freeze import Verdict
from tocsin.timeline.state import IncidentState

PIPELINE = Actor("token", "token:1", "Pipeline", Right.VIEWER, scopes=frozenset({"freeze:read"}))
ROLLBACK = NewDecision(command="kubectl rollout undo deploy/checkout", expected="errors below 1 %", what="rollback")


def declare(house: House, severity: int = 2, services: tuple[str, ...] = ("checkout-api",), **more: object) -> str:
    command = Declare(title="Checkout fails", severity=severity, services=services, **more)  # type: ignore[arg-type]
    incident_id = house.write(lambda c, now: incidents.declare(c, DANA, command, now)).state.incident.id
    house.run()
    return incident_id


def state(house: House, incident_id: str) -> IncidentState:
    return house.read(lambda c: state_of(c, SYSTEM, incident_id))


def may_deploy(house: House, service: str = "checkout-api", change: str | None = None) -> Verdict:
    return house.read(lambda c: queries.check_freeze(c, PIPELINE, service, change, house.clock.now()))


def decide(house: House, incident_id: str, new: NewDecision = ROLLBACK) -> str:
    return house.write(lambda c, now: usecases.open_decision(c, DANA, incident_id, new, now))[0]


def test_declaring_a_sev2_holds_deploys_on_what_is_hit_alone(house: House) -> None:
    incident_id = declare(house)
    verdict = may_deploy(house, change="deploy-88")
    assert verdict.held and "INC-1" in verdict.sentence
    assert not may_deploy(house, "search").held
    assert "held" in state(house, incident_id).incident.milestones


def test_a_sev3_holds_nothing_until_somebody_does_or_it_gets_worse(house: House) -> None:
    incident_id = declare(house, 3)
    assert not may_deploy(house).held
    house.write(lambda c, now: incidents.change_severity(c, DANA, incident_id, 2, now))
    house.run()
    assert may_deploy(house).held


def test_one_change_passes_and_the_next_does_not(house: House) -> None:
    incident_id = declare(house)
    with pytest.raises(Invalid, match="reason"):
        house.write(lambda c, now: usecases.allow_change(c, DANA, incident_id, "deploy-88", "", now))
    house.write(lambda c, now: usecases.allow_change(c, DANA, incident_id, "deploy-88", "the revert", now))
    assert not may_deploy(house, change="deploy-88").held
    assert may_deploy(house, change="deploy-89").held
    assert may_deploy(house).held


def test_the_impact_widens_and_so_does_the_freeze(house: House) -> None:
    from tocsin.triage.decide import Impact
    from tocsin.triage.usecases import change_impact

    incident_id = declare(house)
    house.write(lambda c, now: change_impact(c, DANA, incident_id, Impact(services=("checkout-api", "search")), now))
    house.run()
    assert may_deploy(house, "search").held


def test_deploys_go_again_when_it_is_cancelled_merged_or_by_hand(house: House) -> None:
    first = declare(house)
    house.write(lambda c, now: incidents.cancel(c, DANA, first, "noise", now))
    house.run()
    assert not may_deploy(house).held
    assert state(house, first).mitigation.held == {}
    second = declare(house)
    house.write(lambda c, now: usecases.release_deploys(c, DANA, second, now, reason="the cause is elsewhere"))
    assert not may_deploy(house).held
    with pytest.raises(Conflict, match="holds no deploys on search"):
        house.write(lambda c, now: usecases.release_deploys(c, DANA, second, now, services=["search"]))


def test_a_restricted_incident_holds_and_names_nothing(house: House) -> None:
    incident_id = declare(house)
    house.write(lambda c, now: incidents.restrict(c, DANA, incident_id, True, now))
    verdict = may_deploy(house)
    assert verdict.held and verdict.incident is None
    assert "INC" not in verdict.sentence and "Checkout" not in verdict.sentence
    assert house.read(lambda c: queries.live_freezes(c, KOFI, house.clock.now())) == []
    assert len(house.read(lambda c: queries.live_freezes(c, DANA, house.clock.now()))) == 1


def test_practice_holds_no_real_deploy(house: House) -> None:
    declare(house, practice=True)
    assert not may_deploy(house).held


def test_a_freeze_until_a_time_ends_by_itself(house: House) -> None:
    incident_id = declare(house, 3)
    until = house.clock.now() + timedelta(minutes=30)
    house.write(lambda c, now: usecases.hold_deploys(c, DANA, incident_id, now, until=until, reason="load test"))
    assert may_deploy(house).held
    house.clock.advance(timedelta(minutes=30))
    assert not may_deploy(house).held
    house.run()
    lapsed = house.entries(incident_id)[-1]
    assert (lapsed.kind, lapsed.happened_at, lapsed.actor.name) == ("deploys_released", until, "Tocsin")
    assert "released deploys on checkout-api. They were held until" in lapsed.fact.sentence(str)
    assert state(house, incident_id).mitigation.held == {}
    house.after(minutes=30)
    assert house.kinds(incident_id).count("deploys_released") == 1
    house.write(lambda c, now: usecases.hold_deploys(c, DANA, incident_id, now, reason="again"))
    assert may_deploy(house).held


def test_a_freeze_that_was_released_before_its_time_lapses_no_more(house: House) -> None:
    incident_id = declare(house, 3)
    until = house.clock.now() + timedelta(minutes=30)
    house.write(lambda c, now: usecases.hold_deploys(c, DANA, incident_id, now, until=until))
    house.write(lambda c, now: usecases.release_deploys(c, DANA, incident_id, now, reason="done"))
    house.write(lambda c, now: usecases.hold_deploys(c, DANA, incident_id, now, services=["search"]))
    house.after(hours=1)
    assert house.kinds(incident_id).count("deploys_released") == 1
    assert may_deploy(house, "search").held


def test_tocsin_away_when_a_freeze_lapsed_tells_its_true_time(house: House) -> None:
    incident_id = declare(house, 3)
    until = house.clock.now() + timedelta(minutes=30)
    house.write(lambda c, now: usecases.hold_deploys(c, DANA, incident_id, now, until=until))
    house.after(hours=2)
    lapsed = next(entry for entry in house.entries(incident_id) if entry.kind == "deploys_released")
    assert lapsed.happened_at == until
    assert lapsed.recorded_at > until


def test_with_no_service_known_everything_is_held(house: House) -> None:
    declare(house, services=())
    assert may_deploy(house, "search").held


def test_a_pipelines_token_asks_and_does_nothing_else(house: House) -> None:
    incident_id = declare(house)
    with pytest.raises(Forbidden):
        house.write(lambda c, now: usecases.allow_change(c, PIPELINE, incident_id, "x", "y", now))
    nobody = Actor("token", "token:2", "Other", Right.VIEWER, scopes=frozenset({"changes:write"}))
    with pytest.raises(Forbidden):
        house.read(lambda c: queries.check_freeze(c, nobody, "search", None, house.clock.now()))


def test_the_first_decision_begins_mitigation(house: House) -> None:
    incident_id = declare(house)
    assert state(house, incident_id).incident.phase == "triage"
    decide(house, incident_id)
    now = state(house, incident_id).incident
    assert now.phase == "mitigating" and now.mitigated_at is not None


def test_a_run_handed_over_later_keeps_its_own_times(house: House) -> None:
    incident_id = declare(house, 3)
    started = house.clock.now()
    house.clock.advance(timedelta(hours=1))
    run = usecases.Run(
        NewDecision(command="systemctl restart web", expected="200 again", host="web-3", started_at=started),
        Ended(started + timedelta(seconds=9), 1, "x" * 200_000),
    )
    decision_id, changed = house.write(lambda c, now: usecases.record_run(c, DANA, incident_id, run, now))
    decision = state(house, incident_id).mitigation.decisions[decision_id]
    assert (decision.started_at, decision.exit_code, decision.host) == (started, 1, "web-3")
    assert decision.output_truncated and len(decision.output or "") <= 64 * 1024
    assert [entry.happened_at for entry in changed.entries[:2]] == [started, started + timedelta(seconds=9)]


def test_a_result_handed_over_later_keeps_its_own_time(house: House) -> None:
    incident_id = declare(house, 3)
    started = house.clock.now()
    decision_id = decide(house, incident_id)
    house.clock.advance(timedelta(hours=1))

    def close(at: datetime) -> Changed:
        return house.write(
            lambda c, now: usecases.close_decision(
                c, DANA, incident_id, decision_id, "0.2 %", "matched", now, happened_at=at
            )
        )

    with pytest.raises(Invalid, match="future"):
        close(house.clock.now() + timedelta(hours=1))
    entry = close(started + timedelta(minutes=2)).entries[0]
    assert entry.happened_at == started + timedelta(minutes=2)
    assert entry.recorded_at == house.clock.now()
    assert state(house, incident_id).mitigation.decisions[decision_id].closed_at == entry.happened_at


def test_whoever_sends_a_decision_its_secrets_are_masked_before_they_are_kept(house: House) -> None:
    incident_id = declare(house)
    new = NewDecision(
        command="psql postgresql://shop:hunter2@db -c 'select 1'",
        expected="login with password=hunter2 works",
        title="try token=hunter2",
    )
    decision_id = decide(house, incident_id, new)
    ended = Ended(exit_code=0, output=f"{'x' * 40_000}\nPGPASSWORD=hunter2\n{'y' * 40_000}\nAKIAIOSFODNN7EXAMPLE\n")
    house.write(lambda c, now: usecases.end_decision(c, DANA, incident_id, decision_id, ended, now))
    said = "it took password=hunter2"
    for _ in range(2):  # told twice, it counts once, also when it is masked in between
        house.write(lambda c, now: usecases.close_decision(c, DANA, incident_id, decision_id, said, "matched", now))
    run = usecases.Run(new, Ended(house.clock.now(), 0, "secret: hunter2"))
    house.write(lambda c, now: usecases.record_run(c, DANA, incident_id, run, now))
    house.write(lambda c, now: usecases.answer_flag(c, DANA, incident_id, now, note="token=hunter2"))
    reason = "password=hunter2 is known"
    house.write(lambda c, now: usecases.allow_change(c, DANA, incident_id, "c1", reason, now))
    house.write(lambda c, now: usecases.release_deploys(c, DANA, incident_id, now, reason=reason))
    kept = "".join(entry.fact.model_dump_json() for entry in house.entries(incident_id))
    assert "hunter2" not in kept
    assert "AKIAIOSFODNN7EXAMPLE" not in kept
    decision = state(house, incident_id).mitigation.decisions[decision_id]
    assert decision.command == "psql postgresql://shop:[masked]@db -c 'select 1'"
    assert decision.actual == "it took password=[masked]"


def test_no_result_shows_before_its_decision(house: House) -> None:
    incident_id = declare(house, 3)
    started = house.clock.now()
    decision_id = decide(house, incident_id)
    early = started - timedelta(hours=1)
    changed = house.write(
        lambda c, now: usecases.close_decision(
            c, DANA, incident_id, decision_id, "0.2 %", "matched", now, happened_at=early
        )
    )
    assert changed.entries[0].happened_at == started


def test_a_misspelt_service_never_reads_as_go(house: House) -> None:
    with pytest.raises(Invalid, match=r"there is no service 'checkout-apy'\..*'checkout-api'"):
        may_deploy(house, "checkout-apy")
    declare(house, services=())
    assert may_deploy(house, "checkout-apy").held


def test_a_result_is_asked_for_in_time_then_again_until_somebody_says(house: House) -> None:
    incident_id = declare(house, 3)
    decision_id = decide(house, incident_id)
    house.after(minutes=10)
    assert house.kinds(incident_id).count("decision_due") == 1
    (asked,) = house.pages(subject_kind="deadline", urgency="notify")
    assert asked.policy["steps"][0]["page"][0]["person"] == "dana"
    house.after(minutes=10)
    house.after(minutes=10)
    assert house.kinds(incident_id).count("decision_due") == 1
    reminded = [entry for entry in house.entries(incident_id) if entry.kind == "reminded"]
    assert len(reminded) == 2
    with pytest.raises(Invalid, match="actual is empty"):
        house.write(lambda c, now: usecases.close_decision(c, DANA, incident_id, decision_id, " ", "matched", now))
    house.write(lambda c, now: usecases.close_decision(c, DANA, incident_id, decision_id, "0.2 %", "matched", now))
    house.run()
    house.after(hours=2)
    assert len([entry for entry in house.entries(incident_id) if entry.kind == "reminded"]) == 2
    assert {page.state for page in house.pages(subject_kind="deadline", subject_id=asked.subject_id)} == {"ended"}


def test_more_time_moves_the_question(house: House) -> None:
    incident_id = declare(house, 3)
    by = house.clock.now() + timedelta(minutes=2)
    decision_id = decide(house, incident_id, NewDecision(command="x", expected="y", expected_by=by))
    later = house.clock.now() + timedelta(minutes=20)
    house.write(lambda c, now: usecases.extend_decision(c, DANA, incident_id, decision_id, later, now))
    house.after(minutes=5)
    assert "decision_due" not in house.kinds(incident_id)
    house.after(minutes=15)
    assert house.kinds(incident_id).count("decision_due") == 1


def test_tocsin_away_for_two_hours_asks_once(house: House) -> None:
    incident_id = declare(house, 3)
    decide(house, incident_id)
    house.after(hours=2)
    assert house.kinds(incident_id).count("decision_due") == 1
    assert house.kinds(incident_id).count("reminded") == 0


def test_no_flag_helps_ticks_the_step(house: House) -> None:
    incident_id = declare(house)
    house.write(lambda c, now: usecases.answer_flag(c, DANA, incident_id, now))
    assert "flag" in state(house, incident_id).incident.milestones


def test_ready_actions_are_told_with_what_to_expect(house: House) -> None:
    incident_id = declare(house)
    actions = {each.id: each for each in house.read(lambda c: queries.ready_actions(c, KOFI, incident_id))}
    assert actions["roll-back"].loses_evidence and actions["roll-back"].expect
