"""Tocsin watches its own paging: late steps escalate, a canary leaves and must come back, /readyz tells."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.paging.conftest import Night, pages_by_mail
from tests.standins.receiver import Received, Receiver, Refusal
from tests.standins.smtp import SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.paging.queries.health import last_canary, late_pages
from tocsin.paging.usecases.watching import keep_canary
from tocsin.store.database import Database


class FrontDoor(Receiver):
    """The installation's public address: whatever comes is handed in, unless the line is cut."""

    night: Night
    cut = False

    def judge(self, request: Received) -> Mapping[str, Any]:
        """As our own front does."""
        super().judge(request)
        if self.cut:
            raise Refusal(502, {"error": "bad gateway"})
        with self.night.from_outside() as client:
            answer = client.post(request.path, content=request.body)
        if not answer.is_success:
            raise Refusal(answer.status_code, {"error": answer.text})
        return {}


@pytest.fixture
def door() -> Iterator[FrontDoor]:
    door = FrontDoor()
    door.start()
    yield door
    door.stop()


@pytest.fixture
def night(database: Database, clock: SimulatedClock, smtp: SmtpStandin, door: FrontDoor) -> Iterator[Night]:
    """Tocsin with a mail server, behind its front door."""
    made = Night(database, clock, smtp, public_url=door.url)
    door.night = made
    yield made
    made.close()


def titles(night: Night) -> list[str]:
    return [page.title for page in night.pages()]


def test_the_canary_leaves_each_hour_and_comes_back(night: Night, door: FrontDoor) -> None:
    night.write(keep_canary)
    night.write(keep_canary)
    night.pass_time(hours=3, minutes=5)
    assert len(door.received) == 4, "at once and then each hour"
    canary = night.database.read(last_canary)
    assert canary is not None and canary.returned_at is not None and not canary.is_lost(night.clock.now())
    assert titles(night) == []


def test_a_canary_that_does_not_come_back_is_a_page_that_ends_when_one_does(
    night: Night, door: FrontDoor, smtp: SmtpStandin
) -> None:
    night.mail("dana")
    door.cut = True
    night.write(keep_canary)
    night.pass_time(minutes=3)
    canary = night.database.read(last_canary)
    assert canary is not None and canary.is_lost(night.clock.now())
    assert pages_by_mail(smtp, "dana") == ["The canary page did not come back"]
    assert "502" in night.page().detail
    door.cut = False
    night.pass_time(hours=1)
    assert night.page().state == "ended"


def test_only_our_own_canary_is_let_in(night: Night) -> None:
    with night.from_outside() as client:
        for body, status in (({"canary": "me:0.ab"}, 403), ({}, 400), ([], 400)):
            assert client.post("/callbacks/canary", content=json.dumps(body)).status_code == status


def test_a_step_that_tocsin_carried_out_late_is_a_page_of_its_own(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    night.away(minutes=20)
    night.settle()
    late = next(page for page in night.pages() if page.subject_kind == "tocsin")
    assert late.title == "Tocsin paged late" and "15 min late" in late.detail
    assert "Tocsin paged late" in pages_by_mail(smtp, "dana"), "by the default policy, so it escalates"
    assert titles(night).count("Tocsin paged late") == 1


def test_a_step_in_time_is_no_page_and_a_page_about_lateness_is_no_other_one(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    night.pass_time(minutes=40)
    assert titles(night) == ["Checkout is failing"]
    night.away(minutes=30)
    night.settle()
    night.away(minutes=30)
    night.settle()
    assert titles(night).count("Tocsin paged late") == 1


def test_what_of_pages_is_late_is_counted(night: Night) -> None:
    night.group(settled=False)
    night.settle()
    assert night.database.read(lambda c: late_pages(c, night.clock.now())) == 0
    night.away(minutes=30)
    assert night.database.read(lambda c: late_pages(c, night.clock.now())) >= 1
    night.settle()
    assert night.database.read(lambda c: late_pages(c, night.clock.now())) == 0
