"""What people do to integrations and to what was set aside: one function each, one transaction each."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from tocsin.engine.tasks import owe
from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.identity import audit
from tocsin.identity.actor import SYSTEM, Actor, Right
from tocsin.identity.keys import keys_of, new_secret, token_hash
from tocsin.ids import new_id
from tocsin.intake.queries import SECRET, integration_ref
from tocsin.intake.senders import sender_named
from tocsin.intake.signal import Ask, IntegrationRef, Received, Unreadable
from tocsin.store.columns import lock_rows
from tocsin.store.database import announce
from tocsin.store.tables.intake import integrations, set_aside

TOPIC = "alerts"
CHANGED = "integrations"  # the topic by which every process forgets the secrets it remembers
FIRST_NAME = "first"

Fold = Callable[[Connection, Sequence[Received], datetime], Mapping[str, int]]
"""How `alerts` takes signals in, in the same transaction; tells by integration id how many changed nothing."""


@dataclass(frozen=True)
class CreateIntegration:
    """A configured sender of alerts. `service` is what its alerts are about when they do not say."""

    name: str
    sender: str = "generic"
    service: str | None = None


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
    secret = _new_key(sender)
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


def rotate_integration(connection: Connection, actor: Actor, integration_id: str, now: datetime) -> str:
    """A new secret; the old URL is unknown from now on."""
    actor.require(Right.MANAGER, "alerts")
    present = integration_ref(connection, integration_id)
    secret = _new_key(present.sender if present else "")
    _update(connection, integration_id, _kept(connection, secret))
    audit.record(connection, actor, "rotate integration", integration_id, {}, now)
    _changed(connection)
    return secret


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
        parsed = sender_named(integration.sender).parse(row.content.encode("utf-8", "replace"))
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


def _new_key(sender: str) -> str:
    # PagerDuty's clients and forms want 32 characters; these hold 128 random bits
    return secrets.token_hex(16) if sender == "pagerduty" else new_secret()


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
