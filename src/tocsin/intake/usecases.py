"""What people do to integrations and to what was set aside: one function each, one transaction each."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row, insert, select, update

from tocsin.engine.tasks import owe
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity import audit
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.identity.keys import keys_of, new_secret, token_hash
from tocsin.ids import new_id
from tocsin.intake.parsing import check_rules, parse
from tocsin.intake.queries import SECRET, SIGNING, integration_ref
from tocsin.intake.senders import EMAIL, sender_named
from tocsin.intake.signal import Ask, IntegrationRef, Received, Unreadable
from tocsin.store.columns import insert_or_ignore, lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.intake import integration_activity, integrations, set_aside

TOPIC = "alerts"
CHANGED = "integrations"  # the topic by which every process forgets the secrets it remembers
FIRST_NAME = "first"
LONGEST_OVERLAP = timedelta(days=30)


class Fold(Protocol):
    """How `alerts` takes signals in, in the same transaction; tells by integration id how many changed nothing."""

    def __call__(
        self, connection: Connection, received: Sequence[Received], now: datetime, /, *, hopeful: bool = False
    ) -> Mapping[str, int]:
        """`hopeful`: whatever stands in the way is raised, and the caller begins again."""
        ...


@dataclass(frozen=True)
class CreateIntegration:
    """A configured sender of alerts. `service` is what its alerts are about when they do not say.

    `key`: one that senders have already, from the product before, so that they need a new host and nothing else.
    """

    name: str
    sender: str = "generic"
    service: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ChangeIntegration:
    """What is set of an integration; None leaves it, "" or 0 takes it away.

    `signing_key`: every body must be signed with it. `per_minute`: more requests are turned away with 429. `mapping`:
    how bodies become alerts, in YAML, of a sender that has rules (`mapped`, `email`).
    """

    signing_key: str | None = field(default=None, repr=False)
    per_minute: int | None = None
    service: str | None = None
    mapping: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Replayed:
    """What came of something that was set aside: how many signals, and what still can't be understood."""

    signals: int
    problems: tuple[str, ...]


def create_integration(
    connection: Connection, actor: Actor, command: CreateIntegration, now: datetime
) -> tuple[IntegrationRef, str]:
    """A new integration and the secret of its URL. Invalid names the field; Conflict when the name is taken."""
    actor.require(Right.MANAGER, "alerts")
    name = command.name.strip()
    if not re.fullmatch(r"[^\x00-\x1f]{1,200}", name):
        raise Invalid("an integration needs a name of at most 200 characters", "name")
    sender = sender_named(command.sender).name
    if connection.execute(select(integrations.c.id).where(integrations.c.name == name)).first():
        raise Conflict(f"there is an integration {name!r} already; choose another name")
    made = IntegrationRef(new_id(), name, sender, (command.service or "").strip() or None)
    secret = (command.key or "").strip() or _new_key(sender)
    if not re.fullmatch(r"[A-Za-z0-9_.~-]{20,200}", secret):
        raise Invalid("a key has 20 to 200 letters, digits, '-', '_', '.' or '~'", "key")
    if sender == EMAIL and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{19,63}", secret):
        raise Invalid("the key of an address has 20 to 64 letters, digits, '-' or '_'", "key")
    if _opens_something(connection, secret):
        raise Conflict("another integration has this key; choose another")
    connection.execute(
        insert(integrations).values(
            id=made.id,
            name=made.name,
            sender=made.sender,
            service=made.service,
            created_at=now,
            **_kept(connection, secret),
        )
    )
    audit.record(connection, actor, "create integration", made.id, {"name": name, "sender": sender}, now)
    _changed(connection)
    return made, secret


def create_first_integration(connection: Connection, now: datetime) -> tuple[IntegrationRef, str]:
    """The ready integration of the first start, which takes generic JSON; called again it tells the same one."""
    row = connection.execute(select(integrations).where(integrations.c.name == FIRST_NAME)).first()
    if row is None:
        return create_integration(connection, SYSTEM, CreateIntegration(FIRST_NAME), now)
    secret = keys_of(connection).open(SECRET, row.secret_sealed)
    return IntegrationRef(row.id, row.name, row.sender, row.service), secret


