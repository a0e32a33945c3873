"""Sessions and tokens end when they should."""

from datetime import timedelta

import pytest

from tests.identity.test_accounts import DANA, house
from tocsin.clock import SimulatedClock
from tocsin.errors import SignInNeeded
from tocsin.identity import sessions
from tocsin.store.database import Database

__all__ = ["house"]


def test_a_session_ends_after_its_life(house: Database, clock: SimulatedClock) -> None:
    cookie = house.write(lambda c, now: sessions.start_session(c, "dana", now))
    clock.advance(sessions.SESSION_LIFE - timedelta(seconds=1))
    assert house.read(lambda c: sessions.session_of(c, cookie, clock.now())) is not None
    clock.advance(timedelta(seconds=1))
    assert house.read(lambda c: sessions.session_of(c, cookie, clock.now())) is None


def test_a_revoked_token_is_good_for_nothing(house: Database) -> None:
    id, secret = house.write(lambda c, now: sessions.create_token(c, DANA, "ci", ["read"], now, person_id="dana"))
    assert house.write(lambda c, now: sessions.actor_of_token(c, secret, now)).person_id == "dana"
    house.write(lambda c, now: sessions.revoke_token(c, DANA, id, now))
    with pytest.raises(SignInNeeded):
        house.write(lambda c, now: sessions.actor_of_token(c, secret, now))
