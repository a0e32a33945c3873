"""Accounts: who may sign in, with which right; invitations, sign-in links and passwords.

Links and passwords lead to a session (`sessions.py`). Sources: OWASP Password Storage Cheat Sheet (argon2id).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, func, insert, select, update

from tocsin.errors import Conflict, Invalid, NotFound, SignInNeeded
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.identity.audit import record
from tocsin.identity.keys import new_secret, token_hash
from tocsin.store.columns import lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.identity import accounts, sessions, sign_in_links, tokens

LinkPurpose = Literal["first_start", "invitation", "sign_in"]
LINK_LIFE: dict[str, timedelta] = {
    "first_start": timedelta(hours=24),
    "invitation": timedelta(days=7),
    "sign_in": timedelta(minutes=30),
}
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1024


@dataclass(frozen=True)
class Account:
    """An account as screens list it; times UTC."""

    person_id: str
    name: str
    email: str | None
    right: Right
    has_password: bool
    created_at: datetime
    deactivated_at: datetime | None


def create_account(
    connection: Connection, actor: Actor, person_id: str, name: str, email: str | None, right: Right, now: datetime
) -> None:
    """Make the account of a person. Raises Conflict when the person or the e-mail has one already."""
    actor.require(Right.ADMIN)
    mail = normal_email(email)
    taken = select(accounts.c.person_id).where(
        (accounts.c.person_id == person_id) | (accounts.c.email == mail if mail else accounts.c.person_id == person_id)
    )
    if (other := connection.execute(taken).scalar()) is not None:
        raise Conflict(f"{other} has an account already; change its right instead, or invite again")
    connection.execute(
        insert(accounts).values(person_id=person_id, name=name, email=mail, right=right.word, created_at=now)
    )
    record(connection, actor, "create account", person_id, {"right": right.word}, now)
    announce(connection, "people")


def describe_account(connection: Connection, person_id: str, name: str, email: str | None) -> None:
    """Copy a person's present name and e-mail to the account, if there is one."""
    connection.execute(
        update(accounts).where(accounts.c.person_id == person_id).values(name=name, email=normal_email(email))
    )


def change_right(connection: Connection, actor: Actor, person_id: str, right: Right, now: datetime) -> None:
    """Give an account another right. Raises Conflict when nobody would be left to administer."""
    actor.require(Right.ADMIN)
    account = _locked(connection, person_id)
    if account.right == Right.ADMIN and right < Right.ADMIN:
        _keep_one_administrator(connection, person_id)
    connection.execute(update(accounts).where(accounts.c.person_id == person_id).values(right=right.word))
    record(connection, actor, "change right", person_id, {"from": account.right.word, "to": right.word}, now)
    announce(connection, "people")


