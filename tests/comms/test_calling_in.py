"""Who else is called in: security and legal, a second team, vendors with a clock of their own."""

import pytest

from tests.building import DANA, KOFI, MINUTE, Night
from tocsin.comms import usecases
from tocsin.errors import Conflict, Invalid
from tocsin.identity.actor import SYSTEM
from tocsin.paging.queries import pages_list
from tocsin.timeline.facts.comms import VendorEngaged, VendorLate


def call_in(night: Night, to: str) -> None:
    """One click."""
    night.write(lambda c, now: usecases.call_in(c, KOFI, night.id, to, "we can't alone", now))
    night.run()


def engage(night: Night, vendor: str) -> str:
    """Tell a vendor; returns the engagement's id."""
    return night.write(lambda c, now: usecases.engage_vendor(c, DANA, night.id, vendor, now, reference="T-1"))[1]


def test_data_or_sign_in_touched_pages_security_and_legal_once(night: Night) -> None:
    night.declare(2)
    assert night.paged_teams() == set()
    night.answer("data_or_auth", True)
    assert night.paged_teams() == {"security", "legal"}
    night.answer("data_or_auth", True)
    assert set(night.state.comms.teams) == {"security", "legal"}
    assert night.entries[-1].kind != "escalation_answered"


def test_each_team_s_page_says_whom_it_is_for_and_why(night: Night) -> None:
    night.declare(2)
    night.answer("data_or_auth", True)
    pages = night.read(lambda c: pages_list(c, SYSTEM))
    told = {page.title: page.detail for page in pages if page.subject_kind == "team"}
    assert set(told) == {"Security needed: Card payments fail", "Legal needed: Card payments fail"}
    assert all("sign-in is touched" in why.splitlines()[0] for why in told.values()), told


def test_a_label_pages_security_and_legal_before_anybody_answers(night: Night) -> None:
    night.declare(2, staffed=False, labels={"category": "auth"})
    assert night.paged_teams() == {"security", "legal"}


def test_the_runbook_asks_only_what_it_asks(night: Night) -> None:
    night.declare(2)
    with pytest.raises(Invalid, match="data_or_auth"):
        night.answer("is_it_dns", True)


def test_the_second_team_comes_by_one_click_and_never_twice(night: Night) -> None:
    night.declare(2)
    call_in(night, "secondary")
    assert night.paged_teams() == {"platform"}
    with pytest.raises(Conflict, match="called in already"):
        call_in(night, "platform")


def test_a_person_or_a_policy_can_be_called_in_and_a_wrong_name_tells_the_nearest(night: Night) -> None:
    night.declare(2)
    call_in(night, "mira")
    call_in(night, "platform")
    with pytest.raises(Invalid, match="security"):
        call_in(night, "securty")


def test_without_a_second_team_it_says_so(night: Night) -> None:
    night.declare(2, services=("ledger",))
    with pytest.raises(Invalid, match="names a second team"):
        call_in(night, "secondary")


def test_a_third_party_opens_an_engagement_with_each_vendor_behind_the_services(night: Night) -> None:
    night.declare(2)
    night.answer("vendor", True)
    assert {fact.vendor for fact in night.facts(VendorEngaged)} == {"paybridge", "slowmail"}
    assert night.facts(VendorEngaged)[0].contact or night.facts(VendorEngaged)[1].contact


def test_a_vendor_who_does_not_answer_in_the_contracts_time_is_told_to_the_commander_once(night: Night) -> None:
    night.declare(2)
    engagement = engage(night, "paybridge")
    started = night.clock.now()
    night.wait(19 * MINUTE)
    assert night.facts(VendorLate) == []
    night.wait(MINUTE)
    (late,) = night.facts(VendorLate)
    assert late.due_at - started == 20 * MINUTE
    assert any("PayBridge" in title or "paybridge" in title for title in night.told("kofi"))
    night.write(lambda c, now: usecases.note_vendor(c, DANA, night.id, engagement, "answered", "they see it too", now))
    night.wait(60 * MINUTE)
    assert len(night.facts(VendorLate)) == 1


def test_a_vendor_without_contract_has_as_long_as_the_runbook_says(night: Night) -> None:
    night.declare(1)
    engage(night, "slowmail")
    night.wait(31 * MINUTE)
    (late,) = night.facts(VendorLate)
    assert late.due_at - night.state.comms.vendors[late.engagement_id].opened_at == 30 * MINUTE


def test_an_answer_in_time_stops_the_clock_and_a_promise_starts_the_next(night: Night) -> None:
    night.declare(2)
    engagement = engage(night, "paybridge")
    with pytest.raises(Conflict, match="engaged already"):
        engage(night, "paybridge")
    promised = night.clock.now() + 40 * MINUTE
    night.write(
        lambda c, now: usecases.note_vendor(
            c, DANA, night.id, engagement, "waiting", "a fix in 40 min", now, respond_by=promised
        )
    )
    night.wait(39 * MINUTE)
    assert night.facts(VendorLate) == []
    night.wait(MINUTE)
    assert [late.due_at for late in night.facts(VendorLate)] == [promised]
