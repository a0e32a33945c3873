"""Clocks of communication, updates in three boxes, and who lets them out."""

from datetime import timedelta

import pytest

from tests.building import DANA, HOUR, KOFI, MINUTE, MIRA, Night
from tocsin.comms import usecases
from tocsin.comms.queries import PublicStatus, public_status
from tocsin.comms.updates import WriteUpdate
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity.actor import Actor
from tocsin.incidents import usecases as incidents
from tocsin.timeline.facts.comms import Audience, UpdateMissed

BOXES = {"known": "Card payments fail.", "doing": "We go back a version.", "next": "News in half an hour."}


def post(night: Night, by: Actor = DANA, audience: Audience = "internal", **more: object) -> str:
    """Write an update; returns its id."""
    command = WriteUpdate(audience=audience, **{**BOXES, **more})  # type: ignore[arg-type]
    return night.write(lambda c, now: usecases.write_update(c, by, night.id, command, now))[1]


def approve(night: Night, update_id: str, by: Actor = KOFI, reason: str | None = None) -> None:
    """Let it go out."""
    night.write(lambda c, now: usecases.approve_update(c, by, night.id, update_id, reason, now))


def status(night: Night) -> PublicStatus:
    """The public page."""
    return night.read(lambda c: public_status(c, night.clock.now()))


def missed(night: Night, audience: str) -> list[timedelta]:
    """How long after the declare each missed update had been due."""
    declared_at = night.state.incident.declared_at
    assert declared_at
    return [miss.due_at - declared_at for miss in night.facts(UpdateMissed) if miss.audience == audience]


@pytest.mark.parametrize(
    ("severity", "internal", "external"),
    [(1, 15 * MINUTE, 30 * MINUTE), (2, 15 * MINUTE, HOUR), (3, 15 * MINUTE, None)],
)
def test_the_severity_says_how_often_updates_are_due(
    night: Night, severity: int, internal: timedelta, external: timedelta | None
) -> None:
    night.declare(severity)
    night.wait(61 * MINUTE)
    assert missed(night, "internal")[0] == internal
    assert missed(night, "external")[:1] == ([external] if external else [])


def test_a_missed_update_reminds_communications_and_then_the_commander(night: Night) -> None:
    night.declare(2)
    night.wait(12 * MINUTE)
    assert night.told("dana") == ["Internal update is due in 3 minutes."]
    night.wait(3 * MINUTE)
    assert [title.split(";")[0] for title in night.told("dana")[1:]] == ["The internal update is late"]
    assert not any("update" in title for title in night.told("kofi"))
    night.wait(2 * MINUTE)
    assert [title for title in night.told("kofi") if "update" in title] == ["Internal update is late."]


def test_once_the_update_is_posted_nobody_is_asked_for_it_any_more(night: Night) -> None:
    night.declare(2)
    night.wait(17 * MINUTE)
    assert len(night.still_asked("dana")) == 2
    assert any("update" in title for title in night.still_asked("kofi"))
    post(night)
    night.run()
    assert night.still_asked("dana") == []
    assert not any("nternal update" in title for title in night.still_asked("kofi"))


def test_another_audience_s_update_ends_no_reminder(night: Night) -> None:
    night.declare(1)
    night.wait(12 * MINUTE)
    (asked,) = night.still_asked("dana")
    approve(night, post(night, audience="external", next_at=night.clock.now() + HOUR))
    night.run()
    assert night.still_asked("dana") == [asked]


def test_without_anybody_in_communications_the_commander_is_reminded_at_once(night: Night) -> None:
    night.declare(3)
    night.write(lambda c, now: incidents.release_role(c, DANA, night.id, "communications", now))
    night.wait(15 * MINUTE)
    assert any("internal update is late" in title for title in night.told("kofi"))


def test_an_update_in_time_starts_its_clock_anew_and_is_not_late(night: Night) -> None:
    night.declare(2)
    night.wait(14 * MINUTE)
    post(night)
    night.wait(14 * MINUTE)
    assert missed(night, "internal") == []
    assert night.state.comms.updates[0].late_seconds == 0
    night.wait(2 * MINUTE)
    assert missed(night, "internal") == [29 * MINUTE]


def test_two_hours_away_is_one_missed_update_and_the_next_counts_from_now(night: Night) -> None:
    night.declare(2)
    night.away(2 * HOUR)
    assert missed(night, "internal") == [15 * MINUTE]
    assert missed(night, "external") == [HOUR]
    assert sum("internal update is late" in title for title in night.told("dana")) == 1
    night.wait(14 * MINUTE)
    assert len(missed(night, "internal")) == 1
    night.wait(2 * MINUTE)
    assert missed(night, "internal")[1:] == [135 * MINUTE]


def test_a_late_update_says_how_late_it_was(night: Night) -> None:
    night.declare(2)
    night.wait(25 * MINUTE)
    post(night)
    assert night.state.comms.updates[0].late_seconds == 600


def test_an_update_has_three_boxes_and_says_when_the_next_one_comes(night: Night) -> None:
    night.declare(2)
    promised = night.clock.now() + 8 * MINUTE
    post(night, next_at=promised)
    sent = night.state.comms.updates[0]
    assert (sent.known, sent.doing, sent.next, sent.next_at) == (*BOXES.values(), promised)
    night.wait(9 * MINUTE)
    assert missed(night, "internal") == [8 * MINUTE]  # what was promised counts, though the cadence is longer
    post(night)
    assert night.state.comms.updates[-1].next_at == night.clock.now() + 15 * MINUTE
    with pytest.raises(Invalid, match="lies in the future"):
        post(night, next_at=night.clock.now() - MINUTE)
    with pytest.raises(Invalid):
        post(night, known="   ")


