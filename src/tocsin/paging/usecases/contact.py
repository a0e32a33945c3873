"""How a person is reached: adding, proving, ordering, testing and removing their methods."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from tocsin.engine.deliveries import cancel_waiting, send_later
from tocsin.errors import Conflict, Forbidden, Invalid, NotFound
from tocsin.identity import audit
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.identity.keys import keys_of, token_hash
from tocsin.ids import new_id
from tocsin.paging import methods
from tocsin.paging.methods.webhook import secret_of
from tocsin.paging.queries import people
from tocsin.store.columns import lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.engine import deliveries
from tocsin.store.tables.paging import contact_methods

SEALED = "contact method"
CODE_LASTS = timedelta(minutes=30)
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_BETWEEN_CODES = timedelta(seconds=30)
_MOST_METHODS = 20
_MANY_TESTS = timedelta(seconds=10)


@dataclass(frozen=True)
class Added:
    """A new method; `secret` (a webhook's) is told this once."""

    id: str
    secret: str | None


@dataclass(frozen=True)
class MethodView:
    """A method as its owner sees it. `last` is what became of the last code or test: its state, when and why not."""

    id: str
    person_id: str
    kind: str
    kind_label: str
    label: str
    target: str
    position: int
    verified_at: datetime | None
    last_proven_at: datetime | None
    last_state: str | None = None
    last_at: datetime | None = None
    last_error: str | None = None
    missing: str | None = None
    """Why nothing goes this way on this installation; None when it does."""


def add_method(
    connection: Connection, actor: Actor, person_id: str, kind: str, target: str, now: datetime, *, label: str = ""
) -> Added:
    """Add a method, last in order, and send its code; it reaches nobody until the code was entered.

    Raises Invalid for a target that can't be one, Conflict when the person has it already.
    """
    _may(actor, person_id)
    if not people.is_active(connection, person_id):
        raise NotFound(f"there is nobody '{person_id}'")
    method = methods.kind_named(kind)
    if (reason := methods.missing_here(connection, kind)) is not None:
        raise Invalid(f"{reason}; no code could come this way", "kind")
    address = method.check(target)
    mine = _of(connection, person_id)
    if len(mine) >= _MOST_METHODS:
        raise Invalid(f"a person has at most {_MOST_METHODS} methods; remove one first", "target")
    for row in mine:
        if (
            row.kind == kind
            and method.shown(address_of(connection, row)) == method.shown(address)
            and not method.secret
        ):
            raise Conflict(f"{method.shown(address)} is there already")
    method_id = new_id()
    connection.execute(
        insert(contact_methods).values(
            id=method_id,
            person_id=person_id,
            kind=kind,
            address=keys_of(connection).seal(SEALED, address) if method.secret else address,
            label=label.strip()[:100],
            position=max((row.position for row in mine), default=-1) + 1,
            created_at=now,
        )
    )
    _send_code(connection, _lock(connection, method_id), now)
    audit.record(connection, actor, "add contact method", person_id, {"kind": kind, "method": method_id}, now)
    return Added(method_id, secret_of(address) if kind == "webhook" else None)


def send_code(connection: Connection, actor: Actor, method_id: str, now: datetime) -> None:
    """Send another code; the one before is void. Conflict when the last one was sent just now."""
    row = _mine(connection, actor, method_id)
    if row.verified_at is not None:
        raise Conflict("this method is proved already")
    _can_send(connection, row)
    if row.verification_sent_at is not None and now - row.verification_sent_at < _BETWEEN_CODES:
        raise Conflict("a code was sent just now; wait half a minute")
    _send_code(connection, row, now)


def verify_method(connection: Connection, actor: Actor, method_id: str, code: str, now: datetime) -> None:
    """Enter the code that came by the method: from now on pages come that way. Invalid for a wrong or old code."""
    row = _mine(connection, actor, method_id)
    if row.verified_at is not None:
        return
    given = "".join(code.upper().replace("-", "").split())
    if row.verification_sent_at is None or now - row.verification_sent_at > CODE_LASTS:
        raise Invalid("this code is too old; ask for another one", "code")
    if row.verification_hash != _hash(row.id, given):
        raise Invalid("that is not the code that was sent", "code")
    _prove(connection, row, now)
    audit.record(connection, actor, "verify contact method", row.person_id, {"method": row.id}, now)


def prove_method(connection: Connection, actor: Actor, method_id: str, now: datetime) -> None:
    """An administrator vouches for a method without a code (imports, the demo)."""
    actor.require(Right.ADMIN, "people")
    _prove(connection, _lock(connection, method_id), now)
    audit.record(connection, actor, "vouch for contact method", method_id, {}, now)


def remove_method(connection: Connection, actor: Actor, method_id: str, now: datetime) -> None:
    """Take a method away; what waits to be sent by it goes by the next one."""
    row = _mine(connection, actor, method_id)
    connection.execute(update(contact_methods).where(contact_methods.c.id == row.id).values(removed_at=now))
    announce(connection, "people")
    audit.record(connection, actor, "remove contact method", row.person_id, {"method": row.id}, now)


def renew_subscription(connection: Connection, old: str, new: str, now: datetime) -> None:
    """A browser's subscription has another address now. The old one, which only the browser knew, proves whose it is.

    NotFound when nobody has the old one; Invalid when the new one is none.
    """
    kind = "webpush"
    before, after = methods.kind_named(kind).check(old), methods.kind_named(kind).check(new)
    present = select(contact_methods).where(contact_methods.c.kind == kind, contact_methods.c.removed_at.is_(None))
    for row in connection.execute(present).all():
        if secrets.compare_digest(address_of(connection, row), before):
            sealed = keys_of(connection).seal(SEALED, after)
            connection.execute(update(contact_methods).where(contact_methods.c.id == row.id).values(address=sealed))
            audit.record(connection, SYSTEM, "renew contact method", row.person_id, {"method": row.id}, now)
            return
    raise NotFound("nobody has this subscription")


def reorder_methods(
    connection: Connection, actor: Actor, person_id: str, method_ids: Sequence[str], now: datetime
) -> None:
    """Set the order in which methods are tried; Invalid unless exactly the person's methods are named."""
    _may(actor, person_id)
    if sorted(method_ids) != sorted(row.id for row in _of(connection, person_id)):
        raise Invalid("name each of the person's methods once", "methods")
    for position, method_id in enumerate(method_ids):
        connection.execute(update(contact_methods).where(contact_methods.c.id == method_id).values(position=position))
    announce(connection, "people")
    audit.record(connection, actor, "order contact methods", person_id, {"methods": list(method_ids)}, now)


def test_method(connection: Connection, actor: Actor, method_id: str, now: datetime) -> str:
    """Send a test page; its result stands in `list_methods`. Returns the delivery's id."""
    row = _mine(connection, actor, method_id)
    if row.verified_at is None:
        raise Conflict("enter the code that was sent first; then test it")
    _can_send(connection, row)
    last = connection.execute(
        select(func.max(deliveries.c.created_at)).where(
            deliveries.c.subject_kind == "contact_method",
            deliveries.c.subject_id == row.id,
            deliveries.c.kind == "contact_test",
        )
    ).scalar()
    if last is not None and now - last < _MANY_TESTS:
        raise Conflict("a message was sent just now; wait ten seconds")
    return _send(connection, row, "contact_test", {"name": actor.name}, now)


test_method.__test__ = False  # type: ignore[attr-defined] # its name is the button's, not pytest's


def list_methods(connection: Connection, actor: Actor, person_id: str) -> list[MethodView]:
    """A person's methods in order; addresses that hold secrets are masked, and to others all are."""
    own = actor.person_id == person_id or actor.right >= Right.MANAGER
    return [_view(connection, row, own=own) for row in _of(connection, person_id)]


def address_of(connection: Connection, row: Row[Any]) -> str:
    """A method's address, opened if it is sealed."""
    secret = row.kind in methods.kinds() and methods.kinds()[row.kind].secret
    return keys_of(connection).open(SEALED, row.address) if secret else str(row.address)


def _view(connection: Connection, row: Row[Any], *, own: bool) -> MethodView:
    method = methods.kinds().get(row.kind)
    last = connection.execute(
        select(deliveries.c.state, deliveries.c.created_at, deliveries.c.ended_at, deliveries.c.error)
        .where(
            deliveries.c.subject_kind == "contact_method",
            deliveries.c.subject_id == row.id,
            deliveries.c.state != "cancelled",
        )
        .order_by(deliveries.c.created_at.desc())
    ).first()
    return MethodView(
        id=row.id,
        person_id=row.person_id,
        kind=row.kind,
        kind_label=method.label if method else row.kind,
        label=row.label,
        target=method.shown(address_of(connection, row)) if own and method else "",
        position=row.position,
        verified_at=row.verified_at,
        last_proven_at=row.last_proven_at,
        last_state=last.state if last else None,
        last_at=(last.ended_at or last.created_at) if last else None,
        last_error=last.error if last else None,
        missing=methods.missing_here(connection, row.kind),
    )


def _can_send(connection: Connection, row: Row[Any]) -> None:
    if (reason := methods.missing_here(connection, row.kind)) is not None:
        raise Conflict(f"{reason}; nothing goes this way")


def _send_code(connection: Connection, row: Row[Any], now: datetime) -> None:
    code = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    connection.execute(
        update(contact_methods)
        .where(contact_methods.c.id == row.id)
        .values(verification_hash=_hash(row.id, code), verification_sent_at=now)
    )
    sealed = keys_of(connection).seal(SEALED, f"{code[:4]}-{code[4:]}")
    _send(connection, row, "contact_code", {"code": sealed}, now)


def _send(connection: Connection, row: Row[Any], kind: str, payload: dict[str, Any], now: datetime) -> str:
    key = new_id()
    delivery = send_later(
        connection,
        lane=methods.lane_of(row.kind),
        kind=kind,
        subject_kind="contact_method",
        subject_id=row.id,
        idempotency_key=f"{kind}:{key}",
        payload=payload,
        on_unknown="resend",
        now=now,
    )
    assert delivery is not None
    return delivery


def _prove(connection: Connection, row: Row[Any], now: datetime) -> None:
    cancel_waiting(connection, "contact_method", row.id, "proved already", now)
    connection.execute(
        update(contact_methods)
        .where(contact_methods.c.id == row.id)
        .values(verified_at=now, last_proven_at=now, verification_hash=None)
    )
    announce(connection, "people")


def _hash(method_id: str, code: str) -> str:
    return token_hash(f"{method_id}:{code}")


def _of(connection: Connection, person_id: str) -> Sequence[Row[Any]]:
    return connection.execute(
        select(contact_methods)
        .where(contact_methods.c.person_id == person_id, contact_methods.c.removed_at.is_(None))
        .order_by(contact_methods.c.position, contact_methods.c.created_at)
    ).all()


def _lock(connection: Connection, method_id: str) -> Row[Any]:
    row = connection.execute(
        lock_rows(
            connection,
            select(contact_methods).where(contact_methods.c.id == method_id, contact_methods.c.removed_at.is_(None)),
        )
    ).first()
    if row is None:
        raise NotFound("there is no such method")
    return row


def _mine(connection: Connection, actor: Actor, method_id: str) -> Row[Any]:
    row = _lock(connection, method_id)
    _may(actor, row.person_id)
    return row


def _may(actor: Actor, person_id: str) -> None:
    actor.require_own()
    if actor.person_id != person_id and actor.right < Right.MANAGER:
        raise Forbidden("one sets one's own methods; a manager may set those of others")
