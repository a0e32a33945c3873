"""Inviting people: who they are called, and that they can be on call from then on."""

import pytest
from sqlalchemy import Connection

from tocsin.errors import Conflict, Invalid
from tocsin.identity.accounts import account_of, look_at_link, use_link
from tocsin.identity.actor import SYSTEM, Right, person
from tocsin.identity.sessions import session_of, start_session
from tocsin.organisation.queries import everything
from tocsin.organisation.usecases import ApplyFiles, Invitation, apply_files, invite_person
from tocsin.store.database import Database

ADMIN = person("ada", "Ada", Right.ADMIN)
FILES = """
people:
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example}
  gone: {name: Gone Away, email: gone@larkfield.example, active: false}
organisation: {last_resort: [kofi]}
"""


@pytest.fixture
def house(database: Database) -> Database:
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": FILES}), now))
    return database


def invite(house: Database, *asked: object, **more: object) -> str:
    wanted = Invitation(*asked, **more)
    return house.write(lambda c, now: invite_person(c, ADMIN, wanted, now)).secret


def test_who_comes_from_the_files_keeps_the_name_and_address_that_stand_there(house: Database) -> None:
    secret = invite(house, "kofi", Right.RESPONDER, "Koffee", "other@larkfield.example")

    def signed_in(connection: Connection, now):
        cookie = start_session(connection, use_link(connection, secret, now), now)
        return session_of(connection, cookie, now)

    session = house.write(signed_in)
    assert session.actor.name == "Kofi Mensah"
    assert house.read(lambda c: account_of(c, "kofi")).email == "kofi@larkfield.example"


def test_who_is_new_can_be_put_on_call(house: Database) -> None:
    invite(house, "sam", Right.RESPONDER, "Sam Whitlock", "sam@larkfield.example", "Africa/Lagos")
    found = house.read(everything)
    assert found.people["sam"].name == "Sam Whitlock"
    assert found.people["sam"].time_zone == "Africa/Lagos"
    assert "sam" in found.active_people


def test_files_that_take_a_person_over_rename_their_account(house: Database) -> None:
    invite(house, "sam", Right.RESPONDER, "Sammy", "sam@larkfield.example")
    files = FILES.replace("people:", "people:\n  sam: {name: Sam Whitlock, email: sam@larkfield.example}")
    house.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": files}), now))
    assert house.read(lambda c: account_of(c, "sam")).name == "Sam Whitlock"


def test_inviting_again_ends_the_earlier_link(house: Database) -> None:
    first, second = invite(house, "kofi", Right.RESPONDER), invite(house, "kofi", Right.RESPONDER)
    now = house.clock.now()
    assert house.read(lambda c: look_at_link(c, first, now)) is None
    assert house.read(lambda c: look_at_link(c, second, now)).person_id == "kofi"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (("sam", Right.VIEWER), "name"),
        (("sam", Right.VIEWER, "Sam"), "email"),
        (("Sam W", Right.VIEWER, "Sam", "sam@larkfield.example"), "person"),
        (("sam", Right.VIEWER, "Sam", "nothing"), "email"),
        (("sam", Right.VIEWER, "Sam", "sam@larkfield.example", "Mars"), "time_zone"),
    ],
)
def test_a_new_person_needs_what_a_person_needs(house: Database, asked: tuple[object, ...], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        invite(house, *asked)
    assert {mistake.field for mistake in wrong.value.mistakes} == {field}
    assert "sam" not in house.read(everything).people


def test_who_is_deactivated_is_not_invited(house: Database) -> None:
    with pytest.raises(Conflict, match="reactivate"):
        invite(house, "gone", Right.VIEWER)
