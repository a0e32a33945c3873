"""Splunk's webhook alert action, and Splunk Observability's detectors.

Source: https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks. A Splunk search does not say when it is
over: a row of its result with `status` or `state` `ok` or `resolved` does.
"""

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    Signal,
    bounded_key,
    clipped,
    details_of,
    links_of,
    severity_of,
)

_OVER = ("ok", "resolved", "closed", "stopped", "manually resolved", "auto resolved")


def parse(body: bytes) -> Parsed:
    """One result of one search, or one incident of one detector."""
    return read_one(body, lambda told: _detector(told) if "incidentId" in told else _search(told))


def _search(told: Fields) -> Signal:
    name = told.required("search_name")
    result = told.fields("result")
    labels, annotations = details_of(result.all)
    labels = {name: value for name, value in labels.items() if not name.startswith("_")}
    labels["alertname"] = clipped(name, 200)
    for field in ("app", "owner"):
        if told.text(field):
            labels[field] = clipped(told.text(field), 200)
    about = result.text("dedup_key", "host")
    return Signal(
        dedup_key=bounded_key(f"{name} {about}".strip()),
        status="resolved" if result.text("status", "state").lower() in _OVER else "firing",
        severity=severity_of(result.text("severity", "urgency", "level")),
        title=clipped(name, LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of([("Results", told.text("results_link"))]),
        service=result.text("service") or None,
    )


def _detector(told: Fields) -> Signal:
    status = "resolved" if told.text("status", "statusExtended").lower() in _OVER else "firing"
    labels, _ = details_of(told.fields("dimensions").all)
    labels["alertname"] = clipped(told.text("detector", "rule") or "Detector", 200)
    return Signal(
        dedup_key=bounded_key(told.required("incidentId")),
        status="resolved" if status == "resolved" else "firing",
        severity=severity_of(told.text("severity")),
        title=clipped(told.text("messageTitle", "detector", "rule") or "Detector", LONGEST_TITLE),
        labels=labels,
        annotations={"description": clipped(told.text("description", "messageBody"))},
        links=links_of([("Detector", told.text("detectorUrl")), ("Runbook", told.text("runbookUrl"))]),
        service=labels.get("service"),
        started_at=told.moment("timestamp") if status == "firing" else None,
        ended_at=told.moment("timestamp") if status == "resolved" else None,
    )


SENDER = Sender(
    name="splunk",
    title="Splunk",
    parse=parse,
    example="""{
  "sid": "scheduler_admin_search_W2_at_14232356_132",
  "search_name": "Checkout errors",
  "app": "search",
  "owner": "admin",
  "results_link": "https://splunk.example/app/search/@go?sid=scheduler_admin_search_W2_at_14232356_132",
  "result": {"host": "checkout-7", "service": "checkout-api", "severity": "critical", "count": "31"}
}
""",
)
