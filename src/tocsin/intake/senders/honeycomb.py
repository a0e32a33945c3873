"""Honeycomb's webhook for triggers.

Source: https://docs.honeycomb.io/notify/integrate/webhooks/.
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
    links_of,
    severity_of,
)

_STATUSES: Mapping[str, Status] = {"triggered": "firing", "ok": "resolved"}


def parse(body: bytes) -> Parsed:
    """One trigger that fires or is over."""
    return read_one(body, _signal)


def _signal(told: Fields) -> Signal:
    annotations = {
        name: clipped(told.text(*names))
        for name, names in (("summary", ("summary",)), ("description", ("description", "trigger_description")))
        if told.text(*names)
    }
    groups = []
    for group in told.each("result_groups_triggered"):
        pairs = group.fields("Group").all
        groups.append(", ".join(f"{name}={value}" for name, value in pairs.items()) + f": {group.text('Result')}")
    if groups:
        annotations["groups"] = clipped("\n".join(groups))
    labels = {"alertname": clipped(told.required("name"), 200)}
    for name in ("environment", "dataset"):
        if told.text(name):
            labels[name] = clipped(told.text(name), 200)
    return Signal(
        dedup_key=bounded_key(told.required("id")),
        status=told.one_of("status", _STATUSES),
        severity=severity_of(told.text("severity")),
        title=clipped(told.text("name"), LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of([("Result", told.text("result_url")), ("Trigger", told.text("trigger_url"))]),
        service=told.text("service") or None,
    )


SENDER = Sender(
    name="honeycomb",
    title="Honeycomb",
    parse=parse,
    example="""{
  "version": "v0.1.0",
  "id": "abcdef12345",
  "name": "Checkout errors",
  "trigger_description": "Card payments are failing",
  "trigger_url": "https://ui.honeycomb.example/larkfield/triggers/abcdef12345",
  "status": "TRIGGERED",
  "summary": "Currently greater than threshold value (5) for team:shop (value 31)",
  "operator": "greater than",
  "threshold": 5,
  "result_url": "https://ui.honeycomb.example/larkfield/result/xyz",
  "result_groups": [{"Group": {"team": "shop"}, "Result": 31}],
  "result_groups_triggered": [{"Group": {"team": "shop"}, "Result": 31}]
}
""",
)
