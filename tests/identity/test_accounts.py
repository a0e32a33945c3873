"""Who may come in, how far, and for how long."""

from datetime import timedelta

import pytest

from tocsin.clock import SimulatedClock
from tocsin.errors import Conflict, Forbidden, Invalid, SignInNeeded, Unavailable
from tocsin.identity import accounts, sessions
from tocsin.identity.actor import SYSTEM, Actor, Right, person
from tocsin.identity.keys import Keys
from tocsin.identity.queries import audit_rows
from tocsin.identity.throttle import TRIES, WINDOW, Throttle
from tocsin.store.database import Database

DANA = person("dana", "Dana Okafor", Right.ADMIN)
KOFI = person("kofi", "Kofi Mensah", Right.RESPONDER)
PASSWORD = "correct horse battery staple"


@pytest.fixture
def house(database: Database) -> Database:
    """Dana administers, Kofi responds."""

    def make(connection, now):  # type: ignore[no-untyped-def]
        accounts.create_account(connection, SYSTEM, "dana", "Dana Okafor", "Dana@Larkfield.example", Right.ADMIN, now)
        accounts.create_account(connection, DANA, "kofi", "Kofi Mensah", "kofi@larkfield.example", Right.RESPONDER, now)

    database.write(make)
    return database


def test_a_sign_in_link_works_once_and_looking_uses_nothing(house: Database, clock: SimulatedClock) -> None:
    secret = house.write(lambda c, now: accounts.make_link(c, SYSTEM, "dana", "first_start", now))
    for _ in range(3):
        looked = house.read(lambda c: accounts.look_at_link(c, secret, clock.now()))
        assert looked is not None
        assert looked.person_id == "dana"
    assert house.write(lambda c, now: accounts.use_link(c, secret, now)) == "dana"
    with pytest.raises(SignInNeeded):
        house.write(lambda c, now: accounts.use_link(c, secret, now))


def test_a_link_ends_with_its_time_and_with_a_newer_one(house: Database, clock: SimulatedClock) -> None:
    old = house.write(lambda c, now: accounts.make_link(c, DANA, "kofi", "invitation", now))
    new = house.write(lambda c, now: accounts.make_link(c, DANA, "kofi", "invitation", now))
    with pytest.raises(SignInNeeded):
        house.write(lambda c, now: accounts.use_link(c, old, now))
    clock.advance(timedelta(days=7))
    with pytest.raises(SignInNeeded):
        house.write(lambda c, now: accounts.use_link(c, new, now))


def test_e_mail_and_password_and_never_which_half_was_wrong(house: Database) -> None:
    house.write(lambda c, now: accounts.set_password(c, KOFI, "kofi", PASSWORD, now))
    assert house.read(lambda c: accounts.person_for_password(c, " KOFI@larkfield.example", PASSWORD)) == "kofi"
    said = set()
    for email, password in (
        ("kofi@larkfield.example", "wrong"),
        ("nobody@larkfield.example", PASSWORD),
        ("dana@larkfield.example", ""),
    ):
        with pytest.raises(SignInNeeded) as refused:
            house.read(lambda c, e=email, p=password: accounts.person_for_password(c, e, p))
        said.add(refused.value.message)
    assert len(said) == 1


def test_a_password_is_long_enough_and_ones_own(house: Database) -> None:
    with pytest.raises(Invalid):
        house.write(lambda c, now: accounts.set_password(c, KOFI, "kofi", "short", now))
    with pytest.raises(Forbidden):
        house.write(lambda c, now: accounts.set_password(c, KOFI, "dana", PASSWORD, now))


def test_deactivating_ends_sessions_and_tokens_at_once(house: Database, clock: SimulatedClock) -> None:
    cookie = house.write(lambda c, now: sessions.start_session(c, "kofi", now))
    _, token = house.write(lambda c, now: sessions.create_token(c, KOFI, "phone", ["respond"], now, person_id="kofi"))
    found = house.read(lambda c: sessions.session_of(c, cookie, clock.now()))
    assert found is not None
    assert found.actor == KOFI
    house.write(lambda c, now: accounts.deactivate_account(c, DANA, "kofi", now))
    assert house.read(lambda c: sessions.session_of(c, cookie, clock.now())) is None
    with pytest.raises(SignInNeeded):
        house.read(lambda c: sessions.actor_of_token(c, token, clock.now()))


