"""Icinga 2, Nagios, Checkmk and Centreon, by the notification script of docs/senders/icinga.md.

A host, or a service on a host, is the key; a recovery ends it; an acknowledgement there acknowledges the page here.
Downtimes and flapping are told by those products and begin and end nothing.
"""

from collections.abc import Mapping

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import LONGEST_TITLE, Ask, Parsed, Severity, Signal, bounded_key, clipped, links_of

_STATES: Mapping[str, Severity | None] = {
    "ok": None,
    "up": None,
    "warning": "warning",
    "critical": "critical",
    "unknown": "error",
    "down": "critical",
    "unreachable": "error",
}
_SILENT = ("downtime", "flapping")


def parse(body: bytes) -> Parsed:
    """One notification about a host or a service."""
    return read_one(body, _read)


def _read(told: Fields) -> Parsed:
    host, service = told.required("host"), told.text("service")
    key = bounded_key(f"{host}!{service}" if service else host)
    kind = told.text("type").lower()
    by, comment = told.text("author"), clipped(told.text("comment"))
    if kind.startswith(_SILENT):
        return Parsed(())
    if kind.startswith("acknowledgement"):
        return Parsed((), asks=(Ask("acknowledge", key, by, comment),))
    if kind == "custom":
        return Parsed((), asks=(Ask("note", key, by, comment),) if comment else ())
    state = told.text("state").lower()
    if state not in _STATES:
        told.one_of("state", dict.fromkeys(_STATES, ""))
    severity = _STATES[state]
    over = kind == "recovery" or severity is None
    labels = {"host": clipped(host, 200), "alertname": clipped(service or "Host alive", 200)}
    for name in ("address", "hostgroup", "servicegroup"):
        if told.text(name):
            labels[name] = clipped(told.text(name), 200)
    title = f"{service} on {host} is {state}" if service else f"{host} is {state}"
    return Parsed(
        (
            Signal(
                dedup_key=key,
                status="resolved" if over else "firing",
                severity=severity or "error",
                title=clipped(title, LONGEST_TITLE),
                labels=labels,
                annotations={"output": clipped(told.text("output"))} if told.text("output") else {},
                links=links_of([("Monitoring", told.text("url"))]),
                service=told.text("tocsin_service") or None,
            ),
        )
    )


SENDER = Sender(
    name="icinga",
    title="Icinga, Nagios, Checkmk, Centreon",
    parse=parse,
    aliases=("nagios", "checkmk", "centreon"),
    example="""{
  "type": "PROBLEM",
  "host": "checkout-7",
  "address": "192.0.2.17",
  "service": "disk /var",
  "state": "CRITICAL",
  "output": "DISK CRITICAL - free space: /var 512 MB (2 %)",
  "url": "https://icinga.example/icingaweb2/monitoring/service/show?host=checkout-7&service=disk%20/var"
}
""",
)
