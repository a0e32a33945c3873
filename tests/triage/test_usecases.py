"""Triage on both engines: impact, changes before it, evidence."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.incidents.conftest import DANA, KOFI, VIEWER, House
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.incidents import usecases as incidents
from tocsin.incidents.decide import Declare
from tocsin.incidents.queries import state_of
from tocsin.store.tables.alerts import claims
from tocsin.timeline.state import IncidentState
from tocsin.triage import queries, usecases
from tocsin.triage.changes import NewChange
from tocsin.triage.decide import Impact
from tocsin.triage.evidence import NewEvidence

PIPELINE = Actor("token", "token:1", "Pipeline", Right.RESPONDER, scopes=frozenset({"changes:write"}))


def declare(house: House, **more: object) -> str:
    command = Declare(title="Checkout fails", severity=2, services=("checkout-api",), **more)  # type: ignore[arg-type]
    return house.write(lambda c, now: incidents.declare(c, DANA, command, now)).state.incident.id


def state(house: House, incident_id: str) -> IncidentState:
    return house.read(lambda c: state_of(c, SYSTEM, incident_id))


def report(house: House, service: str = "checkout-api", **more: object) -> usecases.RecordedChange:
    change = NewChange(service=service, **{"kind": "deploy", "summary": "v2.4.1", **more})  # type: ignore[arg-type]
    return house.write(lambda c, now: usecases.record_change(c, PIPELINE, change, now))


def test_the_same_report_again_is_the_same_change(house: House) -> None:
    first = report(house, external_id="run-88")
    again = report(house, external_id="run-88", summary="v2.4.1, retried")
    other = report(house, "payments", external_id="run-88")
    assert first.is_new and not again.is_new
    assert again.id == first.id != other.id
    assert len(house.read(lambda c: queries.list_changes(c, VIEWER))) == 2


def test_a_report_names_every_wrong_field(house: House) -> None:
    with pytest.raises(Invalid) as refused:
        report(house, "No Service", kind="party", summary=" ", link="javascript:1")
    assert {mistake.field for mistake in refused.value.mistakes} == {"service", "kind", "summary", "link"}


def test_a_narrow_token_reports_changes_and_nothing_else(house: House) -> None:
    incident_id = declare(house)
    report(house)
    with pytest.raises(Forbidden):
        house.write(lambda c, now: usecases.add_symptom(c, PIPELINE, incident_id, "x", now))
    with pytest.raises(Forbidden):
        house.write(lambda c, now: usecases.record_change(c, VIEWER, NewChange("search", "deploy", "x"), now))


def test_changes_before_impact_are_told_newest_first_with_dependencies_and_without_strangers(house: House) -> None:
    for service, minutes in (("payments", 100), ("search", 20), ("checkout-api", 5), ("checkout-api", 180)):
        report(house, service, happened_at=house.clock.now() - timedelta(minutes=minutes), summary=f"{minutes}")
    incident_id = declare(house)
    house.clock.advance(timedelta(minutes=1))
    report(house, summary="after")
    found = house.read(lambda c: queries.suspects_of(c, DANA, incident_id))
    assert [each.change.summary for each in found] == ["5", "100"]
    assert found[0].score.value > found[1].score.value
    assert "same service" in found[0].score.sentence and "a direct dependency" in found[1].score.sentence


def test_a_marked_suspect_stays_in_the_list_wherever_it_lies(house: House) -> None:
    far = report(house, "search", happened_at=house.clock.now() - timedelta(hours=9)).id
    incident_id = declare(house)
    house.write(
        lambda c, now: usecases.mark_suspect(c, DANA, incident_id, far, True, now, reason="it shares the cache")
    )
    (found,) = house.read(lambda c: queries.suspects_of(c, DANA, incident_id))
    assert found.change.id == far and found.suspect
    with pytest.raises(NotFound):
        house.write(lambda c, now: usecases.mark_suspect(c, DANA, incident_id, "nothing", True, now))


def test_widening_the_impact_claims_the_services_alerts(house: House) -> None:
    incident_id = declare(house)
    wider = Impact(services=("checkout-api", "search"), customers="1 in 4 orders fails")
    house.write(lambda c, now: usecases.change_impact(c, DANA, incident_id, wider, now))
    again = house.write(lambda c, now: usecases.change_impact(c, DANA, incident_id, wider, now))
    assert again.entries == ()
    held = house.read(lambda c: set(c.execute(select(claims.c.key)).scalars().all()))
    assert held == {"checkout-api", "search"}


def test_evidence_is_kept_by_its_digest_once_and_given_back_as_it_was(house: House) -> None:
    incident_id = declare(house)
    content = bytes(range(256)) * 9000  # larger than one row of the store
    new = NewEvidence("snapshot", "top of web-3", content, "text/plain", host="web-3", volatile=True)
    evidence_id, changed = house.write(lambda c, now: usecases.add_evidence(c, DANA, incident_id, new, now))
    same, nothing = house.write(lambda c, now: usecases.add_evidence(c, KOFI, incident_id, new, now))
    assert same == evidence_id and len(changed.entries) == 1 and nothing.entries == ()
    kept, read = house.read(lambda c: queries.evidence_content(c, VIEWER, evidence_id))
    assert read == content and kept.sha256 == hashlib.sha256(content).hexdigest()
    wrong = NewEvidence("log", "x", b"x", sha256="0" * 64)
    with pytest.raises(Conflict):
        house.write(lambda c, now: usecases.add_evidence(c, DANA, incident_id, wrong, now))


def test_evidence_of_a_restricted_incident_does_not_exist_for_others(house: House) -> None:
    incident_id = declare(house, restricted=True)
    new = NewEvidence("log", "secret log", b"key")
    evidence_id, _ = house.write(lambda c, now: usecases.add_evidence(c, DANA, incident_id, new, now))
    assert house.read(lambda c: queries.evidence_content(c, DANA, evidence_id))[1] == b"key"
    for asked in (evidence_id, "999-x", "nonsense", ""):
        with pytest.raises(NotFound):
            house.read(lambda c, asked=asked: queries.evidence_content(c, KOFI, asked))  # type: ignore[misc]


def test_the_runbook_asks_for_volatile_evidence_once(house: House) -> None:
    incident_id = declare(house)
    house.run()
    assert house.kinds(incident_id).count("evidence_asked") == 1
    assert state(house, incident_id).triage.evidence_asked


def test_the_blast_radius_of_an_incident(house: House) -> None:
    incident_id = declare(house)
    radius = house.read(lambda c: queries.blast_radius_of(c, VIEWER, incident_id))
    assert radius.services == ("checkout-api", "payments")