def test_somebody_must_be_left_to_administer(house: Database) -> None:
    with pytest.raises(Conflict):
        house.write(lambda c, now: accounts.deactivate_account(c, DANA, "dana", now))
    with pytest.raises(Conflict):
        house.write(lambda c, now: accounts.change_right(c, DANA, "dana", Right.VIEWER, now))
    house.write(lambda c, now: accounts.change_right(c, DANA, "kofi", Right.ADMIN, now))
    house.write(lambda c, now: accounts.change_right(c, DANA, "dana", Right.VIEWER, now))


def test_only_administrators_make_accounts_and_read_the_audit(house: Database) -> None:
    with pytest.raises(Forbidden):
        house.write(lambda c, now: accounts.create_account(c, KOFI, "eve", "Eve", None, Right.ADMIN, now))
    with pytest.raises(Forbidden):
        house.read(lambda c: audit_rows(c, KOFI))
    assert {row.action for row in house.read(lambda c: audit_rows(c, DANA))} == {"create account"}


@pytest.mark.parametrize(
    ("scopes", "right", "narrow", "allowed"),
    [
        (["respond"], Right.RESPONDER, None, True),
        (["respond"], Right.MANAGER, None, False),
        (["read"], Right.RESPONDER, None, False),
        (["changes:write"], Right.RESPONDER, "changes:write", True),
        (["changes:write"], Right.RESPONDER, None, False),
        (["freeze:read"], Right.VIEWER, "freeze:read", True),
        (["freeze:read"], Right.VIEWER, None, False),
        (["admin"], Right.ADMIN, None, True),
    ],
)
def test_a_token_reaches_as_far_as_its_scopes(
    house: Database, clock: SimulatedClock, scopes: list[str], right: Right, narrow: str | None, allowed: bool
) -> None:
    _, secret = house.write(lambda c, now: sessions.create_token(c, DANA, "ci", scopes, now, person_id="dana"))
    actor: Actor = house.read(lambda c: sessions.actor_of_token(c, secret, clock.now()))
    assert actor.may(right, narrow) is allowed


def test_a_token_never_outgrows_its_owner(house: Database, clock: SimulatedClock) -> None:
    _, secret = house.write(lambda c, now: sessions.create_token(c, KOFI, "all", ["admin"], now, person_id="kofi"))
    assert house.read(lambda c: sessions.actor_of_token(c, secret, clock.now())).right == Right.RESPONDER
    with pytest.raises(Forbidden):
        house.write(lambda c, now: sessions.create_token(c, KOFI, "hers", ["read"], now, person_id="dana"))
    with pytest.raises(Invalid, match="freeze:write"):
        house.write(lambda c, now: sessions.create_token(c, DANA, "x", ["freeze:write"], now, person_id="dana"))


def test_guessing_is_slowed_down(clock: SimulatedClock) -> None:
    throttle = Throttle()
    for _ in range(TRIES):
        throttle.check("kofi", clock.now())
        throttle.failed("kofi", clock.now())
    with pytest.raises(Unavailable):
        throttle.check("kofi", clock.now())
    throttle.check("dana", clock.now())
    throttle.check("kofi", clock.now() + WINDOW)


def test_secrets_are_sealed_and_old_keys_still_open() -> None:
    old = Keys.generate()
    sealed, signature = old.seal("integration", "geheim"), old.sign("head", "a:1:b")
    rotated = Keys((*Keys.generate().secrets_by_id, *old.secrets_by_id))
    assert rotated.open("integration", sealed) == "geheim"
    assert rotated.verifies("head", "a:1:b", signature)
    assert not rotated.verifies("head", "a:2:b", signature)
    with pytest.raises(Invalid):
        old.open("contact", sealed)
    with pytest.raises(Invalid):
        Keys.generate().open("integration", sealed)
