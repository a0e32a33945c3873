"""Browser sessions and API tokens: from a secret to an Actor."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from tocsin.errors import Invalid, NotFound, SignInNeeded
from tocsin.identity.accounts import account_of
from tocsin.identity.actor import NARROW_SCOPES, SCOPE_REACH, Actor, Right, person
from tocsin.identity.audit import record
from tocsin.identity.keys import new_secret, token_hash
from tocsin.ids import new_id
from tocsin.store.tables.identity import sessions, tokens

SESSION_LIFE = timedelta(days=30)
_SEEN_EVERY = timedelta(minutes=10)
TOKEN_PREFIX = "toc_"


@dataclass(frozen=True)
class Session:
    """A signed-in browser: its actor and the CSRF token that its forms carry."""

    actor: Actor
    csrf: str
    token_hash: str


@dataclass(frozen=True)
class TokenRow:
    """A token as screens list it, without its secret; times UTC."""

    id: str
    name: str
    person_id: str | None
    scopes: tuple[str, ...]
    right: Right
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def start_session(connection: Connection, person_id: str, now: datetime) -> str:
    """Begin a session for a person who has just proved who they are; returns the cookie's secret."""
    secret = new_secret()
    connection.execute(
        insert(sessions).values(
            token_hash=token_hash(secret),
            person_id=person_id,
            csrf=secrets.token_urlsafe(32),
            created_at=now,
            seen_at=now,
            expires_at=now + SESSION_LIFE,
        )
    )
    return secret


def session_of(connection: Connection, secret: str, now: datetime) -> Session | None:
    """The session of a cookie, or None when it ended or its account is not active. Only reads."""
    row = connection.execute(select(sessions).where(sessions.c.token_hash == token_hash(secret))).one_or_none()
    if row is None or row.expires_at <= now:
        return None
    account = account_of(connection, row.person_id)
    if account is None or account.deactivated_at is not None:
        return None
    return Session(person(account.person_id, account.name, account.right), row.csrf, row.token_hash)


def end_session(connection: Connection, secret: str) -> None:
    """Sign out."""
    connection.execute(delete(sessions).where(sessions.c.token_hash == token_hash(secret)))


def sweep_sessions(connection: Connection, now: datetime) -> int:
    """Remove sessions that have run out; returns how many."""
    return int(connection.execute(delete(sessions).where(sessions.c.expires_at <= now)).rowcount)


def create_token(
    connection: Connection,
    actor: Actor,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    *,
    person_id: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[str, str]:
    """A new token: (its id, the secret that is told once). It can do what its owner may *and* its scopes name.

    A token for somebody else, or for nobody (made on the server's own machine), needs an administrator.
    """
    actor.require_own()
    wanted = tuple(sorted(set(scopes)))
    allowed = (*SCOPE_REACH, *NARROW_SCOPES)
    if wrong := [scope for scope in wanted if scope not in allowed]:
        raise Invalid(f"{wrong[0]!r} is no scope; scopes are {', '.join(allowed)}", "scopes")
    if not wanted:
        raise Invalid(f"a token needs at least one scope: {', '.join(allowed)}", "scopes")
    if not name.strip():
        raise Invalid("a token needs a name that says what it is for", "name")
    if person_id != actor.person_id or actor.person_id is None:
        actor.require(Right.ADMIN)
    reach = max((SCOPE_REACH[scope] for scope in wanted if scope in SCOPE_REACH), default=Right.RESPONDER)
    right = min(reach, actor.right)
    secret = TOKEN_PREFIX + new_secret()
    token_id = new_id()
    connection.execute(
        insert(tokens).values(
            id=token_id,
            token_hash=token_hash(secret),
            name=name.strip(),
            person_id=person_id,
            scopes=list(wanted),
            right=right.word,
            created_at=now,
            expires_at=expires_at,
        )
    )
    record(connection, actor, "create token", token_id, {"name": name, "scopes": list(wanted)}, now)
    return token_id, secret


def actor_of_token(connection: Connection, secret: str, now: datetime) -> Actor:
    """The actor of a bearer token; SignInNeeded when it is not good (any more). Only reads."""
    row = connection.execute(select(tokens).where(tokens.c.token_hash == token_hash(secret))).one_or_none()
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise SignInNeeded("the token is unknown, revoked or too old; make one with `tocsin token create`")
    right = Right.parse(row.right)
    name, person_id = row.name, row.person_id
    if person_id is not None:
        account = account_of(connection, person_id)
        if account is None or account.deactivated_at is not None:
            raise SignInNeeded("the token's owner is not active any more")
        right, name = min(right, account.right), account.name
    actor_id = person_id or f"token:{row.id}"
    return Actor(kind="token", id=actor_id, name=name, right=right, person_id=person_id, scopes=frozenset(row.scopes))


def token_name(connection: Connection, actor_id: str) -> str | None:
    """The name of a token that belongs to nobody, from its actor's id (`token:ID`); None for any other actor."""
    if not actor_id.startswith("token:"):
        return None
    return connection.execute(select(tokens.c.name).where(tokens.c.id == actor_id.removeprefix("token:"))).scalar()


def mark_token_used(connection: Connection, secret: str, now: datetime) -> None:
    """Remember when a token was last used, at most once in ten minutes."""
    connection.execute(
        update(tokens)
        .where(
            tokens.c.token_hash == token_hash(secret),
            (tokens.c.last_used_at.is_(None)) | (tokens.c.last_used_at < now - _SEEN_EVERY),
        )
        .values(last_used_at=now)
    )


def list_tokens(connection: Connection, actor: Actor) -> list[TokenRow]:
    """One's own tokens; all of them for an administrator."""
    query = select(tokens).order_by(tokens.c.created_at.desc())
    if not actor.may(Right.ADMIN):
        query = query.where(tokens.c.person_id == actor.person_id)
    return [
        TokenRow(
            id=row.id,
            name=row.name,
            person_id=row.person_id,
            scopes=tuple(row.scopes),
            right=Right.parse(row.right),
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )
        for row in connection.execute(query)
    ]


def revoke_token(connection: Connection, actor: Actor, token_id: str, now: datetime) -> None:
    """End a token at once; one's own, or any for an administrator."""
    actor.require_own()
    row = connection.execute(select(tokens.c.person_id).where(tokens.c.id == token_id)).one_or_none()
    if row is None or (row.person_id != actor.person_id and not actor.may(Right.ADMIN)):
        raise NotFound("there is no such token")
    connection.execute(
        update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    record(connection, actor, "revoke token", token_id, {}, now)
