"""Datadog's webhook, whose body is a template of its user's: ours stands in docs/senders/datadog.md.

Source: https://docs.datadoghq.com/integrations/webhooks/.
"""

from collections.abc import Mapping

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    Severity,
    Signal,
    Status,
    bounded_key,
    clipped,
    links_of,
    severity_of,
)

_TRANSITIONS: Mapping[str, Status] = {
    **dict.fromkeys(("triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "renotify"), "firing"),
    "recovered": "resolved",
}


def parse(body: bytes) -> Parsed:
    """One transition of one monitor's group."""
    return read_one(body, _signal)


def _signal(told: Fields) -> Signal:
    status = told.one_of("transition", _TRANSITIONS)
    labels = _tags(told.text("tags"))
    for name in ("scope", "hostname"):
        if told.text(name):
            labels[name] = clipped(told.text(name), 200)
    key = told.text("cycle_key") or " ".join(filter(None, (told.text("monitor_id"), told.text("scope"))))
    if not key:
        told.wrong("cycle_key", "is missing, and so is monitor_id")
    return Signal(
        dedup_key=bounded_key(key),
        status=status,
        severity=_severity(told),
        title=clipped(told.required("title"), LONGEST_TITLE),
        labels=labels,
        annotations={"description": clipped(told.text("body"))} if told.text("body") else {},
        links=links_of([("Monitor", told.text("link")), ("Snapshot", told.text("snapshot"))]),
        service=labels.get("service"),
    )


def _severity(told: Fields) -> Severity:
    if "warn" in told.text("transition").lower():
        return "warning"
    return severity_of(told.text("priority", "type"))


def _tags(text: str) -> dict[str, str]:
    pairs = (tag.strip().partition(":") for tag in text.split(",") if tag.strip())
    return {clipped(name, 200): clipped(value or "true", 200) for name, _, value in pairs if name}


SENDER = Sender(
    name="datadog",
    title="Datadog",
    parse=parse,
    example="""{
  "cycle_key": "9120345671",
  "monitor_id": "1234567",
  "scope": "service:checkout-api",
  "transition": "Triggered",
  "title": "[Triggered] Card payments are failing",
  "body": "More than 5 % of card payments fail.",
  "priority": "P1",
  "type": "error",
  "tags": "service:checkout-api,env:production,monitor",
  "hostname": "checkout-7",
  "link": "https://app.datadoghq.example/monitors/1234567"
}
""",
)
