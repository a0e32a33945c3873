"""Kibana's webhook connector, whose body is a template of its user's: ours stands in docs/senders/elastic.md.

Source: https://www.elastic.co/guide/en/kibana/current/rule-action-variables.html.
"""

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import LONGEST_TITLE, Parsed, Signal, bounded_key, clipped, links_of, severity_of

_OVER = ("recovered", "ok", "resolved")


def parse(body: bytes) -> Parsed:
    """One alert of one rule; its action group `recovered` ends it."""
    return read_one(body, _signal)


def _signal(told: Fields) -> Signal:
    rule, alert = told.required("rule_id"), told.text("alert_id")
    labels = {"alertname": clipped(told.required("rule_name"), 200)}
    for name in ("alert_id", "space", "action_group"):
        if told.text(name):
            labels[name] = clipped(told.text(name), 200)
    tags = [tag for tag in told.text("tags").split(",") if tag.strip()]
    if tags:
        labels["tags"] = clipped(",".join(tag.strip() for tag in tags))
    group = told.required("action_group")
    return Signal(
        dedup_key=bounded_key(f"{rule} {alert}".strip()),
        status="resolved" if group.lower().split(".")[-1] in _OVER else "firing",
        severity=severity_of(told.text("severity")),
        title=clipped(told.text("rule_name"), LONGEST_TITLE),
        labels=labels,
        annotations={"reason": clipped(told.text("reason"))} if told.text("reason") else {},
        links=links_of([("Kibana", told.text("url"))]),
        service=told.text("service") or None,
    )


SENDER = Sender(
    name="elastic",
    title="Elastic (Kibana)",
    parse=parse,
    example="""{
  "rule_id": "5f0b4d10-6d1e-11ee-8c99-0242ac120002",
  "rule_name": "Checkout errors",
  "alert_id": "checkout-7",
  "action_group": "threshold met",
  "severity": "critical",
  "reason": "Errors is 31 in the last 5 minutes for checkout-7",
  "tags": "payments,production",
  "service": "checkout-api",
  "url": "https://kibana.example/app/management/insightsAndAlerting/triggersActions/rule/5f0b4d10"
}
""",
)
