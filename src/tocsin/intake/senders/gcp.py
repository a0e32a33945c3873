"""Google Cloud Monitoring's webhook, version 1.2.

Source: https://cloud.google.com/monitoring/support/notification-options#webhooks.
"""

from collections.abc import Mapping

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    Signal,
    Status,
    bounded_key,
    clipped,
    details_of,
    links_of,
    severity_of,
)

_STATES: Mapping[str, Status] = {"open": "firing", "closed": "resolved"}
_NOT_SAID = "no severity"


def parse(body: bytes) -> Parsed:
    """One incident that opened or closed."""
    return read_one(body, _signal)


def _signal(whole: Fields) -> Signal:
    told = whole.fields("incident")
    status = told.one_of("state", _STATES)
    labels, _ = details_of({**told.fields("resource").fields("labels").all, **told.fields("policy_user_labels").all})
    for name, label in (
        ("policy_name", "alertname"),
        ("condition_name", "condition"),
        ("scoping_project_id", "project"),
    ):
        if told.text(name):
            labels[label] = clipped(told.text(name), 200)
    documented = told.all.get("documentation")  # an object, or text in a test notification
    description = told.fields("documentation").text("content") if isinstance(documented, dict) else documented
    annotations = {"description": clipped(description)} if isinstance(description, str) and description else {}
    if told.text("summary"):
        annotations["summary"] = clipped(told.text("summary"))
    severity = told.text("severity")
    if not severity or severity.lower() == _NOT_SAID:
        severity = labels.get("severity", "")
    return Signal(
        dedup_key=bounded_key(told.required("incident_id")),
        status=status,
        severity=severity_of(severity),
        title=clipped(told.text("policy_name", "condition_name", "summary") or "Alert without a name", LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of([("Incident", told.text("url"))]),
        service=labels.get("service"),
        started_at=told.moment("started_at"),
        ended_at=told.moment("ended_at") if status == "resolved" else None,
    )


SENDER = Sender(
    name="gcp",
    title="Google Cloud Monitoring",
    parse=parse,
    example="""{
  "version": "1.2",
  "incident": {
    "incident_id": "0.mabc123def456",
    "scoping_project_id": "larkfield-shop",
    "url": "https://console.cloud.google.example/monitoring/alerting/incidents/0.mabc123def456",
    "started_at": 1795097232,
    "ended_at": null,
    "state": "open",
    "severity": "Critical",
    "policy_name": "Checkout errors",
    "condition_name": "Error rate above 5 %",
    "policy_user_labels": {"service": "checkout-api"},
    "resource": {"type": "cloud_run_revision", "labels": {"location": "europe-west1"}},
    "summary": "Error rate for checkout is above the threshold of 0.05",
    "documentation": {"content": "Card payments are failing", "mime_type": "text/markdown"}
  }
}
""",
)