def deactivate_account(connection: Connection, actor: Actor, person_id: str, now: datetime) -> None:
    """End an account, its sessions and its tokens at once; people are deactivated, never deleted."""
    actor.require(Right.ADMIN)
    account = _locked(connection, person_id)
    if account.right == Right.ADMIN:
        _keep_one_administrator(connection, person_id)
    connection.execute(update(accounts).where(accounts.c.person_id == person_id).values(deactivated_at=now))
    connection.execute(delete(sessions).where(sessions.c.person_id == person_id))
    connection.execute(
        update(tokens).where(tokens.c.person_id == person_id, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    record(connection, actor, "deactivate account", person_id, {}, now)
    announce(connection, "people")


def reactivate_account(connection: Connection, actor: Actor, person_id: str, now: datetime) -> None:
    """Let a deactivated account sign in again."""
    actor.require(Right.ADMIN)
    _locked(connection, person_id)
    connection.execute(update(accounts).where(accounts.c.person_id == person_id).values(deactivated_at=None))
    record(connection, actor, "reactivate account", person_id, {}, now)
    announce(connection, "people")


def make_link(connection: Connection, actor: Actor, person_id: str, purpose: LinkPurpose, now: datetime) -> str:
    """A single-use sign-in link's secret; the caller builds the URL `/sign-in/SECRET`. Earlier ones of it are ended."""
    if actor.person_id != person_id:
        actor.require(Right.ADMIN)
    _locked(connection, person_id)
    connection.execute(
        update(sign_in_links)
        .where(
            sign_in_links.c.person_id == person_id,
            sign_in_links.c.purpose == purpose,
            sign_in_links.c.used_at.is_(None),
        )
        .values(used_at=now)
    )
    secret = new_secret()
    connection.execute(
        insert(sign_in_links).values(
            token_hash=token_hash(secret),
            person_id=person_id,
            purpose=purpose,
            created_at=now,
            expires_at=now + LINK_LIFE[purpose],
        )
    )
    record(connection, actor, f"make {purpose} link", person_id, {}, now)
    return secret


def look_at_link(connection: Connection, secret: str, now: datetime) -> Account | None:
    """Whose link it is, if it can still be used; looking uses nothing (link scanners open links)."""
    row = connection.execute(
        select(sign_in_links.c.person_id).where(
            sign_in_links.c.token_hash == token_hash(secret),
            sign_in_links.c.used_at.is_(None),
            sign_in_links.c.expires_at > now,
        )
    ).scalar()
    return account_of(connection, row) if row else None


def use_link(connection: Connection, secret: str, now: datetime) -> str:
    """Use a link up; returns the person's id. Raises SignInNeeded when it was used, is too old, or never was."""
    row = connection.execute(
        lock_rows(connection, select(sign_in_links).where(sign_in_links.c.token_hash == token_hash(secret)))
    ).one_or_none()
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise SignInNeeded("this sign-in link was used already or is too old; ask for a new one")
    account = account_of(connection, row.person_id)
    if account is None or account.deactivated_at is not None:
        raise SignInNeeded("this account is not active; ask an administrator")
    connection.execute(update(sign_in_links).where(sign_in_links.c.token_hash == row.token_hash).values(used_at=now))
    record(connection, SYSTEM, "use sign-in link", row.person_id, {"purpose": row.purpose}, now)
    return str(row.person_id)


def set_password(connection: Connection, actor: Actor, person_id: str, password: str, now: datetime) -> None:
    """Set one's own password. Raises Invalid when it is too short or too long."""
    if actor.person_id != person_id:
        actor.require(Right.ADMIN)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters", "password")
    connection.execute(
        update(accounts).where(accounts.c.person_id == person_id).values(password_hash=_hasher().hash(password))
    )
    record(connection, actor, "set password", person_id, {}, now)


def person_for_password(connection: Connection, email: str, password: str) -> str:
    """The person whose e-mail and password these are; SignInNeeded otherwise, never saying which half was wrong.

    Costs the same time whether there is such an account or not.
    """
    row = connection.execute(
        select(accounts.c.person_id, accounts.c.password_hash).where(
            accounts.c.email == normal_email(email), accounts.c.deactivated_at.is_(None)
        )
    ).one_or_none()
    stored = row.password_hash if row and row.password_hash else _decoy()
    try:
        _hasher().verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        row = None
    if row is None or row.password_hash is None:
        raise SignInNeeded("that e-mail and password do not go together; try again, or ask for a sign-in link")
    return str(row.person_id)


def account_of(connection: Connection, person_id: str) -> Account | None:
    """One account."""
    return next(iter(_accounts(connection, person_id)), None)


def all_accounts(connection: Connection) -> list[Account]:
    """Every account, by name."""
    return _accounts(connection, None)


def _accounts(connection: Connection, person_id: str | None) -> list[Account]:
    query = select(accounts).order_by(accounts.c.name)
    if person_id is not None:
        query = query.where(accounts.c.person_id == person_id)
    return [
        Account(
            person_id=row.person_id,
            name=row.name,
            email=row.email,
            right=Right.parse(row.right),
            has_password=row.password_hash is not None,
            created_at=row.created_at,
            deactivated_at=row.deactivated_at,
        )
        for row in connection.execute(query)
    ]


def normal_email(email: str | None) -> str | None:
    """Lower case, trimmed; None when there is none."""
    return email.strip().lower() or None if email else None


def _locked(connection: Connection, person_id: str) -> Account:
    connection.execute(
        lock_rows(connection, select(accounts.c.person_id).where(accounts.c.person_id == person_id))
    ).scalar()
    account = account_of(connection, person_id)
    if account is None:
        raise NotFound(f"{person_id} has no account; invite them first")
    return account


def _keep_one_administrator(connection: Connection, person_id: str) -> None:
    others = connection.execute(
        select(func.count())
        .select_from(accounts)
        .where(
            accounts.c.right == Right.ADMIN.word,
            accounts.c.deactivated_at.is_(None),
            accounts.c.person_id != person_id,
        )
    ).scalar_one()
    if others == 0:
        raise Conflict(f"{person_id} is the last administrator; make another one first")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    return _hasher().hash(new_secret())
