"""How a page reads: snoozed until when, and the last resort only where the page climbed to it."""

from datetime import timedelta

from tests.paging.conftest import Night
from tests.standins.smtp import SmtpStandin
from tocsin.identity.actor import SYSTEM
from tocsin.organisation.model.fields import Target
from tocsin.paging import queries, usecases
from tocsin.paging.page import OpenPage


def listed(night: Night, state: str) -> list[str]:
    return [page.standing for page in night.database.read(lambda c: queries.pages_list(c, SYSTEM, state=state))]


def test_a_snoozed_page_is_listed_as_snoozed_until_its_time(night: Night) -> None:
    night.mail("dana")
    night.group()
    until = night.clock.now() + timedelta(minutes=20)
    night.write(lambda c, now: usecases.snooze_page(c, night.actor("dana"), night.page().id, until, now))
    assert (listed(night, "open"), listed(night, "snoozed"), listed(night, "live")) == ([], ["snoozed"], ["snoozed"])
    assert night.page().snoozed_until == until
    night.pass_time(minutes=21)
    assert (listed(night, "open"), listed(night, "snoozed")) == (["open"], [])


def test_an_acknowledged_page_that_is_snoozed_stays_acknowledged(night: Night) -> None:
    night.group()
    night.acknowledge("dana")
    until = night.clock.now() + timedelta(minutes=20)
    night.write(lambda c, now: usecases.snooze_page(c, night.actor("dana"), night.page().id, until, now))
    assert (listed(night, "acknowledged"), listed(night, "snoozed")) == (["acknowledged"], [])


def last_mail(smtp: SmtpStandin, who: str) -> str:
    return smtp.to(f"{who}@example.com")[-1].text


def test_who_is_the_only_one_ever_paged_is_not_told_that_nobody_before_them_answered(
    night: Night, smtp: SmtpStandin
) -> None:
    night.method("ada", "email", "ada@example.com")
    asked = OpenPage(subject_kind="person", title="Look", to=(Target(person="ada"),), policy="nobody")
    night.write(lambda c, now: usecases.open_page(c, asked, now))
    night.pass_time(hours=1)
    assert night.page().last_resort
    assert "last resort" not in last_mail(smtp, "ada")


def test_who_is_paged_after_others_is_told_that_they_are_the_last_resort(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "ada")
    night.group()
    night.pass_time(hours=1)
    assert "you are the last resort" in last_mail(smtp, "ada")
    night.write(lambda c, now: usecases.pass_on_page(c, night.actor("dana"), night.page().id, now))
    night.settle()
    assert "you are the last resort" in last_mail(smtp, "ada")
