"""Mail goes out as one message that is the same when it is sent again, and a refusal says whether to try again."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.standins.smtp import SmtpStandin
from tocsin.clients.smtp import Attachment, Mail, MailNotTaken, Smtp, SmtpSettings, compose

AT = datetime(2026, 11, 19, 14, 0, tzinfo=UTC)


def mail(**changes: Any) -> Mail:
    plain = Mail(to="dana@example.com", subject="Checkout is down", text="Act.\n", key="k1", at=AT)
    return replace(plain, **changes)


def client(smtp: SmtpStandin) -> Smtp:
    return Smtp(SmtpSettings(smtp.host, smtp.port, "none", sender="Tocsin <pager@example.com>"))


def test_a_mail_arrives_with_both_texts_and_says_that_a_machine_wrote_it(smtp: SmtpStandin) -> None:
    receipt = asyncio.run(client(smtp).send(mail(html="<p>Act.</p>", urgent=True)))
    (came,) = smtp.to("dana@example.com")
    assert came.subject == "Checkout is down" and came.text.strip() == "Act."
    assert came.message["Auto-Submitted"] == "auto-generated" and came.message["X-Priority"] == "1"
    assert receipt["message_id"] == came.message["Message-ID"] and receipt["message_id"].endswith("@example.com>")


def test_the_same_key_gives_the_same_message_id() -> None:
    first, again, other = (compose(mail(key=key), "t@example.com")["Message-ID"] for key in ("a", "a", "b"))
    assert first == again != other


def test_nobody_adds_a_header_by_a_line_break_in_a_title() -> None:
    message = compose(mail(subject="down\r\nBcc: all@example.com"), "t@example.com")
    assert message["Bcc"] is None and message["Subject"] == "down Bcc: all@example.com"


def test_an_invitation_keeps_its_method(smtp: SmtpStandin) -> None:
    invitation = Attachment(
        "review.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text", "calendar", (("method", "REQUEST"),)
    )
    asyncio.run(client(smtp).send(mail(attachments=(invitation,))))
    (came,) = smtp.mails
    assert came.calendar and came.calendar.startswith("BEGIN:VCALENDAR")


def test_a_refusal_for_good_and_one_for_now_are_told_apart(smtp: SmtpStandin) -> None:
    smtp.refuse()
    with pytest.raises(MailNotTaken, match="550") as raised:
        asyncio.run(client(smtp).send(mail()))
    assert raised.value.permanent
    smtp.refuse_for_now()
    with pytest.raises(MailNotTaken, match="451") as raised:
        asyncio.run(client(smtp).send(mail()))
    assert not raised.value.permanent
    smtp.stop()
    with pytest.raises(MailNotTaken) as raised:
        asyncio.run(client(smtp).send(mail()))
    assert not raised.value.permanent
