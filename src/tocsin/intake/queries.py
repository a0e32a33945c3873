"""Integrations with what came by them, and what was set aside."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from tocsin.errors import NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.keys import keys_of
from tocsin.intake.signal import IntegrationRef
from tocsin.store.tables.intake import integration_activity, integrations, set_aside

SECRET = "integration"
SIGNING = "integration signing key"
Place = tuple[datetime | str, str]


@dataclass(frozen=True)
class IntegrationView:
    """An integration and the counts of what came: requests, signals, those that changed nothing, bodies refused.

    `per_minute`: how many requests it may send, and `limited` how many were turned away since they were more.
    `is_signed`: its bodies must be. `old_key_until`: after a rotation, how long the key before is still good.
    """

    id: str
    name: str
    sender: str
    service: str | None
    created_at: datetime
    disabled_at: datetime | None
    last_at: datetime | None
    requests: int
    signals: int
    stale: int
    refused: int
    waiting: int
    limited: int
    limited_at: datetime | None
    per_minute: int | None
    is_signed: bool
    old_key_until: datetime | None
    mapping: str | None


@dataclass(frozen=True)
class SetAsideView:
    """Something that could not be understood: where in which integration's body, why, and the thing itself."""

    id: str
    integration_id: str
    integration: str
    at: datetime
    place: str
    reason: str
    content: str
    state: str
    ended_at: datetime | None
    ended_by: str | None


def integrations_now(connection: Connection, actor: Actor) -> list[IntegrationView]:
    """Every integration with its counts, by name; those that were disabled last."""
    actor.require(Right.VIEWER, "alerts")
    waiting = (
        select(func.count())
        .where(set_aside.c.integration_id == integrations.c.id, set_aside.c.state == "waiting")
        .scalar_subquery()
    )
    statement = (
        select(integrations, integration_activity, waiting.label("waiting"))
        .outerjoin(integration_activity, integration_activity.c.integration_id == integrations.c.id)
        .order_by(integrations.c.disabled_at.is_not(None), integrations.c.name)
    )
    return [_view(row) for row in connection.execute(statement)]


def integration(connection: Connection, actor: Actor, integration_id: str) -> IntegrationView:
    """One integration by id or name; NotFound when there is none."""
    for each in integrations_now(connection, actor):
        if integration_id in (each.id, each.name):
            return each
    raise NotFound(f"there is no integration {integration_id!r}")


def secret_of(connection: Connection, actor: Actor, integration_id: str) -> str:
    """The secret of an integration's URL, for those who may set up senders."""
    actor.require(Right.MANAGER, "alerts")
    sealed = connection.execute(
        select(integrations.c.secret_sealed).where(integrations.c.id == integration_id)
    ).scalar()
    if sealed is None:
        raise NotFound(f"there is no integration {integration_id!r}")
    return keys_of(connection).open(SECRET, sealed)


@dataclass(frozen=True)
class Entrance:
    """An integration as its secret opens it: with the key that bodies must be signed with, and its limit, if any."""

    integration: IntegrationRef
    signing_key: str | None = field(default=None, repr=False)
    per_minute: int | None = None


def by_secret_hash(connection: Connection, secret_hash: str, now: datetime) -> Entrance | None:
    """What the secret of this hash opens, also the one before while it is good; None where it is disabled.

    Indexes: uq_integrations_secret_hash, ix_integrations_old_secret_hash.
    """
    row = connection.execute(
        select(integrations).where(
            or_(
                integrations.c.secret_hash == secret_hash,
                and_(integrations.c.old_secret_hash == secret_hash, integrations.c.old_secret_until > now),
            ),
            integrations.c.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    signing = keys_of(connection).open(SIGNING, row.signing_sealed) if row.signing_sealed else None
    return Entrance(_ref(row), signing, row.per_minute)


def integration_ref(connection: Connection, integration_id: str) -> IntegrationRef | None:
    """An integration as signals refer to it, disabled or not."""
    row = connection.execute(select(integrations).where(integrations.c.id == integration_id)).first()
    return _ref(row) if row else None


def _ref(row: Row[Any]) -> IntegrationRef:
    return IntegrationRef(row.id, row.name, row.sender, row.service, row.mapping)


def integration_names(connection: Connection) -> dict[str, str]:
    """Names by id."""
    rows = connection.execute(select(integrations.c.id, integrations.c.name))
    return {row.id: row.name for row in rows}


def set_aside_now(
    connection: Connection,
    actor: Actor,
    *,
    state: Literal["waiting", "replayed", "discarded"] = "waiting",
    limit: int = 100,
) -> list[SetAsideView]:
    """What was set aside, the newest first. Index: ix_set_aside_state_at."""
    actor.require(Right.RESPONDER, "alerts")
    statement = (
        _set_aside().where(set_aside.c.state == state).order_by(set_aside.c.at.desc(), set_aside.c.id).limit(limit)
    )
    return [SetAsideView(**row._mapping) for row in connection.execute(statement)]


def set_aside_one(connection: Connection, actor: Actor, id: str) -> SetAsideView:
    """One thing that was set aside; NotFound when there is none."""
    actor.require(Right.RESPONDER, "alerts")
    row = connection.execute(_set_aside().where(set_aside.c.id == id)).first()
    if row is None:
        raise NotFound(f"nothing was set aside under {id!r}")
    return SetAsideView(**row._mapping)


def waiting_count(connection: Connection) -> int:
    """How much waits for an operator to replay or discard it."""
    return int(
        connection.execute(
            select(func.count()).select_from(set_aside).where(set_aside.c.state == "waiting")
        ).scalar_one()
    )


def _set_aside() -> Select[Any]:
    name = func.coalesce(integrations.c.name, set_aside.c.integration_id).label("integration")
    return select(set_aside, name).outerjoin(integrations, integrations.c.id == set_aside.c.integration_id)


def _view(row: Row[tuple[object, ...]]) -> IntegrationView:
    return IntegrationView(
        id=row.id,
        name=row.name,
        sender=row.sender,
        service=row.service,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        last_at=row.last_at,
        requests=row.requests or 0,
        signals=row.signals or 0,
        stale=row.stale or 0,
        refused=row.refused or 0,
        waiting=row.waiting,
        limited=row.limited or 0,
        limited_at=row.limited_at,
        per_minute=row.per_minute,
        is_signed=row.signing_sealed is not None,
        old_key_until=row.old_secret_until,
        mapping=row.mapping,
    )
