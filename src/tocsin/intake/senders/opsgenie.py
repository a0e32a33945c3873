"""Opsgenie's Alert API, as alerts are created by it. What is done to them later has paths of its own: `api/foreign`.

Source: https://docs.opsgenie.com/docs/alert-api. The alias is the key; without one each request is an alert of its own.
"""

import json
import secrets
from collections.abc import Mapping

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import LONGEST_TITLE, Ask, Parsed, Severity, Signal, bounded_key, clipped, details_of

PRIORITIES: Mapping[str, Severity] = {"p1": "critical", "p2": "error", "p3": "warning", "p4": "warning", "p5": "info"}
_LONGEST_ALIAS = 512


def parse(body: bytes) -> Parsed:
    """One alert that is created."""
    return read_one(body, read_alert)


def read_alert(alert: Fields) -> Parsed:
    """The alert and the note that came with it. Wrong names the field."""
    alias = alert.text("alias")
    if len(alias) > _LONGEST_ALIAS:
        alert.wrong("alias", f"is longer than {_LONGEST_ALIAS} characters")
    labels, annotations = details_of(alert.fields("details").all)
    for name in ("entity", "source"):
        if alert.text(name):
            labels[name] = clipped(alert.text(name), 200)
    tags = [tag for tag in alert.items("tags") if isinstance(tag, str)]
    if tags:
        labels["tags"] = clipped(",".join(tags))
    team = _first_team(alert)
    if team:
        labels["team"] = clipped(team, 200)
    if alert.text("description"):
        annotations["description"] = clipped(alert.text("description"))
    if alert.items("responders"):
        annotations["responders"] = clipped(json.dumps(alert.items("responders"), ensure_ascii=False, default=str))
    priority = alert.text("priority") or "P3"
    labels["priority"] = clipped(priority, 20)
    signal = Signal(
        dedup_key=bounded_key(alias or secrets.token_hex(16)),
        status="firing",
        severity=alert.one_of("priority", PRIORITIES, unless_said="warning"),
        title=clipped(alert.required("message"), LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        service=labels.get("service"),
    )
    note = alert.text("note")
    asks = (Ask("note", signal.dedup_key, alert.text("user"), clipped(note)),) if note else ()
    return Parsed((signal,), asks=asks)


def _first_team(alert: Fields) -> str:
    for responder in [*alert.each("responders"), *alert.each("teams")]:
        if responder.text("type") in ("team", ""):
            return responder.text("name", "id")
    return ""


SENDER = Sender(
    name="opsgenie",
    title="Opsgenie Alert API",
    parse=parse,
    example="""{
  "message": "Card payments are failing",
  "alias": "checkout-errors",
  "description": "More than 5 % of card payments fail since 14:07.",
  "responders": [{"name": "Shop", "type": "team"}],
  "tags": ["payments", "production"],
  "details": {"service": "checkout-api", "region": "eu-west-1"},
  "entity": "checkout-7",
  "source": "Larkfield monitoring",
  "priority": "P1"
}
""",
)
