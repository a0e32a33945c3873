"""Whoever shadows is told what who is on call is paged for, and owes nothing."""

from datetime import timedelta

import pytest

from tests.paging.conftest import Night, pages_by_mail
from tests.paging.test_answering import incident
from tests.standins.smtp import SmtpStandin
from tocsin.errors import Forbidden, Invalid, NotFound
from tocsin.identity.actor import Right
from tocsin.oncall import queries
from tocsin.oncall.queries.feeds import person_feed
from tocsin.oncall.queries.shadows import list_shadows
from tocsin.oncall.usecases.shadowing import AddShadow, add_shadow, end_shadow
from tocsin.paging import usecases

DAY = timedelta(days=1)


def shadow(night: Night, who: str = "ravi", of: str | None = None, schedule: str = "primary") -> str:
    now = night.clock.now()
    command = AddShadow(schedule, who, now, now + DAY, of)
    made: str = night.write(lambda c, at: add_shadow(c, night.actor(who), command, at))
    return made


def test_who_shadows_is_told_of_the_page_and_has_nothing_to_answer(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "ravi")
    shadow(night)
    night.group()
    assert pages_by_mail(smtp, "ravi") == ["You shadow: Checkout is failing"]
    text = smtp.to("ravi@example.com")[0].text
    assert "Dana Reyes is paged. You shadow them: there is nothing to acknowledge." in text
    assert "/p/" not in text, "no link answers for them"
    assert night.page().paged == ("dana",)
    assert ("shadow", "ravi") in night.log("shadow")


def test_a_shadow_is_no_cover(night: Night, smtp: SmtpStandin) -> None:
    night.mail("ravi", "kofi")
    shadow(night, schedule="empty")
    night.group("gappy")
    assert night.page().paged == ("kofi",)
    window = night.clock.now(), night.clock.now() + DAY
    assert night.database.read(lambda c: queries.gaps_between(c, "empty", *window))
    assert night.database.read(lambda c: queries.shifts_of_person(c, "ravi", *window)) == []


def test_who_shadows_one_person_hears_of_theirs_alone(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "ravi")
    shadow(night, of="kofi")
    night.group()
    assert pages_by_mail(smtp, "ravi") == []
    shadow(night, of="dana")
    night.group()
    assert pages_by_mail(smtp, "ravi") == ["You shadow: Checkout is failing"]


def test_it_is_told_once_each_time_that_the_page_begins_and_not_when_it_is_over(
    night: Night, smtp: SmtpStandin
) -> None:
    night.mail("dana", "ravi")
    shadow(night)
    group = night.group()
    night.pass_time(minutes=40)
    assert len(pages_by_mail(smtp, "ravi")) == 1
    night.change_group(group, state="closed", firing=0, loud=0)
    assert len(pages_by_mail(smtp, "ravi")) == 1


def test_a_restricted_page_is_not_told(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "ravi")
    shadow(night)
    group = night.group(settled=False)
    incident(night, "secret", restricted=True)
    night.settle()
    page = night.page().id
    night.write(lambda c, now: usecases.link_pages_to_incident(c, [group], "secret", True, False, now))
    before = len(pages_by_mail(smtp, "ravi"))
    night.write(lambda c, now: usecases.reassign_page(c, night.actor("dana"), page, "primary", now))
    night.settle()
    assert len(pages_by_mail(smtp, "ravi")) == before


def test_it_ends_when_it_was_to_or_when_somebody_ends_it(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "ravi")
    made = shadow(night)
    night.clock.advance(timedelta(hours=1))
    night.write(lambda c, now: end_shadow(c, night.actor("ravi"), made, now))
    night.group()
    assert pages_by_mail(smtp, "ravi") == []
    shadow(night)
    night.clock.advance(DAY)
    night.group()
    assert pages_by_mail(smtp, "ravi") == []
    with pytest.raises(NotFound):
        night.write(lambda c, now: end_shadow(c, night.actor("ravi"), made, now))


def test_their_own_calendar_shows_it_as_free_time(night: Night) -> None:
    shadow(night)
    text = night.database.read(lambda c: person_feed(c, "ravi", night.clock.now())).decode()
    assert "SUMMARY:Ravi Menon shadows Dana Reyes: Primary" in text
    assert "TRANSP:TRANSPARENT" in text


def test_one_shadows_for_oneself_and_managers_for_anybody(night: Night) -> None:
    now = night.clock.now()
    for actor, command, refusal in (
        (night.actor("kofi"), AddShadow("primary", "ravi", now, now + DAY), Forbidden),
        (night.actor("ravi", Right.VIEWER), AddShadow("primary", "ravi", now, now + DAY), Forbidden),
        (night.actor("ravi"), AddShadow("nothing", "ravi", now, now + DAY), NotFound),
        (night.actor("ravi"), AddShadow("primary", "ravi", now, now - DAY), Invalid),
        (night.actor("ravi"), AddShadow("primary", "ravi", now, now + 400 * DAY), Invalid),
        (night.actor("ravi"), AddShadow("primary", "ravi", now, now + DAY, "ravi"), Invalid),
        (night.actor("ravi"), AddShadow("primary", "ravi", now, now + DAY, "nobody"), Invalid),
    ):
        with pytest.raises(refusal):
            night.write(lambda c, at, actor=actor, command=command: add_shadow(c, actor, command, at))
    manager = night.actor("kofi", Right.MANAGER)
    night.write(lambda c, at: add_shadow(c, manager, AddShadow("primary", "ravi", now, now + DAY), at))
    (found,) = night.database.read(lambda c: list_shadows(c, manager, now))
    assert (found.person_id, found.schedule_id) == ("ravi", "primary")
