"""What duty cost whom: hours and pages, at night on their own clock; seen by themselves and by managers."""

from datetime import timedelta

from tests.paging.conftest import Night
from tocsin.identity.actor import Actor, Right
from tocsin.paging.queries.load import PersonLoad, loads


def told(night: Night, actor: Actor) -> dict[str, PersonLoad]:
    now = night.clock.now()
    found = night.database.read(lambda c: loads(c, actor, now - timedelta(days=7), now + timedelta(minutes=1)))
    return {one.person: one for one in found}


def test_a_page_that_rings_twice_counts_once_for_each_person(night: Night) -> None:
    night.mail("dana", "kofi")
    night.group()
    night.pass_time(minutes=6)
    night.acknowledge("kofi")
    found = told(night, night.actor("ada", Right.MANAGER))
    assert (found["dana"].pages, found["kofi"].pages) == (1, 1)
    assert found["dana"].on_call.whole > timedelta()
    assert found["kofi"].on_call.whole == timedelta()
    is_night = not 7 <= night.clock.now().hour < 22
    assert found["dana"].night_pages == int(is_night)


def test_who_makes_no_schedules_sees_their_own_load_alone(night: Night) -> None:
    night.group()
    assert set(told(night, night.actor("dana"))) == {"dana"}
    assert set(told(night, night.actor("ravi"))) == set()
