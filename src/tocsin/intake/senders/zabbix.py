"""Zabbix's webhook media type, with the script of docs/senders/zabbix.md.

Source: https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook. A macro that Zabbix
could not resolve arrives as it is written, `{EVENT.TAGS}` or `*UNKNOWN*`, and counts as missing.
"""

import re
from collections.abc import Mapping

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Ask,
    Parsed,
    Severity,
    Signal,
    Status,
    bounded_key,
    clipped,
    links_of,
    severity_of,
)

_STATUSES: Mapping[str, Status] = {
    "problem": "firing",
    "1": "firing",
    "ok": "resolved",
    "resolved": "resolved",
    "0": "resolved",
}
_NUMBERS: Mapping[str, Severity] = {
    "0": "info",
    "1": "info",
    "2": "warning",
    "3": "warning",
    "4": "error",
    "5": "critical",
}
_NOT_RESOLVED = re.compile(r"\*UNKNOWN\*|(\{[A-Z$?][^{}]*\}\s*)+")


def parse(body: bytes) -> Parsed:
    """One problem that begins, ends or is updated."""
    return read_one(body, _read)


def _read(raw: Fields) -> Parsed:
    told = Fields({name: value for name, value in raw.all.items() if not _is_macro(value)}, raw.path)
    status = told.one_of("status", _STATUSES)
    key = bounded_key(told.required("event_id", "trigger_id"))
    labels = {
        name: clipped(told.text(name), 200) for name in ("host", "host_ip", "host_groups", "item") if told.text(name)
    }
    labels |= _tags(told.text("tags"))
    number = told.text("severity_number")
    signal = Signal(
        dedup_key=key,
        status=status,
        severity=_NUMBERS[number] if number in _NUMBERS else severity_of(told.text("severity")),
        title=clipped(told.required("name"), LONGEST_TITLE),
        labels=labels,
        annotations={"description": clipped(told.text("details"))} if told.text("details") else {},
        links=links_of([("Zabbix", told.text("url"))]),
        service=labels.get("service"),
    )
    by, text = told.text("user"), clipped(told.text("message"))
    if status == "resolved":
        return Parsed((signal,))
    if "acknowledged" in told.text("update_action").lower().replace("unacknowledged", ""):
        return Parsed((), asks=(Ask("acknowledge", key, by, text),))
    if "unacknowledged" in told.text("update_action").lower():
        return Parsed((), asks=(Ask("unacknowledge", key, by, text),))
    if told.text("update_action") and text:
        return Parsed((signal,), asks=(Ask("note", key, by, text),))
    return Parsed((signal,))


def _is_macro(value: object) -> bool:
    return isinstance(value, str) and _NOT_RESOLVED.fullmatch(value.strip()) is not None


def _tags(text: str) -> dict[str, str]:
    pairs = (tag.strip().partition(":") for tag in text.split(",") if tag.strip())
    return {clipped(name, 200): clipped(value.strip() or "true", 200) for name, _, value in pairs if name}


SENDER = Sender(
    name="zabbix",
    title="Zabbix",
    parse=parse,
    example="""{
  "event_id": "48213",
  "trigger_id": "17322",
  "status": "PROBLEM",
  "name": "Disk is 95 % full",
  "severity": "High",
  "severity_number": "4",
  "host": "checkout-7",
  "host_ip": "192.0.2.17",
  "details": "/var/lib: 95.2 %",
  "tags": "service:checkout-api, scope:capacity",
  "update_action": "{EVENT.UPDATE.ACTION}",
  "url": "https://zabbix.example/tr_events.php?triggerid=17322&eventid=48213"
}
""",
)
