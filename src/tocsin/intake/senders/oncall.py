"""Grafana OnCall's formatted webhook, for what was set up to send there.

Source: https://grafana.com/docs/oncall/latest/integrations/webhook/.
"""

import hashlib

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import LONGEST_TITLE, Parsed, Signal, bounded_key, clipped, links_of, severity_of


def parse(body: bytes) -> Parsed:
    """One alert; its state `ok` ends it."""
    return read_one(body, _signal)


def _signal(told: Fields) -> Signal:
    title = told.text("title")
    key = told.text("alert_uid")
    if not key and not title:
        told.wrong("alert_uid", "is missing, and so is title")
    digest = hashlib.sha256(title.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Signal(
        # Uptime Kuma sends none, which made all its monitors one alert
        dedup_key=bounded_key(key) if key else f"title {digest}",
        status="resolved" if told.text("state").lower() in ("ok", "resolved") else "firing",
        severity=severity_of(told.text("severity")),
        title=clipped(title or key, LONGEST_TITLE),
        annotations={"message": clipped(told.text("message"))} if told.text("message") else {},
        links=links_of([("Details", told.text("link_to_upstream_details")), ("Image", told.text("image_url"))]),
        service=told.text("service") or None,
    )


SENDER = Sender(
    name="oncall",
    title="Grafana OnCall's formatted webhook",
    parse=parse,
    example="""{
  "alert_uid": "08d6891a-835c-e661-39fa-96b6a9e26552",
  "title": "Card payments are failing",
  "image_url": "https://graphs.larkfield.example/1.png",
  "state": "alerting",
  "link_to_upstream_details": "https://monitoring.larkfield.example/checkout",
  "message": "More than 5 % of card payments fail."
}
""",
)
