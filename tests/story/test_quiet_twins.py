"""What must also hold when a night goes wrong, on a simulated clock: who is paged, how often, and by what."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.standins.house import House, opened
from tests.standins.receiver import Receiver
from tests.standins.smtp import SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.demo.own_rule import webhook_body
from tocsin.store.tables.paging import page_log

MINUTE = timedelta(minutes=1)


@pytest.fixture
def house(tmp_path: Path, database_url: str, clock: SimulatedClock, smtp: SmtpStandin) -> Iterator[House]:
    """The shop's Tocsin; everybody reads e-mail."""
    with opened(tmp_path, database_url, clock, smtp) as made:
        made.apply_organisation(step="5m")
        for person in ("ada", "dana", "kofi", "mira"):
            made.verified_email(smtp, person, f"{person}@shop.example")
        yield made


def fire(house: House) -> str:
    """The shop's alert arrives; returns the page that it raised."""
    url = house.alert_url()
    answer = house.request("POST", url, webhook_body(0.4, house.clock.now(), None))
    assert answer.status_code in (200, 202)
    house.settle()
    pages = house.call("GET", "/pages?state=open")["items"]
    assert len(pages) == 1
    return str(pages[0]["id"])


def steps(house: House, page: str) -> list[tuple[str, int]]:
    """Who was paged, and how many minutes after the page opened."""
    rows = house.database.read(
        lambda c: c.execute(
            select(page_log.c.kind, page_log.c.person_id, page_log.c.at)
            .where(page_log.c.page_id == page)
            .order_by(page_log.c.seq)
        ).all()
    )
    opened_at = next(row.at for row in rows if row.kind == "opened")
    return [(row.person_id, round((row.at - opened_at) / MINUTE)) for row in rows if row.kind == "step"]


def pages_mailed(smtp: SmtpStandin, person: str) -> int:
    """How many pages reached the person's mailbox."""
    return sum("/p/" in mail.text for mail in smtp.to(f"{person}@shop.example"))


def test_nobody_acknowledges_so_it_climbs_to_the_last_resort_and_goes_on(house: House, smtp: SmtpStandin) -> None:
    page = fire(house)
    assert steps(house, page) == [("dana", 0)]
    house.pass_time(6 * MINUTE)
    assert steps(house, page) == [("dana", 0), ("kofi", 5)]
    house.pass_time(36 * MINUTE)
    assert steps(house, page) == [("dana", 0), ("kofi", 5), ("ada", 10), ("ada", 25), ("ada", 40)]
    assert pages_mailed(smtp, "ada") == 3


def test_an_acknowledgement_ends_the_climbing(house: House) -> None:
    page = fire(house)
    house.call("POST", f"/pages/{page}/acknowledge")
    house.pass_time(20 * MINUTE)
    assert steps(house, page) == [("dana", 0)]


def test_tocsin_was_away_two_hours_and_no_ladder_is_burnt(house: House) -> None:
    page = fire(house)
    house.sleep(timedelta(hours=2))
    house.settle()
    assert steps(house, page) == [("dana", 0), ("kofi", 120)], "one step at once, not every step that was missed"
    house.pass_time(4 * MINUTE)
    assert len(steps(house, page)) == 2, "the next step counts from when this one was carried out"
    house.pass_time(2 * MINUTE)
    assert steps(house, page)[-1] == ("ada", 125)


def test_mail_is_down_so_the_next_method_is_used(house: House, smtp: SmtpStandin, receiver: Receiver) -> None:
    house.verified_webhook(receiver, "dana")
    smtp.stop()
    page = fire(house)
    house.pass_time(MINUTE)
    assert any(page in one.body.decode() for one in receiver.received), "the webhook got what the mail could not carry"
    smtp.start()


def test_who_was_paged_is_told_when_it_is_over(house: House, smtp: SmtpStandin) -> None:
    url = house.alert_url()
    began = house.clock.now()
    house.request("POST", url, webhook_body(0.4, began, None))
    house.settle()
    before = len(smtp.to("dana@shop.example"))
    house.pass_time(2 * MINUTE)
    house.request("POST", url, webhook_body(0.0, began, house.clock.now()))
    house.pass_time(10 * MINUTE)
    assert house.call("GET", "/pages?state=open")["items"] == []
    assert len(smtp.to("dana@shop.example")) == before + 1
    assert pages_mailed(smtp, "kofi") == 0, "in the flap window it does not climb"