def test_a_public_update_waits_for_the_commander_and_only_then_is_public(night: Night) -> None:
    night.declare(2)
    update_id = post(night, audience="external", headline="Card payments fail")
    assert status(night).incidents == ()
    with pytest.raises(Conflict, match="approved by kofi"):
        approve(night, update_id, MIRA)
    with pytest.raises(Conflict, match="approved by kofi"):
        approve(night, update_id, DANA, "I am in a hurry")
    approve(night, update_id)
    (shown,) = status(night).incidents
    assert (shown.headline, shown.components, shown.ongoing) == ("Card payments fail", ("Checkout",), True)
    assert [part.state for part in status(night).components if part.name == "Checkout"] == ["disrupted"]
    assert night.state.comms.updates[-1].author == "dana"
    with pytest.raises(NotFound, match="decided already"):
        approve(night, update_id)


def test_the_deputy_may_approve_what_the_commander_wrote(night: Night) -> None:
    night.declare(1)
    night.write(lambda c, now: incidents.name_deputy(c, KOFI, night.id, "mira", now))
    update_id = post(night, KOFI, "external")
    with pytest.raises(Conflict, match="somebody else"):
        approve(night, update_id, KOFI, "I know it is right")
    approve(night, update_id, MIRA)
    assert night.state.comms.updates[-1].approved_by == "mira"


def test_a_lone_commander_lets_their_own_update_out_with_a_reason_that_is_shown(night: Night) -> None:
    night.declare(2)
    with pytest.raises(Conflict, match="somebody else can approve"):
        post(night, DANA, "external", alone_reason="nobody is awake")
    update_id = post(night, KOFI, "external")
    with pytest.raises(Invalid, match="say why"):
        approve(night, update_id, KOFI)
    approve(night, update_id, KOFI, "nobody else is awake")
    post(night, KOFI, "external", alone_reason="still nobody")
    assert [update.approval_reason for update in night.state.comms.updates] == ["nobody else is awake", "still nobody"]


def test_nobody_commands_yet_so_a_responder_may_publish_alone_with_a_reason(night: Night) -> None:
    night.declare(2, staffed=False)
    update_id = post(night, DANA, "external")
    with pytest.raises(Invalid, match="say why"):
        approve(night, update_id, DANA)
    approve(night, update_id, DANA, "I am alone")
    assert len(status(night).incidents) == 1


def test_at_sev3_a_public_update_needs_no_approval(night: Night) -> None:
    night.declare(3)
    post(night, audience="external")
    assert len(status(night).incidents) == 1


def test_a_rejected_update_never_leaves(night: Night) -> None:
    night.declare(2)
    update_id = post(night, audience="external")
    night.write(lambda c, now: usecases.reject_update(c, KOFI, night.id, update_id, "name no product", now))
    with pytest.raises(NotFound, match="decided already"):
        approve(night, update_id)
    assert status(night).incidents == ()


def test_the_status_page_tells_nothing_internal(night: Night) -> None:
    night.declare(3, services=("checkout-api", "ledger"))
    post(night, known="The ledger's disk is full on db-7.")
    post(night, audience="external", known="Some payments fail.", doing="", next="")
    page = status(night)
    for secret in ("db-7", "ledger", "Ledger", "Card payments fail", "INC-", "checkout-api", "Dana", "dana", night.id):
        assert secret not in repr(page), secret
    assert page.incidents[0].headline == "Some payments fail."


def test_its_address_on_the_status_page_stays_when_another_update_follows(night: Night) -> None:
    night.declare(3)
    post(night, audience="external")
    before = status(night).incidents[0].key
    night.wait(MINUTE)
    post(night, audience="external", status="monitoring")
    (after,) = status(night).incidents
    assert (after.key, after.state, len(after.updates)) == (before, "monitoring", 2)


@pytest.mark.parametrize("kept", ["restricted", "practice"])
def test_restricted_and_practice_incidents_are_never_public(night: Night, kept: str) -> None:
    night.declare(3, **{kept: True})
    post(night, audience="external")
    assert status(night).incidents == () and status(night).updated_at is None


def test_an_incident_that_becomes_restricted_leaves_the_status_page(night: Night) -> None:
    night.declare(3)
    post(night, audience="external")
    night.write(lambda c, now: incidents.restrict(c, DANA, night.id, True, now))
    page = status(night)
    assert page.incidents == () and page.updated_at is None
    assert {part.state for part in page.components} == {"operational"}


def test_once_resolved_it_stays_two_weeks_as_past(night: Night) -> None:
    night.declare(2)
    update_id = post(night, audience="external")
    approve(night, update_id)
    night.resolve()
    (shown,) = status(night).incidents
    assert (shown.ongoing, shown.state) == (False, "resolved")
    assert {part.state for part in status(night).components} == {"operational"}
    night.clock.advance(timedelta(days=15))
    assert status(night).incidents == ()


def test_no_clock_of_communication_runs_once_it_is_resolved(night: Night) -> None:
    night.declare(2)
    night.resolve()
    before = len(night.facts(UpdateMissed))
    night.wait(3 * HOUR)
    assert len(night.facts(UpdateMissed)) == before


def test_an_update_names_services_that_exist(night: Night) -> None:
    night.declare(3)
    with pytest.raises(Invalid, match="checkout-api"):
        post(night, audience="external", components=("checkout-apy",))
