"""CloudEvents 1.0 in structured mode, one or a batch.

Source: https://github.com/cloudevents/spec. `data` may hold the fields of our generic JSON; what it leaves open, the
envelope decides: source and subject are the key, and a type that ends in `.resolved` or the like ends the alert.
"""

from tocsin.intake.fields import Fields
from tocsin.intake.reading import Wrong, read_each, read_json
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Parsed,
    Signal,
    Unreadable,
    bounded_key,
    clipped,
    details_of,
    links_of,
    severity_of,
)

_OVER = ("resolved", "closed", "recovered", "ok", "ended", "cleared")


def parse(body: bytes) -> Parsed:
    """Events; those of a batch that can't be understood are set aside alone."""
    whole = read_json(body)
    if isinstance(whole, list):
        return read_each(
            whole, _signal, lambda index: f"[{index}]", lambda item: item if isinstance(item, dict) else {"data": item}
        )
    try:
        return Parsed((_signal(whole),))
    except Wrong as wrong:
        raise Unreadable(wrong.field or "$", wrong.reason) from wrong


def _signal(item: object) -> Signal:
    event = Fields(item)
    if not event.required("specversion").startswith("1."):
        event.wrong("specversion", "is none of version 1")
    kind, source, subject = event.required("type"), event.required("source"), event.text("subject")
    told = event.fields("data") if isinstance(event.all.get("data"), dict) else Fields({})
    labels, annotations = details_of(told.fields("labels").all)
    labels |= {"type": clipped(kind, 200), "source": clipped(source, 200)}
    if subject:
        labels["subject"] = clipped(subject, 200)
    if told.text("description"):
        annotations["description"] = clipped(told.text("description"))
    word = told.text("status").lower() or kind.lower().rpartition(".")[2]
    over = word in _OVER
    title = told.text("title", "summary", "message") or " ".join(filter(None, (kind, subject)))
    return Signal(
        dedup_key=bounded_key(told.text("dedup_key") or f"{source} {subject}".strip()),
        status="resolved" if over else "firing",
        severity=severity_of(told.text("severity") or event.text("severity")),
        title=clipped(title, LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of([("Link", told.text("url", "link"))]),
        service=told.text("service") or labels.get("service"),
        started_at=None if over else event.moment("time"),
        ended_at=event.moment("time") if over else None,
    )


SENDER = Sender(
    name="cloudevents",
    title="CloudEvents",
    parse=parse,
    example="""{
  "specversion": "1.0",
  "type": "example.larkfield.checkout.failing",
  "source": "/monitoring/checkout",
  "subject": "card-payments",
  "id": "8b1c9f0e-1",
  "time": "2026-11-19T14:07:12Z",
  "datacontenttype": "application/json",
  "data": {"title": "Card payments are failing", "severity": "critical", "service": "checkout-api"}
}
""",
)
