"""Inviting somebody: one person of the organisation, who can be on call, and their account, under one name."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from tocsin.errors import Conflict, Invalid
from tocsin.identity import accounts
from tocsin.identity.actor import Actor, Right
from tocsin.organisation import queries
from tocsin.organisation.model.fields import Slug
from tocsin.organisation.model.person import Person
from tocsin.organisation.usecases.changing import SaveObject, save_object

_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


@dataclass(frozen=True)
class Invitation:
    """Who may sign in from now on, with which right. Name, e-mail and zone are for whom the organisation lacks yet."""

    person_id: str
    right: Right
    name: str = ""
    email: str | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Invited:
    """The link's secret, told once, and what the person is called."""

    secret: str
    name: str


def invite_person(connection: Connection, actor: Actor, asked: Invitation, now: datetime) -> Invited:
    """Make the person's account, if they have none, and a new single-use link (`/sign-in/SECRET`).

    Who stands in the organisation keeps the name and e-mail that stand there; who doesn't is added to it, so that they
    can be on call. Raises Invalid with the field, Conflict for who is deactivated or whose e-mail another has.
    """
    actor.require(Right.ADMIN)
    person = queries.everything(connection).people.get(asked.person_id)
    if person is None:
        person = _new_person(asked)
        save_object(connection, actor, SaveObject("person", asked.person_id, person), now)
    if not person.active:
        raise Conflict(f"{asked.person_id} is deactivated; reactivate them first")
    account = accounts.account_of(connection, asked.person_id)
    if account is None:
        accounts.create_account(connection, actor, asked.person_id, person.name, person.email, asked.right, now)
    elif account.deactivated_at is not None:
        raise Conflict(f"{asked.person_id} is deactivated; reactivate them first")
    return Invited(accounts.make_link(connection, actor, asked.person_id, "invitation", now), person.name)


def _new_person(asked: Invitation) -> Person:
    if not asked.name.strip():
        raise Invalid(f"{asked.person_id} is nobody of the organisation yet: give a name", "name")
    if not asked.email:
        raise Invalid(f"{asked.person_id} is nobody of the organisation yet: give an e-mail address", "email")
    try:
        _SLUG.validate_python(asked.person_id)
    except ValidationError:
        raise Invalid(f"'{asked.person_id}' is no id: small letters, digits, '-', '.' and '_'", "person") from None
    try:
        return Person(name=asked.name.strip(), email=asked.email, time_zone=asked.time_zone)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(str(first["msg"]).removeprefix("Value error, "), str(first["loc"][0])) from None
