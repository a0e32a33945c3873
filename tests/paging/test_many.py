"""Many pages are taken by one answer: each is told by itself, and one that can't be taken keeps none from being taken."""

import pytest

from tests.paging.conftest import Night
from tests.paging.test_answering import incident
from tocsin.errors import Forbidden, Invalid
from tocsin.identity.actor import Right
from tocsin.paging import usecases
from tocsin.paging.usecases.many import MOST


def take(night: Night, who: str, *pages: str, right: Right = Right.RESPONDER) -> list[usecases.Answered]:
    answers: list[usecases.Answered] = night.write(
        lambda c, now: usecases.acknowledge_pages(c, night.actor(who, right), pages, now, via="web")
    )
    return answers


def of(night: Night, group: str) -> str:
    return next(page.id for page in night.pages() if page.subject_id == group)


def test_of_many_pages_each_is_answered_for_by_itself_and_in_the_order_asked(night: Night) -> None:
    mine, theirs, over = (of(night, night.group(key=key)) for key in ("mine", "theirs", "over"))
    take(night, "kofi", theirs)
    night.write(lambda c, now: usecases.end_page(c, night.actor("kofi"), over, "a test", now))
    answers = take(night, "dana", over, mine, "no-such-page", theirs, mine)
    assert [(one.page_id, one.sentence) for one in answers] == [
        (over, "this page is over: a test"),
        (mine, "You have it."),
        ("no-such-page", "there is no such page"),
        (theirs, "Kofi Mensah has it already; you are recorded as there too."),
    ]
    assert [one.acknowledged is not None for one in answers] == [False, True, False, True]
    assert {page.id: page.acknowledged_by for page in night.pages()} == {mine: "dana", theirs: "kofi", over: None}


def test_what_was_taken_together_climbs_no_further(night: Night) -> None:
    night.mail("dana", "kofi")
    *taken, left = [of(night, night.group(key=str(n))) for n in range(5)]
    before = {page.id: page.step for page in night.pages()}
    take(night, "dana", *taken)
    night.pass_time(minutes=6)
    after = {page.id: (page.state, page.step) for page in night.pages() if page.subject_id != "late"}
    assert {page: after[page] for page in taken} == {page: ("acknowledged", before[page]) for page in taken}
    assert after[left] != ("open", before[left]), "what nobody took climbs"


def test_a_page_of_a_restricted_incident_is_told_as_one_that_is_not_there(night: Night) -> None:
    group = night.group()
    page = of(night, group)
    incident(night, "secret", restricted=True)
    night.write(lambda c, now: usecases.link_pages_to_incident(c, [group], "secret", True, False, now))
    (answer,) = take(night, "ravi", page)
    assert (answer.acknowledged, answer.sentence) == (None, "there is no such page")
    assert night.page().state == "open"


def test_a_viewer_takes_none_and_nobody_takes_nothing_or_too_many(night: Night) -> None:
    page = of(night, night.group())
    with pytest.raises(Forbidden):
        take(night, "ravi", page, right=Right.VIEWER)
    with pytest.raises(Invalid, match="name the pages"):
        take(night, "dana")
    with pytest.raises(Invalid, match="at most 500"):
        take(night, "dana", *(str(n) for n in range(MOST + 1)))
    assert night.page().state == "open"
