"""An alert and its page as Opsgenie's API words them, and the names by which it is asked for."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from tocsin.alerts.alert import Episode
from tocsin.alerts.queries.keys import latest_of_key, own_alert, own_alert_by_start
from tocsin.errors import Invalid
from tocsin.identity.actor import SYSTEM
from tocsin.intake.signal import IntegrationRef, bounded_key
from tocsin.paging.queries.live import pages_of_groups
from tocsin.paging.queries.views import PageView

_PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}


def tiny_id(alert_id: str) -> str:
    """The alert's id as a number: its time and what tells apart those of one millisecond."""
    return str(int(alert_id.replace("-", "")[:16], 16))


def find_alert(connection: Connection, integration: IntegrationRef, identifier: str, kind: str) -> Episode | None:
    """The integration's own alert by `id` (unless said), `tiny` or `alias`. Invalid for another kind."""
    if kind == "alias":
        return latest_of_key(connection, integration.id, bounded_key(identifier))
    if kind == "tiny":
        if not identifier.isdecimal() or len(identifier) > 20 or int(identifier) >= 2**64:
            return None
        digits = f"{int(identifier):016x}"
        return own_alert_by_start(connection, integration.id, f"{digits[:8]}-{digits[8:12]}-{digits[12:]}")
    if kind in ("id", ""):
        return own_alert(connection, integration.id, identifier)
    raise Invalid("identifierType is one of id, tiny, alias", "identifierType")


def pages_of(connection: Connection, alerts: list[Episode]) -> Mapping[str, PageView]:
    """The last page of each alert's group; a restricted one is not told to a sender."""
    groups = [alert.group_id for alert in alerts if alert.group_id]
    found = pages_of_groups(connection, SYSTEM, groups)
    return {group: page for group, page in found.items() if not page.restricted}


def worded(alert: Episode, page: PageView | None, integration: IntegrationRef, *, whole: bool) -> dict[str, Any]:
    """The alert as `GET /v2/alerts` lists it; `whole`: as it is got alone."""
    labels = dict(alert.labels)
    tags = labels.pop("tags", "")
    answered = page is not None and page.state == "acknowledged" and alert.state == "firing"
    snoozed = page.snoozed_until if page is not None and alert.state == "firing" else None
    owner = (page.acknowledged_by or "").removeprefix("sender:") if page is not None and answered else ""
    told: dict[str, Any] = {
        "id": alert.id,
        "tinyId": tiny_id(alert.id),
        "alias": alert.dedup_key,
        "message": alert.title,
        "status": "open" if alert.state == "firing" else "closed",
        "acknowledged": answered,
        "isSeen": answered,
        "tags": tags.split(",") if tags else [],
        "snoozed": snoozed is not None,
        "count": alert.received,
        "lastOccurredAt": written(alert.last_at),
        "createdAt": written(alert.received_at),
        "updatedAt": written(alert.last_at),
        "source": labels.pop("source", integration.name),
        "owner": owner,
        "priority": labels.pop("priority", "") or _PRIORITIES[alert.severity],
        "responders": [],
        "integration": {"id": integration.id, "name": integration.name, "type": "API"},
    }
    if snoozed is not None:
        told["snoozedUntil"] = written(snoozed)
    if alert.resolved_at is not None:
        told["report"] = {"closeTime": int((alert.resolved_at - alert.received_at).total_seconds() * 1000)}
    if whole:
        told["entity"] = labels.pop("entity", "")
        told["description"] = alert.annotations.get("description", "")
        told["details"] = {**labels, **{k: v for k, v in alert.annotations.items() if k not in _OWN}}
        told["actions"] = []
    return told


def written(at: datetime) -> str:
    """An instant with milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_OWN = ("description", "responders")
