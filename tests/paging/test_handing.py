"""A page in other hands: given to somebody else, or more people asked to help with it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.paging.conftest import Night, pages_by_mail
from tests.paging.test_answering import incident
from tests.standins.smtp import SmtpStandin
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity.actor import SYSTEM, Right
from tocsin.paging import queries, usecases
from tocsin.paging.queries.ringing import ringing_for


def reassign(night: Night, to: str, who: str = "ravi", reason: str = "", page: str = "") -> None:
    page = page or night.page().id
    night.write(lambda c, now: usecases.reassign_page(c, night.actor(who), page, to, now, reason=reason))
    night.settle()


def ask(night: Night, page: str, *to: str, who: str = "dana", text: str = "") -> list[str]:
    opened: list[str] = night.write(lambda c, now: usecases.ask_to_help(c, night.actor(who), page, to, now, text=text))
    night.settle()
    return opened


def detail(night: Night, page: str) -> queries.PageDetail:
    return night.database.read(lambda c: queries.page_detail(c, SYSTEM, page))


def events(night: Night, page: str) -> list[tuple[str, str | None, str | None]]:
    told = ("reassigned", "asked", "joined", "declined")
    return [(line.event, line.person, line.text) for line in detail(night, page).log if line.event in told]


def rings_for(night: Night, who: str) -> list[str]:
    return [row.title for row in night.database.read(lambda c: ringing_for(c, night.actor(who)))]


def test_who_is_given_a_page_is_paged_and_who_had_it_is_told(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi", "ravi")
    night.group()
    night.acknowledge("dana")
    reassign(night, "ravi", who="kofi", reason="Ravi wrote it")
    page = night.page()
    assert (page.state, page.acknowledged_by) == ("open", None)
    assert events(night, page.id) == [("reassigned", "kofi", "to Ravi Menon: Ravi wrote it")]
    assert len(pages_by_mail(smtp, "ravi")) == 1
    assert pages_by_mail(smtp, "dana")[-1] == "No longer yours: Checkout is failing"
    assert "Kofi gave it to Ravi Menon" in smtp.to("dana@example.com")[-1].text
    assert pages_by_mail(smtp, "kofi") == []


def test_a_page_that_nobody_answers_climbs_its_policy_from_who_was_given_it(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi", "ravi")
    night.group()
    reassign(night, "ravi")
    assert [person for event, person in night.log("step")] == ["dana", "ravi"]
    night.pass_time(minutes=6)
    assert [person for event, person in night.log("step")] == ["dana", "ravi", "dana"]
    night.pass_time(minutes=5)
    assert [person for event, person in night.log("step")][-1] == "kofi"


def test_a_policy_takes_the_place_of_the_pages_own(night: Night) -> None:
    night.mail("dana", "kofi")
    night.group()
    reassign(night, "gappy")
    assert night.page().policy_id == "gappy"
    assert [person for event, person in night.log("step")] == ["dana", "kofi"]


def test_what_still_waited_for_the_former_is_not_sent(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "ravi")
    night.method("dana", "email", "dana2@example.com")
    night.group()
    reassign(night, "ravi")
    night.pass_time(seconds=40)
    assert smtp.to("dana2@example.com") == []


def test_the_screens_of_those_who_had_it_ring_no_more(night: Night) -> None:
    night.mail("dana", "kofi")
    night.group()
    assert rings_for(night, "dana") == ["Checkout is failing"]
    reassign(night, "kofi")
    assert (rings_for(night, "dana"), rings_for(night, "kofi")) == ([], ["Checkout is failing"])


def test_a_page_can_come_back_to_who_had_it(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi")
    night.group()
    reassign(night, "kofi", who="dana")
    reassign(night, "dana", who="kofi")
    assert len([subject for subject in pages_by_mail(smtp, "dana") if "No longer" not in subject]) == 2
    assert rings_for(night, "dana") == ["Checkout is failing"]


def test_giving_wakes_what_was_snoozed(night: Night) -> None:
    night.group()
    page, later = night.page().id, night.clock.now() + timedelta(hours=2)
    night.write(lambda c, now: usecases.snooze_page(c, night.actor("dana"), page, later, now))
    reassign(night, "kofi")
    assert night.page().snoozed_until is None
    assert ("step", "kofi") in night.log("step")


@pytest.mark.parametrize(
    ("call", "refusal"),
    [
        ({"to": "nobody-here"}, Invalid),
        ({"to": "kofi", "page": "no-such-page"}, NotFound),
        ({"to": "kofi", "right": Right.VIEWER}, Forbidden),
    ],
)
def test_what_can_not_be_given_is_refused(night: Night, call: dict[str, Any], refusal: type[Exception]) -> None:
    night.group()
    actor, page = night.actor("ravi", call.get("right", Right.RESPONDER)), call.get("page") or night.page().id
    with pytest.raises(refusal):
        night.write(lambda c, now: usecases.reassign_page(c, actor, page, call["to"], now))
    with pytest.raises(refusal):
        night.write(lambda c, now: usecases.ask_to_help(c, actor, page, [call["to"]], now))
    assert night.page().reopened == 0


def test_a_page_that_is_over_is_given_to_nobody(night: Night) -> None:
    night.group()
    page = night.page().id
    night.write(lambda c, now: usecases.end_page(c, night.actor("dana"), page, "a test", now))
    with pytest.raises(Conflict, match="over: a test"):
        reassign(night, "kofi", page=page)


def test_who_is_asked_to_help_has_a_page_of_their_own(night: Night, smtp: SmtpStandin) -> None:
    night.mail("dana", "kofi", "ravi")
    night.group()
    night.acknowledge("dana")
    page = night.page().id
    kofis, ravis = ask(night, page, "kofi", "ravi", text="is it the cache?")
    assert "Dana asks you to help. is it the cache?" in smtp.to("kofi@example.com")[0].text
    night.write(lambda c, now: usecases.acknowledge_page(c, night.actor("kofi"), kofis, now, via="web"))
    night.write(lambda c, now: usecases.decline_page(c, night.actor("ravi"), ravis, now, reason="on a plane"))
    night.settle()
    assert events(night, page) == [
        ("asked", "dana", "Kofi Mensah to help: is it the cache?"),
        ("asked", "dana", "Ravi Menon to help: is it the cache?"),
        ("joined", "kofi", None),
        ("declined", "ravi", "on a plane"),
    ]
    whole = detail(night, page)
    assert (whole.page.state, whole.page.acknowledged_by) == ("acknowledged", "dana")
    assert [(each.id, each.state) for each in whole.helpers] == [(kofis, "acknowledged"), (ravis, "ended")]
    assert not any("Over" in subject for subject in pages_by_mail(smtp, "ravi")), "who declined knows it"
    night.pass_time(hours=2)
    assert detail(night, ravis).log[-1].event == "ended", "declined, it climbs no further"


def test_a_request_that_nobody_answers_climbs_like_any_page(night: Night) -> None:
    night.group()
    night.acknowledge("dana")
    (helping,) = ask(night, night.page().id, "ravi")
    night.pass_time(minutes=6)
    assert {line.person for line in detail(night, helping).log if line.event == "step"} >= {"ravi", "dana"}


def test_the_same_is_asked_once_and_again_after_an_answer(night: Night) -> None:
    night.group()
    page = night.page().id
    first = ask(night, page, "kofi", "kofi")
    assert ask(night, page, "kofi") == first
    night.write(lambda c, now: usecases.decline_page(c, night.actor("kofi"), first[0], now))
    assert ask(night, page, "kofi") != first


def test_when_it_is_over_nobody_is_asked_any_more(night: Night, smtp: SmtpStandin) -> None:
    night.mail("kofi")
    group = night.group()
    page = night.page().id
    (helping,) = ask(night, page, "kofi")
    night.change_group(group, state="closed", firing=0, loud=0)
    assert detail(night, helping).page.state == "ended"
    assert pages_by_mail(smtp, "kofi")[-1] == "Over: Checkout is failing"


def test_help_belongs_to_the_incident_of_its_page_and_is_as_restricted(night: Night) -> None:
    group = night.group()
    page = night.page().id
    (helping,) = ask(night, page, "kofi")
    incident(night, "secret", restricted=True)
    night.write(lambda c, now: usecases.link_pages_to_incident(c, [group], "secret", True, False, now))
    found = detail(night, helping).page
    assert (found.incident_id, found.restricted) == ("secret", True)
    with pytest.raises(NotFound):
        night.database.read(lambda c: queries.page_detail(c, night.actor("ravi"), helping))
    seen = night.database.read(lambda c: queries.page_detail(c, night.actor("kofi"), helping))
    assert (seen.page.hidden, seen.log) == (True, ())


def test_only_a_request_for_help_can_be_declined_and_none_asks_for_help_itself(night: Night) -> None:
    night.group()
    page = night.page().id
    with pytest.raises(Conflict, match="only a request for help"):
        night.write(lambda c, now: usecases.decline_page(c, night.actor("dana"), page, now))
    (helping,) = ask(night, page, "kofi")
    with pytest.raises(Conflict, match="request for help itself"):
        ask(night, helping, "ravi")
    with pytest.raises(Invalid, match="at most 20"):
        ask(night, page, *(f"p{number}" for number in range(21)))
