"""Without a mail server e-mail is passed over when a step is planned, and that is said once."""

import pytest
from sqlalchemy import select

from tests.paging.conftest import Night
from tests.standins.receiver import NtfyStandin
from tests.standins.smtp import SmtpStandin
from tocsin.errors import Conflict, Invalid
from tocsin.organisation.model.fields import Target
from tocsin.paging import usecases
from tocsin.paging.page import OpenPage
from tocsin.store.tables.engine import deliveries

REASON = "e-mail is not set up on this installation (TOCSIN_SMTP__HOST)"


def test_the_person_s_next_method_goes_at_once_and_no_mail_is_tried(night: Night, ntfy: NtfyStandin) -> None:
    night.mail("dana")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    night.lose_the_mail_server()
    night.group()
    assert len(ntfy.messages("dana-phone")) == 1
    assert night.log("failed") == []
    assert night.texts("skipped") == [REASON]
    planned = select(deliveries.c.payload).where(deliveries.c.kind == "page")
    assert {one["kind"] for one in night.database.read(lambda c: c.execute(planned).scalars().all())} == {
        "screen",
        "ntfy",
    }


def test_who_has_mail_alone_is_passed_over_at_once_for_the_next_person(night: Night, ntfy: NtfyStandin) -> None:
    night.mail("dana")
    night.method("kofi", "ntfy", f"{ntfy.url}/kofi-phone")
    night.lose_the_mail_server()
    night.group()
    assert len(ntfy.messages("kofi-phone")) == 1
    assert ("attempt", "dana") in night.log("attempt"), "her screen rings all the same"


def test_a_night_without_any_mail_is_told_once_for_each_person(night: Night) -> None:
    night.mail("dana", "kofi", "ada")
    night.lose_the_mail_server()
    night.group()
    night.pass_time(hours=2)
    assert sorted(night.log("skipped")) == [("skipped", "ada"), ("skipped", "dana"), ("skipped", "kofi")]
    assert night.log("failed") == []
    assert night.page().last_resort, "the last resort goes on being paged, on their screen"
    assert len([one for one in night.log("attempt") if one[1] == "ada"]) == 9


def test_the_address_in_the_files_is_not_tried_either(night: Night) -> None:
    night.lose_the_mail_server()
    night.group()
    night.pass_time(hours=1)
    assert night.log("failed") == []


def test_mail_goes_again_once_it_is_set_up(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana")
    context = dict(night.database.context)
    night.lose_the_mail_server()
    night.database.context.update(context)
    night.group()
    assert len(smtp.to("dana@example.com")) == 1


def test_a_way_that_is_not_set_up_can_t_be_added_and_shows_why(night: Night) -> None:
    id = night.method("dana", "email", "dana@example.com")
    night.lose_the_mail_server()
    with pytest.raises(Invalid, match="e-mail is not set up"):
        night.write(lambda c, now: usecases.add_method(c, night.actor("kofi"), "kofi", "email", "k@example.com", now))
    (shown,) = night.database.read(lambda c: usecases.list_methods(c, night.actor("dana"), "dana"))
    assert shown.missing == REASON
    with pytest.raises(Conflict, match="e-mail is not set up"):
        night.write(lambda c, now: usecases.test_method(c, night.actor("dana"), id, now))


def test_a_person_paged_by_hand_who_has_mail_alone_is_followed_by_the_policy(night: Night, ntfy: NtfyStandin) -> None:
    night.mail("ravi")
    night.method("dana", "ntfy", f"{ntfy.url}/dana-phone")
    night.lose_the_mail_server()
    asked = OpenPage(subject_kind="person", title="Look, please", to=(Target(person="ravi"),))
    night.write(lambda c, now: usecases.open_page(c, asked, now))
    night.settle()
    assert [one["title"] for one in ntfy.messages("dana-phone")] == ["Look, please"]


def test_whom_only_a_screen_reaches_is_asked_once_before_the_last_resort(night: Night) -> None:
    night.group()
    assert [who for _, who in night.log("step")] == ["dana", "kofi", "ada"]
