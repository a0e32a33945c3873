"""PagerDuty's Events API, version 2 and its change events, and the generic version 1 that old clients still speak.

Source: https://developer.pagerduty.com/docs/events-api-v2/trigger-events. Arrival decides what is new, as it does
there: an event's `timestamp` is when it was generated, not when the condition began.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tocsin.intake.fields import Fields, moment_of, read_fields
from tocsin.intake.reading import Wrong
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Ask,
    Parsed,
    Severity,
    Signal,
    Status,
    Unreadable,
    bounded_key,
    clipped,
    details_of,
    links_of,
)

LONGEST_DEDUP_KEY = 255
Action = Literal["trigger", "acknowledge", "resolve", "change"]
_SEVERITIES: Mapping[str, Severity] = {
    "critical": "critical",
    "warning": "warning",
    "error": "error",
    "info": "info",
}


@dataclass(frozen=True)
class Event:
    """One event: the key that it is for, what it means, and the dedup key to answer with."""

    routing_key: str
    action: Action
    dedup_key: str
    parsed: Parsed


class Refused(Exception):
    """An event that is wrong; each of `errors` names its field as PagerDuty does: `'payload.summary' is …`."""

    def __init__(self, errors: tuple[str, ...], routing_key: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors
        self.routing_key = routing_key


def parse(body: bytes) -> Parsed:
    """An event of version 2 or 1, or a change event, whatever its routing key."""
    try:
        fields = read_fields(body)
        is_change = "payload" in fields and "event_action" not in fields and "event_type" not in fields
        return (read_change(fields) if is_change else read_event(fields)).parsed
    except Refused as error:
        place, _, reason = error.errors[0].removeprefix("'").partition("' ")
        raise Unreadable(place, reason) from error
    except Wrong as wrong:
        raise Unreadable(wrong.field or "$", wrong.reason) from wrong


def read_event(event: Fields) -> Event:
    """An alert event. Refused names all that is wrong with it."""
    try:
        return _version_1(event) if "event_type" in event else _version_2(event)
    except Wrong as wrong:
        raise _refused(event, [f"'{wrong.field}' {wrong.reason}"]) from wrong


def read_change(event: Fields) -> Event:
    """A change event: something was deployed or configured."""
    try:
        payload = event.fields("payload")
        summary = payload.text("summary")
        if not summary:
            raise _refused(event, ["'payload.summary' is missing or blank"])
        labels, _ = details_of(_details(payload))
        told = {**labels, "source": payload.text("source")}
        link = next(iter(links_of(_links(event))), None)
        if link is not None:
            told["link"] = link.url
        stamp = payload.text("timestamp")
        if stamp and "id" not in told:  # the same report sent again is the same change
            same = "\n".join((stamp, summary, told["source"]))
            told["id"] = hashlib.sha256(same.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    except Wrong as wrong:
        raise _refused(event, [f"'{wrong.field}' {wrong.reason}"]) from wrong
    ask = Ask("change", text=clipped(summary, 1000), until=moment_of(stamp), more=told)
    return Event(event.text("routing_key"), "change", "", Parsed((), asks=(ask,)))


def _version_2(event: Fields) -> Event:
    errors: list[str] = []
    action = event.text("event_action").lower()
    if action not in ("trigger", "acknowledge", "resolve"):
        known = "must be one of: 'trigger', 'acknowledge' or 'resolve'"
        errors.append(f"'event_action' is invalid ({known})" if action else "'event_action' is missing or blank")
    key = _key(event, "dedup_key", action, errors)
    if action != "trigger" or errors:
        return _without_payload(event, action, key, errors)
    payload = event.fields("payload")
    blank = [name for name in ("summary", "source", "severity") if not payload.text(name)]
    errors += [f"'payload.{name}' is missing or blank" for name in blank]
    severity = payload.text("severity").lower()
    if severity and severity not in _SEVERITIES:
        errors.append("'payload.severity' is invalid (must be one of: 'critical', 'warning', 'error' or 'info')")
    if errors:
        raise _refused(event, errors)
    labels, annotations = details_of(_details(payload))
    for name in ("source", "component", "group", "class"):
        if payload.text(name):
            labels[name] = clipped(payload.text(name), 200)
    if payload.text("timestamp"):
        annotations["timestamp"] = clipped(payload.text("timestamp"), 200)
    signal = Signal(
        dedup_key=bounded_key(key),
        status="firing",
        severity=_SEVERITIES[severity],
        title=clipped(payload.text("summary"), LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of(_links(event)),
        service=labels.get("service"),
    )
    return Event(event.text("routing_key"), "trigger", key, Parsed((signal,)))


def _version_1(event: Fields) -> Event:
    errors: list[str] = []
    action = event.text("event_type").lower()
    if action not in ("trigger", "acknowledge", "resolve"):
        errors.append("'event_type' is invalid (must be one of: 'trigger', 'acknowledge' or 'resolve')")
    key = _key(event, "incident_key", action, errors)
    if action != "trigger" or errors:
        return _without_payload(event, action, key, errors)
    if not event.text("description"):
        raise _refused(event, ["'description' is missing or blank"])
    labels, annotations = details_of(_details(event, "details"))
    signal = Signal(
        dedup_key=bounded_key(key),
        status="firing",
        severity="error",
        title=clipped(event.text("description"), LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of(_links(event)),
        service=labels.get("service"),
    )
    return Event(event.text("service_key"), "trigger", key, Parsed((signal,)))


def _without_payload(event: Fields, action: str, key: str, errors: list[str]) -> Event:
    if errors:
        raise _refused(event, errors)
    routing_key = event.text("routing_key", "service_key")
    if action == "acknowledge":
        return Event(routing_key, "acknowledge", key, Parsed((), asks=(Ask("acknowledge", bounded_key(key)),)))
    over: Status = "resolved"
    signal = Signal(bounded_key(key), over, "error", clipped(key, LONGEST_TITLE))
    return Event(routing_key, "resolve", key, Parsed((signal,)))


def _key(event: Fields, name: str, action: str, errors: list[str]) -> str:
    key = event.text(name)
    if len(key) > LONGEST_DEDUP_KEY:
        errors.append(f"'{name}' is too long (maximum is {LONGEST_DEDUP_KEY} characters)")
    if not key and action == "trigger":
        return secrets.token_hex(16)
    if not key:
        errors.append(f"'{name}' is missing or blank")
    return key


def _details(payload: Fields, name: str = "custom_details") -> Mapping[str, object]:
    value = payload.all.get(name)
    if isinstance(value, dict):
        return value
    return {} if value in (None, "") else {name: value}


def _links(event: Fields) -> list[tuple[str, str]]:
    found = [(link.text("text") or "Link", link.text("href")) for link in event.each("links")]
    found += [(image.text("alt") or "Image", image.text("href", "src")) for image in event.each("images")]
    found += [(each.text("text", "alt") or "Link", each.text("href", "src")) for each in event.each("contexts")]
    return [*found, (event.text("client") or "Sender", event.text("client_url"))]


def _refused(event: Fields, errors: list[str]) -> Refused:
    keys = (event.all.get(name) for name in ("routing_key", "service_key"))
    return Refused(tuple(errors), next((key for key in keys if isinstance(key, str)), ""))


SENDER = Sender(
    name="pagerduty",
    title="PagerDuty Events API",
    parse=parse,
    example="""{
  "routing_key": "the integration's key",
  "event_action": "trigger",
  "dedup_key": "checkout-errors",
  "payload": {
    "summary": "Card payments are failing",
    "source": "checkout-7.larkfield.example",
    "severity": "critical",
    "component": "payments",
    "custom_details": {"service": "checkout-api", "environment": "production"}
  },
  "links": [{"href": "https://grafana.example/d/checkout", "text": "Dashboard"}],
  "client": "Larkfield monitoring",
  "client_url": "https://monitoring.larkfield.example"
}
""",
)
