"""Uptime Kuma's webhook with the preset body.

Source: https://github.com/louislam/uptime-kuma/wiki. Only down and up begin and end anything; pending and maintenance
do not. What carries no monitor (a test, a certificate that runs out) is a message of its own.
"""

import hashlib

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.reading import Wrong, read_json
from tocsin.intake.senders import Sender
from tocsin.intake.signal import LONGEST_TITLE, Parsed, Signal, Unreadable, bounded_key, clipped, links_of

_DOWN, _UP = "0", "1"
_SILENT = ("2", "3")  # pending, maintenance


def parse(body: bytes) -> Parsed:
    """One beat of one monitor."""
    return read_one(body, _read)


def _read(told: Fields) -> Parsed:
    if set(told.all) == {"data"}:  # as a form
        try:
            told = Fields(read_json(told.text("data").encode()), "data")
        except Unreadable as error:
            raise Wrong("data", error.reason) from error
    beat, monitor = told.fields("heartbeat"), told.fields("monitor")
    said = told.text("msg")
    if not beat.all:
        return Parsed((_message(told, said),))
    status = beat.text("status")
    if status in _SILENT:
        return Parsed(())
    if status not in (_DOWN, _UP):
        beat.wrong("status", "is none of 0 (down), 1 (up), 2 (pending), 3 (maintenance)")
    name = monitor.text("name")
    key = monitor.text("id") or beat.text("monitorID") or name
    if not key:
        monitor.wrong("id", "is missing")
    labels = {"alertname": clipped(name or key, 200)}
    if monitor.text("type"):
        labels["type"] = clipped(monitor.text("type"), 200)
    labels |= {
        clipped(tag.text("name"), 200): clipped(tag.text("value") or "true", 200)
        for tag in monitor.each("tags")
        if tag.text("name")
    }
    return Parsed(
        (
            Signal(
                dedup_key=bounded_key(f"monitor {key}"),
                status="firing" if status == _DOWN else "resolved",
                severity="error",
                title=clipped(f"{name or key} is down", LONGEST_TITLE),
                labels=labels,
                annotations={"message": clipped(beat.text("msg") or said)},
                links=links_of([("Monitored", monitor.text("url"))]),
                service=labels.get("service"),
            ),
        )
    )


def _message(told: Fields, said: str) -> Signal:
    if not said:
        told.wrong("msg", "is missing, and so is heartbeat")
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    runs_out = "certificate" in said.lower()
    return Signal(f"message {digest}", "firing", "warning" if runs_out else "info", clipped(said, LONGEST_TITLE))


SENDER = Sender(
    name="uptime-kuma",
    title="Uptime Kuma",
    parse=parse,
    aliases=("uptimekuma",),
    example="""{
  "heartbeat": {
    "monitorID": 7,
    "status": 0,
    "time": "2026-11-19 14:07:12.345",
    "msg": "connect ECONNREFUSED 192.0.2.17:443",
    "important": true,
    "duration": 60
  },
  "monitor": {"id": 7, "name": "Checkout", "url": "https://checkout.larkfield.example/health", "type": "http"},
  "msg": "[Checkout] [Down] connect ECONNREFUSED 192.0.2.17:443"
}
""",
)
