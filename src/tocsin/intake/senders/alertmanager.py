"""Alertmanager's webhook, version 4; its `incidentio` receiver sends the same body.

Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. The key is each alert's own
fingerprint and the status each alert's own status: a message's status is that of its group, which says `firing`
as long as one of its alerts does.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from tocsin.intake.reading import Wrong, convert, read_each, read_json
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    Signal,
    Unreadable,
    bounded_key,
    clipped,
    instant_of,
    links_of,
    severity_of,
    texts_of,
)

_Zoned = Annotated[datetime, msgspec.Meta(tz=True)]
_LINK_ANNOTATIONS = (("Runbook", "runbook_url"), ("Dashboard", "dashboard_url"), ("Panel", "panel_url"))


class _Alert(msgspec.Struct, frozen=True):
    status: Literal["firing", "resolved"]
    fingerprint: Annotated[str, msgspec.Meta(min_length=1)]
    labels: dict[str, object] = {}
    annotations: dict[str, object] = {}
    startsAt: _Zoned | None = None  # noqa: N815 (the sender's own name)
    endsAt: _Zoned | None = None  # noqa: N815
    generatorURL: str | None = None  # noqa: N815


class _Message(msgspec.Struct, frozen=True):
    alerts: list[_Alert]
    externalURL: str | None = None  # noqa: N815
    truncatedAlerts: int | None = None  # noqa: N815


def parse(body: bytes) -> Parsed:
    """The alerts of one message; those that can't be understood are set aside alone. Unreadable if none can be."""
    try:
        message = msgspec.json.decode(body, type=_Message)
    except (ValueError, RecursionError, OverflowError):
        return _read_patiently(body)
    try:
        signals = tuple(_signal(alert, message.externalURL or "") for alert in message.alerts)
    except Wrong:
        return _read_patiently(body)
    return _left_out(Parsed(signals), message.truncatedAlerts)


def _read_patiently(body: bytes) -> Parsed:
    """As `parse`, alert by alert."""
    whole = read_json(body)
    if not isinstance(whole, dict):
        raise Unreadable("$", "expected Alertmanager's message, an object that holds 'alerts'")
    items = whole.get("alerts")
    if not isinstance(items, list):
        raise Unreadable("alerts", "is missing" if items is None else "expected a list")
    address = whole.get("externalURL")
    external = address if isinstance(address, str) else ""
    left_out = whole.get("truncatedAlerts")
    envelope = {name: value for name, value in whole.items() if name != "truncatedAlerts"}
    parsed = read_each(
        items,
        read=lambda item: _signal(convert(item, _Alert), external),
        place=lambda index: f"alerts[{index}]",
        alone=lambda item: {**envelope, "alerts": [item]},
    )
    return _left_out(parsed, left_out if isinstance(left_out, int) else 0)


def _left_out(parsed: Parsed, count: int | None) -> Parsed:
    if not count or count < 0:
        return parsed
    said = f"{count} more alerts of this message were left out by Alertmanager (max_alerts)"
    signals = tuple(
        msgspec.structs.replace(signal, annotations={**signal.annotations, "truncatedAlerts": said})
        for signal in parsed.signals
    )
    return msgspec.structs.replace(parsed, signals=signals, left_out=count)


def _signal(alert: _Alert, external: str) -> Signal:
    labels = texts_of(alert.labels)
    annotations = texts_of(alert.annotations)
    title = annotations.get("summary") or annotations.get("title") or labels.get("alertname") or "Alert without a name"
    links = [
        *((name, annotations.get(annotation, "")) for name, annotation in _LINK_ANNOTATIONS),
        ("Source", alert.generatorURL or ""),
        ("Alertmanager", external),
    ]
    # While an alert fires, endsAt is only when Alertmanager would give it up.
    return Signal(
        dedup_key=bounded_key(alert.fingerprint),
        status=alert.status,
        severity=severity_of(labels.get("severity")),
        title=clipped(title, LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of(links),
        service=labels.get("service") or None,
        started_at=_instant(alert.startsAt, "startsAt"),
        ended_at=_instant(alert.endsAt, "endsAt") if alert.status == "resolved" else None,
    )


def _instant(claimed: datetime | None, field: str) -> datetime | None:
    try:
        return instant_of(claimed)
    except OverflowError as error:  # pragma: no cover (years are bounded before)
        raise Wrong(field, str(error)) from error


SENDER = Sender(
    name="alertmanager",
    title="Prometheus Alertmanager",
    parse=parse,
    aliases=("incidentio",),
    example="""{
  "version": "4",
  "groupKey": "{}:{alertname=\\"CheckoutErrorRateHigh\\"}",
  "truncatedAlerts": 0,
  "status": "firing",
  "receiver": "tocsin",
  "groupLabels": {"alertname": "CheckoutErrorRateHigh"},
  "commonLabels": {"alertname": "CheckoutErrorRateHigh", "service": "checkout-api", "severity": "critical"},
  "commonAnnotations": {"summary": "Card payments are failing"},
  "externalURL": "http://alertmanager.example:9093",
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "CheckoutErrorRateHigh", "service": "checkout-api", "severity": "critical"},
      "annotations": {"summary": "Card payments are failing"},
      "startsAt": "2026-11-19T14:07:12.345678901Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "http://prometheus.example:9090/graph",
      "fingerprint": "5ef77f1f8a3ecfdb"
    }
  ]
}
""",
)
