"""What an integration sent lately, as it came: to try a mapping or a routing rule on what really comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from tocsin.errors import NotFound
from tocsin.identity.actor import Actor, Right
from tocsin.identity.visibility import visible_by_incident
from tocsin.intake.keeping import bodies_in
from tocsin.intake.parsing import parse
from tocsin.intake.queries import integration_ref
from tocsin.intake.senders import sender_named
from tocsin.intake.signal import IntegrationRef, Unreadable
from tocsin.store.tables.alerts import alerts, groups
from tocsin.store.tables.intake import bodies

MOST = 20
_MOST_ROWS = 500
_LONGEST_SHOWN = 100_000


@dataclass(frozen=True)
class PastPayload:
    """One body that came, as people read it. `id` names it as long as it is kept (72 h)."""

    id: str
    at: datetime
    payload: str


def past_payloads(connection: Connection, actor: Actor, integration_id: str, limit: int = MOST) -> list[PastPayload]:
    """The latest bodies of an integration, the newest first, out of the latest commits. Index: ix_bodies_at.

    What tells of an alert that the actor may not know of is left out.
    """
    actor.require(Right.RESPONDER, "alerts")
    integration = integration_ref(connection, integration_id)
    if integration is None:
        raise NotFound("there is no such integration")
    newest = select(bodies).order_by(bodies.c.at.desc(), bodies.c.id.desc()).limit(_MOST_ROWS)
    found: list[PastPayload] = []
    for row in connection.execute(newest):
        entries = _entries(row)
        mine = [place for place, entry in enumerate(entries) if entry["integration"] == integration_id]
        came = bodies_in(row.content, entries) if mine else []
        for place in reversed(mine):
            body = came[place]
            if _may_see(connection, actor, integration, body):
                found.append(PastPayload(f"{row.id}.{place}", row.at, _shown(integration, body)))
            if len(found) == limit:
                return found
    return found


def past_payload(connection: Connection, actor: Actor, integration_id: str, payload_id: str) -> PastPayload:
    """One of them. NotFound when it is kept no more, or not the actor's to see."""
    actor.require(Right.RESPONDER, "alerts")
    integration = integration_ref(connection, integration_id)
    row_id, _, place = payload_id.partition(".")
    row = connection.execute(select(bodies).where(bodies.c.id == row_id)).first() if row_id.isprintable() else None
    entries = _entries(row) if row else ()
    entry = entries[int(place)] if place.isdecimal() and int(place) < len(entries) else None
    if integration is None or row is None or entry is None or entry["integration"] != integration_id:
        raise NotFound("there is no such payload; they are kept for 72 hours")
    body = bodies_in(row.content, entries)[int(place)]
    if not _may_see(connection, actor, integration, body):
        raise NotFound("there is no such payload; they are kept for 72 hours")
    return PastPayload(payload_id, row.at, _shown(integration, body))


def _entries(row: Row[Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = row._mapping["index"]  # row.index is a method of tuples
    return found


def _shown(integration: IntegrationRef, body: bytes) -> str:
    show = sender_named(integration.sender).show
    text = show(body) if show else body.decode("utf-8", "replace")
    return text[:_LONGEST_SHOWN]


def _may_see(connection: Connection, actor: Actor, integration: IntegrationRef, body: bytes) -> bool:
    try:
        parsed = parse(integration, body)
    except Unreadable:
        return True  # no alert came of it
    keys = {signal.dedup_key for signal in parsed.signals} | {ask.dedup_key for ask in parsed.asks}
    hidden = exists().where(
        alerts.c.integration_id == integration.id,
        alerts.c.dedup_key.in_(keys),
        groups.c.id == alerts.c.group_id,
        ~visible_by_incident(actor, groups.c.incident_id),
    )
    return actor.kind == "system" or not connection.execute(select(hidden)).scalar_one()
