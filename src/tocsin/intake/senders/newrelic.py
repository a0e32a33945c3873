"""New Relic's workflow webhook with its default template.

Source: https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/#webhook.
"""

from collections.abc import Mapping

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Ask,
    Parsed,
    Signal,
    Status,
    bounded_key,
    clipped,
    links_of,
    severity_of,
)

_STATES: Mapping[str, Status] = {
    "created": "firing",
    "activated": "firing",
    "open": "firing",
    "acknowledged": "firing",
    "closed": "resolved",
}
_LISTS = (("alertPolicyNames", "policy"), ("alertConditionNames", "condition"), ("impactedEntities", "entity"))


def parse(body: bytes) -> Parsed:
    """One issue as it is now; one that somebody acknowledges there has its page acknowledged here."""
    return read_one(body, _read)


def _read(told: Fields) -> Parsed:
    status = told.one_of("state", _STATES)
    labels: dict[str, str] = {}
    for name, label in _LISTS:
        values = [str(each) for each in told.items(name)]
        if values:
            labels[label] = clipped(", ".join(values), 200)
    key = bounded_key(told.required("id", "issueId"))
    signal = Signal(
        dedup_key=key,
        status=status,
        severity=severity_of(told.text("priority")),
        title=clipped(told.text("title") or labels.get("condition") or "Issue without a title", LONGEST_TITLE),
        labels=labels,
        annotations={"workflow": clipped(told.text("workflowName"))} if "workflowName" in told else {},
        links=links_of([("Issue", told.text("issueUrl"))]),
        started_at=told.moment("createdAt"),
        ended_at=told.moment("closedAt", "updatedAt") if status == "resolved" else None,
    )
    taken = "acknowledged" in (told.text("state").lower(), told.text("trigger", "triggerEvent").lower().split("_")[-1])
    return Parsed(
        (signal,), asks=(Ask("acknowledge", key, told.text("owner")),) if taken and status == "firing" else ()
    )


SENDER = Sender(
    name="newrelic",
    title="New Relic",
    parse=parse,
    example="""{
  "id": "1f0c9a3e-2a88-4d84-a5a4-5a6b2f6f0b11",
  "issueUrl": "https://radar-api.service.newrelic.example/accounts/1/issues/1f0c9a3e",
  "title": "Card payments are failing",
  "priority": "CRITICAL",
  "impactedEntities": ["checkout-api"],
  "totalIncidents": 1,
  "state": "ACTIVATED",
  "trigger": "STATE_CHANGE",
  "isCorrelated": false,
  "createdAt": 1795097232000,
  "updatedAt": 1795097232000,
  "sources": ["newrelic"],
  "alertPolicyNames": ["Shop"],
  "alertConditionNames": ["Error rate"],
  "workflowName": "To Tocsin"
}
""",
)