def rotate_integration(
    connection: Connection, actor: Actor, integration_id: str, now: datetime, *, overlap: timedelta = timedelta(0)
) -> str:
    """A new secret; the old one is unknown from now on, or good for `overlap` yet (at most 30 days)."""
    actor.require(Right.MANAGER, "alerts")
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Invalid(f"the old key can be good for {LONGEST_OVERLAP.days} more days at most", "overlap_hours")
    row = connection.execute(select(integrations).where(integrations.c.id == integration_id)).first()
    secret = _new_key(row.sender if row else "")
    before = {
        "old_secret_hash": row.secret_hash if row and overlap else None,
        "old_secret_until": now + overlap if overlap else None,
    }
    _update(connection, integration_id, {**_kept(connection, secret), **before})
    hours = overlap.total_seconds() / 3600
    audit.record(connection, actor, "rotate integration", integration_id, {"overlap_hours": hours}, now)
    _changed(connection)
    return secret


def change_integration(
    connection: Connection, actor: Actor, integration_id: str, command: ChangeIntegration, now: datetime
) -> None:
    """Set what an integration must do and may do. Invalid names the field; NotFound."""
    actor.require(Right.MANAGER, "alerts")
    values: dict[str, object] = {}
    if command.per_minute is not None:
        if not 0 <= command.per_minute <= 1_000_000:
            raise Invalid("a limit is a number of requests a minute, up to 1,000,000; 0 is no limit", "per_minute")
        values["per_minute"] = command.per_minute or None
    if command.signing_key is not None:
        key = command.signing_key.strip()
        if key and not 8 <= len(key) <= 500:
            raise Invalid("a signing key has 8 to 500 characters", "signing_key")
        values["signing_sealed"] = keys_of(connection).seal(SIGNING, key) if key else None
    if command.mapping is not None:
        present = integration_ref(connection, integration_id)
        if command.mapping.strip() and present is not None:
            check_rules(present.sender, command.mapping)
        values["mapping"] = command.mapping.strip() or None
    if command.service is not None:
        values["service"] = command.service.strip() or None
    if values:
        _update(connection, integration_id, values)
    told = {name: value for name, value in values.items() if name != "signing_sealed"}
    if "signing_sealed" in values:
        told["signed"] = values["signing_sealed"] is not None
    audit.record(connection, actor, "change integration", integration_id, told, now)
    _changed(connection)


def count_limited(connection: Connection, counts: Mapping[str, int], now: datetime) -> None:
    """Say of integrations how many requests were turned away, since they were more than may come."""
    for integration_id, count in sorted(counts.items()):
        values = {"last_at": now, "requests": 0, "signals": 0, "stale": 0, "refused": 0, "limited": 0}
        insert_or_ignore(connection, integration_activity, {"integration_id": integration_id, **values})
        connection.execute(
            update(integration_activity)
            .where(integration_activity.c.integration_id == integration_id)
            .values(limited=integration_activity.c.limited + count, limited_at=now)
        )
    announce(connection, TOPIC)


def disable_integration(connection: Connection, actor: Actor, integration_id: str, now: datetime) -> None:
    """Its URL is unknown from now on; what it sent stays."""
    actor.require(Right.MANAGER, "alerts")
    _update(connection, integration_id, {"disabled_at": now})
    audit.record(connection, actor, "disable integration", integration_id, {}, now)
    _changed(connection)


def enable_integration(connection: Connection, actor: Actor, integration_id: str, now: datetime) -> None:
    """Its URL is good again."""
    actor.require(Right.MANAGER, "alerts")
    _update(connection, integration_id, {"disabled_at": None})
    audit.record(connection, actor, "enable integration", integration_id, {}, now)
    _changed(connection)


