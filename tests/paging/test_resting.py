"""Who was paged at night rests: what is not critical goes to who is next, and the page's log says so."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.paging.conftest import ORGANISATION, Night
from tocsin.identity.actor import SYSTEM
from tocsin.organisation.model.fields import Target
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.paging import queries, usecases
from tocsin.paging.queries.resting import resting_until

RESTING = ORGANISATION.replace(
    "rotations: [{people: [dana], starts", "rotations: [{people: [dana, ravi], starts"
).replace("  last_resort: [ada]", "  last_resort: [ada]\n  rest_after_night_page: 8h")


@pytest.fixture
def night(night: Night) -> Night:
    """Half past two at night, UTC, with Dana or Ravi on call and the other one next; who has it was just paged."""
    night.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"organisation.yaml": RESTING}), now))
    night.mail("dana", "kofi", "ravi")
    night.clock.set(datetime(2026, 11, 20, 2, 30, tzinfo=UTC))
    night.settle()
    fire(night, "First")
    return night


def fire(night: Night, title: str, severity: str = "error") -> str:
    """Who is paged for it; whoever it is takes it at once, and it is over."""
    group = night.group(severity=severity, title=title)
    who = taken(night, title)
    night.change_group(group, state="closed", firing=0, loud=0)
    return who


def taken(night: Night, title: str) -> str:
    page = the(night, title)
    (who,) = page.paged
    night.write(lambda c, now: usecases.acknowledge_page(c, night.actor(who), page.id, now, via="web"))
    return who


def the(night: Night, title: str) -> queries.PageView:
    return next(each for each in night.pages() if each.title == title)


def first(night: Night) -> str:
    return the(night, "First").paged[0]


def other(night: Night) -> str:
    return {"dana": "ravi", "ravi": "dana"}[first(night)]


def test_within_the_hour_it_is_theirs_then_it_goes_to_who_is_next(night: Night) -> None:
    night.clock.advance(timedelta(minutes=30))
    assert fire(night, "Soon after") == first(night)
    night.clock.advance(timedelta(hours=2))
    assert fire(night, "Later") == other(night)
    assert fire(night, "Critical", "critical") == first(night)


def test_the_rest_ends_by_itself(night: Night) -> None:
    awake, at = first(night), night.clock.now()

    def rests(hours: float) -> datetime | None:
        return night.database.read(lambda c: resting_until(c, awake, at + timedelta(hours=hours)))

    assert (rests(0.5), rests(2), rests(8)) == (None, at + timedelta(hours=8), None)


def test_where_nobody_else_is_free_they_are_paged_nevertheless_and_it_is_said(night: Night) -> None:
    called = (Target(person=other(night)),)
    night.write(lambda c, now: usecases.page_person(c, night.actor("ada"), called, "You too", now))
    night.settle()
    assert taken(night, "You too") == other(night)
    night.clock.advance(timedelta(hours=2))
    assert fire(night, "Later") == first(night)
    log = night.database.read(lambda c: queries.page_detail(c, SYSTEM, the(night, "Later").id)).log
    said = next(line.text or "" for line in log if line.event == "rests")
    assert "nobody else is free, so they are paged nevertheless" in said
