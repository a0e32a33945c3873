"""How a page reaches a person: by their methods in order, by the next one when one fails, twice rather than never."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from tests.paging.conftest import Night, pages_by_mail
from tests.standins.receiver import NtfyStandin, Receiver
from tests.standins.smtp import SmtpStandin
from tocsin.clock import SimulatedClock
from tocsin.engine.claims import claim_deliveries
from tocsin.identity.actor import SYSTEM
from tocsin.organisation.model.fields import Target
from tocsin.paging import usecases
from tocsin.paging.methods import NOT_SET_UP
from tocsin.paging.page import OpenPage
from tocsin.paging.usecases.climbing import climb
from tocsin.paging.usecases.ledger import lock_page
from tocsin.store.database import Database
from tocsin.store.tables.paging import contact_methods


def test_when_mail_is_down_the_next_method_is_used_after_its_third_failure(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    night.mail("dana")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    smtp.stop()
    night.group()
    night.pass_time(seconds=2)
    assert ntfy.messages("dana-phone") == []
    night.pass_time(seconds=4)
    (message,) = ntfy.messages("dana-phone")
    assert message["title"] == "Checkout is failing" and message["priority"] == 5
    assert [action["label"] for action in message["actions"]] == ["Acknowledge", "Open"]
    assert message["click"].startswith("https://tocsin.example/p/")
    assert message["actions"][0] == {
        "action": "http",
        "label": "Acknowledge",
        "url": message["click"],
        "method": "POST",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "body": "do=acknowledge",
        "clear": True,
    }
    assert ("failed", "dana") in night.log() and night.log("receipt") == [("receipt", "dana")]
    night.pass_time(minutes=3)
    assert [person for _, person in night.log("step")] == ["dana"], "she was reached, so it waits its whole time"


def test_a_refusal_for_good_moves_on_to_the_next_method_at_once(
    night: Night, smtp: SmtpStandin, ntfy: NtfyStandin
) -> None:
    night.mail("dana")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    smtp.refuse()
    night.group()
    assert len(ntfy.messages("dana-phone")) == 1
    assert "550" in str(night.texts("failed")[0])


def test_a_method_that_was_taken_leaves_the_next_one_quiet(night: Night, smtp: SmtpStandin, ntfy: NtfyStandin) -> None:
    night.mail("dana")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    night.group()
    night.pass_time(minutes=4)
    assert len(pages_by_mail(smtp, "dana")) == 1
    assert ntfy.messages("dana-phone") == []


def test_a_step_whose_every_method_fails_passes_to_the_next_step_at_once(night: Night, smtp: SmtpStandin) -> None:
    night.method("dana", "webhook", "http://10.0.0.1/hook")
    night.mail("kofi")
    night.group()
    assert pages_by_mail(smtp, "kofi") == ["Checkout is failing"]
    assert "not a public address" in str(night.texts("failed")[0])


def test_a_page_is_tried_again_and_again_while_the_mail_server_says_not_now(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    smtp.refuse_for_now()
    night.group()
    night.pass_time(seconds=20)
    smtp.accept()
    night.pass_time(minutes=1)
    assert pages_by_mail(smtp, "dana") == ["Checkout is failing"]


def test_acknowledged_in_between_nothing_more_is_sent(night: Night, smtp: SmtpStandin, ntfy: NtfyStandin) -> None:
    night.mail("dana")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    smtp.refuse_for_now()
    night.group()
    night.acknowledge("dana")
    smtp.accept()
    night.pass_time(minutes=20)
    assert pages_by_mail(smtp, "dana") == []
    assert ntfy.messages("dana-phone") == []


def test_an_answer_that_was_never_seen_is_sent_again_as_the_same_mail(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    page = night.write(lambda c, now: usecases.open_page(c, OpenPage(subject_kind="person", title="Look"), now))
    night.write(lambda c, now: carry_out_first_step(c, page, now))
    (claimed,) = night.write(lambda c, now: list(claim_deliveries(c, "smtp", ["page"], "doomed", now, 5)))
    sender = night.registry.senders["page"]
    prepared = night.write(lambda c, now: sender.prepare(c, claimed.delivery, now))
    night.runner.run(sender.send(claimed.delivery, prepared))  # and here the process dies
    assert night.log("receipt") == []
    night.pass_time(minutes=2)
    first, second = smtp.to("dana@example.com")
    assert second.message["Message-ID"] == first.message["Message-ID"]
    assert "sent again: the first answer was never seen" in night.texts("attempt")
    assert night.log("receipt") == [("receipt", "dana")]


def carry_out_first_step(connection: Connection, page_id: str, now: datetime) -> None:
    climb(connection, lock_page(connection, page_id), now)


def test_a_webhook_is_signed_and_says_the_same_id_when_it_is_over(night: Night, receiver: Receiver) -> None:
    def add(connection: Any, now: Any) -> usecases.Added:
        return usecases.add_method(connection, night.actor("dana"), "dana", "webhook", f"{receiver.url}/hook", now)

    added: usecases.Added = night.write(add)
    night.write(lambda c, now: usecases.prove_method(c, SYSTEM, added.id, now))
    group = night.group()
    request = receiver.wait_for(lambda one: one.json["type"] == "page.opened")
    assert added.secret is not None
    key = base64.b64decode(added.secret.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    digest = hmac.new(key, signed, hashlib.sha256)
    assert request.headers["tocsin-signature"] == f"v1={digest.hexdigest()}"
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(digest.digest()).decode()}"
    assert request.json["data"]["title"] == "Checkout is failing"
    night.change_group(group, state="closed")
    over = receiver.wait_for(lambda one: one.json["type"] == "page.over")
    assert over.json["data"]["page_id"] == request.json["data"]["page_id"]


def test_secrets_of_a_method_are_sealed_in_the_database(night: Night, ntfy: NtfyStandin) -> None:
    night.method("dana", "ntfy", f"{ntfy.url.replace('http://', 'http://:tk_secret@')}/dana-phone")
    stored = night.database.read(lambda c: c.execute(select(contact_methods.c.address)).scalar_one())
    assert "tk_secret" not in stored and "dana-phone" not in stored
    night.group()
    assert len(ntfy.messages("dana-phone")) == 1
    assert ntfy.received[-1].headers["authorization"] == "Bearer tk_secret"
    (shown,) = night.database.read(lambda c: usecases.list_methods(c, night.actor("dana"), "dana"))
    assert "tk_secret" not in shown.target and "dana-phone" not in shown.target


def test_a_restricted_page_shows_next_to_nothing_outside(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    asked = OpenPage(
        subject_kind="role",
        subject_id="i1:security",
        title="Customer data copied",
        detail="From bucket x",
        services=("vault",),
        to=(Target(person="dana"),),
        restricted=True,
    )
    night.write(lambda c, now: usecases.open_page(c, asked, now))
    night.settle()
    (mail,) = smtp.to("dana@example.com")
    assert mail.subject == "You are needed in a restricted incident"
    raw = mail.message.as_string() + "".join(night.printed)
    assert "Customer data" not in raw and "bucket" not in raw and "vault" not in raw
    night.write(lambda c, now: usecases.withdraw_page(c, "role", "i1:security", "Mallory of Acme did it", now))
    night.settle()
    assert smtp.to("dana@example.com")[-1].subject == "Over: a restricted page"
    assert "Mallory" not in smtp.to("dana@example.com")[-1].message.as_string()


def test_practice_reaches_the_screen_alone_and_climbs_all_the_same(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi", "ada")
    asked = OpenPage(subject_kind="regression", subject_id="i1", title="Drill", policy="checkout", practice=True)
    night.write(lambda c, now: usecases.open_page(c, asked, now))
    night.pass_time(minutes=40)
    assert [person for _, person in night.log("step")] == ["dana", "kofi", "dana", "kofi", "ada"]
    assert [pages_by_mail(smtp, who) for who in ("dana", "kofi", "ada")] == [[], [], []]
    assert "PAGE for Dana Reyes: Practice: Drill" in night.printed[0]


def test_what_an_alert_says_does_nothing_to_the_terminal_that_shows_it(night: Night) -> None:
    night.group(title="Checkout \x1b[2J\x1b]0;owned\x07 fails")
    assert "Checkout \\x1b[2J\\x1b]0;owned\\x07 fails" in night.printed[0]
    assert "\x1b" not in "".join(night.printed)


@pytest.fixture
def mailless(database: Database, clock: SimulatedClock) -> Iterator[Night]:
    made = Night(database, clock)
    yield made
    made.close()


def test_a_mail_that_another_process_planned_says_that_this_one_can_t_and_the_next_is_used(
    mailless: Night, ntfy: NtfyStandin
) -> None:
    mailless.database.context[NOT_SET_UP] = {}
    mailless.mail("dana")
    mailless.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    mailless.group()
    assert len(ntfy.messages("dana-phone")) == 1
    assert "TOCSIN_SMTP__HOST" in str(mailless.texts("failed")[0])


def test_a_hanging_mail_server_delays_no_other_method(night: Night, smtp: SmtpStandin, ntfy: NtfyStandin) -> None:
    night.mail("dana")
    night.method("kofi", "ntfy", f"{ntfy.url}/kofi-phone")
    smtp.hang()
    asked = OpenPage(
        subject_kind="team", subject_id="x", title="Both", to=(Target(person="dana"), Target(person="kofi"))
    )
    night.write(lambda c, now: usecases.open_page(c, asked, now))

    async def a_while() -> None:
        turning = asyncio.create_task(night.loop.run_due())
        for _ in range(500):
            await asyncio.sleep(0.01)
            if ntfy.messages("kofi-phone"):
                break
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)

    night.runner.run(a_while())
    assert len(ntfy.messages("kofi-phone")) == 1
    smtp.accept()
    night.clock.advance(timedelta(minutes=3))