def replay_set_aside(connection: Connection, actor: Actor, id: str, fold: Fold, now: datetime) -> Replayed:
    """Read it again by the same sender's parser, and take in what can be understood now.

    It stays waiting while anything in it still can't be understood. Signals that came since are newer: a firing
    that has ended meanwhile changes nothing.
    """
    actor.require(Right.RESPONDER, "alerts")
    row = _waiting(connection, id)
    integration = integration_ref(connection, row.integration_id)
    if integration is None:
        raise NotFound("the integration that this came by is gone")
    try:
        parsed = parse(integration, row.content.encode("utf-8", "replace"))
    except Unreadable as error:
        return Replayed(0, (f"{error.place}: {error.reason}",))
    fold(connection, [Received(integration, signal) for signal in parsed.signals], now)
    owe_asks(connection, integration, parsed.asks, now)
    problems = tuple(f"{part.place}: {part.reason}" for part in parsed.set_aside)
    if (parsed.signals or parsed.asks) and not problems:
        _end(connection, actor, id, "replayed", now)
    audit.record(connection, actor, "replay set-aside", id, {"signals": len(parsed.signals)}, now)
    return Replayed(len(parsed.signals), problems)


def owe_asks(connection: Connection, integration: IntegrationRef, asks: Sequence[Ask], now: datetime) -> None:
    """Owe what a sender asks for to the stages that can do it, as tasks `sender.acknowledge`, `sender.change` …"""
    for ask in asks:
        payload = {
            "integration": integration.name,
            "service": integration.service,
            "dedup_key": ask.dedup_key,
            "by": ask.by,
            "text": ask.text,
            "until": ask.until.isoformat() if ask.until else None,
            "more": dict(ask.more),
        }
        owe(connection, f"sender.{ask.what}", "integration", integration.id, payload, now, key=new_id())


def discard_set_aside(connection: Connection, actor: Actor, id: str, now: datetime) -> None:
    """It is not needed; it stays on record as discarded, with by whom."""
    actor.require(Right.RESPONDER, "alerts")
    _waiting(connection, id)
    _end(connection, actor, id, "discarded", now)
    audit.record(connection, actor, "discard set-aside", id, {}, now)


def _opens_something(connection: Connection, secret: str) -> bool:
    digest = token_hash(secret)
    same = (integrations.c.secret_hash == digest) | (integrations.c.old_secret_hash == digest)
    return connection.execute(select(integrations.c.id).where(same)).first() is not None


def _new_key(sender: str) -> str:
    # PagerDuty's clients want 32 characters, and servers on the way may write an address in small letters: 128 bits
    return secrets.token_hex(16) if sender in ("pagerduty", EMAIL) else new_secret()


def _kept(connection: Connection, secret: str) -> dict[str, str]:
    return {"secret_hash": token_hash(secret), "secret_sealed": keys_of(connection).seal(SECRET, secret)}


def _update(connection: Connection, integration_id: str, values: Mapping[str, object]) -> None:
    if not connection.execute(
        update(integrations).where(integrations.c.id == integration_id).values(**values)
    ).rowcount:
        raise NotFound(f"there is no integration {integration_id!r}")


def _waiting(connection: Connection, id: str) -> Row[Any]:
    row = connection.execute(lock_rows(connection, select(set_aside).where(set_aside.c.id == id))).first()
    if row is None:
        raise NotFound(f"nothing was set aside under {id!r}")
    if row.state != "waiting":
        raise Conflict(f"this was {row.state} already by {row.ended_by}")
    return row


def _end(connection: Connection, actor: Actor, id: str, state: str, now: datetime) -> None:
    connection.execute(
        update(set_aside).where(set_aside.c.id == id).values(state=state, ended_at=now, ended_by=actor.id)
    )
    announce(connection, TOPIC)


def _changed(connection: Connection) -> None:
    announce(connection, CHANGED)
    announce(connection, TOPIC)
