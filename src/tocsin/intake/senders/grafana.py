"""Grafana Alerting's webhook, version 1, and the legacy one of Grafana 8 and before.

Source: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/.
Each alert's own status and fingerprint count; the state of the whole message is its group's.
"""

from collections.abc import Mapping

from tocsin.intake.fields import Fields, read_fields
from tocsin.intake.reading import Wrong, read_each
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    Signal,
    Status,
    Unreadable,
    bounded_key,
    clipped,
    details_of,
    links_of,
    severity_of,
    texts_of,
)

_STATUS: Mapping[str, Status] = {"firing": "firing", "resolved": "resolved"}
_LEGACY: Mapping[str, Status] = {"alerting": "firing", "no_data": "firing", "ok": "resolved"}
_SILENT = ("pending", "paused")  # neither begins nor ends anything


def parse(body: bytes) -> Parsed:
    """The alerts of one message; those that can't be understood are set aside alone."""
    try:
        message = read_fields(body)
        if "ruleId" in message or ("state" in message and "alerts" not in message):
            return _legacy(message)
        items = message.items("alerts")
        if "alerts" not in message:
            message.wrong("alerts", "is missing")
    except Wrong as wrong:
        raise Unreadable(wrong.field or "$", wrong.reason) from wrong
    external = message.all.get("externalURL")
    parsed = read_each(
        items,
        read=lambda item: _signal(Fields(item), external if isinstance(external, str) else ""),
        place=lambda index: f"alerts[{index}]",
        alone=lambda item: {**message.all, "alerts": [item]},
    )
    left_out = message.all.get("truncatedAlerts")
    return Parsed(parsed.signals, parsed.set_aside, left_out if isinstance(left_out, int) and left_out > 0 else 0)


def _signal(alert: Fields, external: str) -> Signal:
    status = alert.one_of("status", _STATUS)
    labels, annotations = texts_of(alert.fields("labels").all), texts_of(alert.fields("annotations").all)
    if alert.text("valueString"):
        annotations["values"] = clipped(alert.text("valueString"))
    name = labels.get("alertname", "")
    return Signal(
        dedup_key=bounded_key(alert.required("fingerprint")),
        status=status,
        severity=severity_of(labels.get("severity")),
        title=clipped(annotations.get("summary") or name or "Alert without a name", LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of(
            [
                ("Runbook", annotations.get("runbook_url", "")),
                ("Dashboard", alert.text("dashboardURL")),
                ("Panel", alert.text("panelURL")),
                ("Source", alert.text("generatorURL")),
                ("Silence", alert.text("silenceURL")),
                ("Image", alert.text("imageURL")),
                ("Grafana", external),
            ]
        ),
        service=labels.get("service") or None,
        started_at=alert.moment("startsAt"),
        ended_at=alert.moment("endsAt") if status == "resolved" else None,
    )


def _legacy(message: Fields) -> Parsed:
    if message.text("state").lower() in _SILENT:
        return Parsed(())
    status = message.one_of("state", _LEGACY)
    tags, _ = details_of(message.fields("tags").all)
    annotations = {"message": clipped(message.text("message"))} if "message" in message else {}
    matches = [f"{match.text('metric')} {match.text('value')}" for match in message.each("evalMatches")]
    if matches:
        annotations["values"] = clipped(", ".join(matches))
    return Parsed(
        (
            Signal(
                dedup_key=bounded_key(f"rule {message.required('ruleId')}"),
                status=status,
                severity=severity_of(tags.get("severity")),
                title=clipped(message.text("ruleName", "title") or "Alert without a name", LONGEST_TITLE),
                labels=tags,
                annotations=annotations,
                links=links_of([("Rule", message.text("ruleUrl")), ("Image", message.text("imageUrl"))]),
                service=tags.get("service"),
            ),
        )
    )


SENDER = Sender(
    name="grafana",
    title="Grafana Alerting",
    parse=parse,
    signed_by="x-grafana-alerting-signature",
    example="""{
  "receiver": "tocsin",
  "status": "firing",
  "orgId": 1,
  "version": "1",
  "truncatedAlerts": 0,
  "externalURL": "https://grafana.example/",
  "title": "[FIRING:1] CheckoutErrorRateHigh",
  "state": "alerting",
  "alerts": [
    {
      "status": "firing",
      "labels": {"alertname": "CheckoutErrorRateHigh", "service": "checkout-api", "severity": "critical"},
      "annotations": {"summary": "Card payments are failing"},
      "startsAt": "2026-11-19T14:07:00Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "https://grafana.example/alerting/grafana/f1/view",
      "fingerprint": "c6eadffa33fcdf37",
      "dashboardURL": "https://grafana.example/d/checkout",
      "valueString": "[ var='A' value=0.31 ]"
    }
  ]
}
""",
)
