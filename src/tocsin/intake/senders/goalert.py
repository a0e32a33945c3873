"""GoAlert's generic API, as a form, JSON or a query.

Source: https://github.com/target/goalert, its page on integration keys. Without `dedup` the summary and the details
are the key, as there.
"""

import hashlib

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import LONGEST_TITLE, Parsed, Signal, bounded_key, clipped, details_of


def parse(body: bytes) -> Parsed:
    """One alert; the action `close` ends it."""
    return read_one(body, _signal)


def _signal(told: Fields) -> Signal:
    summary, details = told.required("summary"), told.text("details")
    key = told.text("dedup")
    if not key:
        same = f"{summary}\n{details}".encode("utf-8", "surrogatepass")
        key = f"text {hashlib.sha256(same).hexdigest()[:32]}"
    meta = told.all.get("meta")
    labels, annotations = details_of(meta if isinstance(meta, dict) else {})
    if details:
        annotations["details"] = clipped(details)
    return Signal(
        dedup_key=bounded_key(key),
        status="resolved" if told.text("action").lower() == "close" else "firing",
        severity="error",
        title=clipped(summary, LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        service=labels.get("service"),
    )


SENDER = Sender(
    name="goalert",
    title="GoAlert's generic API",
    parse=parse,
    example="""{
  "summary": "Card payments are failing",
  "details": "More than 5 % of card payments fail.",
  "dedup": "checkout-errors",
  "meta": {"service": "checkout-api", "region": "eu-west-1"}
}
""",
)
