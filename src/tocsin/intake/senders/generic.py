"""Tocsin's own JSON, for anything that can make a request: one alert, or many under `alerts`. See docs/alerts-in.md."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from tocsin.intake.reading import Wrong, convert, read_each, read_json
from tocsin.intake.senders import Sender
from tocsin.intake.signal import (
    LONGEST_TITLE,
    Link,
    Parsed,
    Signal,
    Unreadable,
    bounded_key,
    clipped,
    instant_of,
    links_of,
    severity_of,
    texts_of,
)

_Zoned = Annotated[datetime, msgspec.Meta(tz=True)]


class _Link(msgspec.Struct, frozen=True):
    url: str
    title: str = "Link"


class _Alert(msgspec.Struct, frozen=True):
    dedup_key: Annotated[str, msgspec.Meta(min_length=1)]
    status: Literal["firing", "resolved"] = "firing"
    title: str | None = None
    severity: str | None = None
    service: str | None = None
    description: str | None = None
    labels: dict[str, object] = {}
    annotations: dict[str, object] = {}
    links: list[str | _Link] = []
    started_at: _Zoned | None = None
    ended_at: _Zoned | None = None


class _Batch(msgspec.Struct, frozen=True):
    alerts: list[_Alert]


def parse(body: bytes) -> Parsed:
    """The alerts of one body; those that can't be understood are set aside alone. Unreadable if it is no JSON."""
    try:
        alerts = _quickly(body)
        return Parsed(tuple([_signal(alert) for alert in alerts]))
    except (ValueError, RecursionError, OverflowError, Wrong):
        return _read_patiently(body)


def _quickly(body: bytes) -> list[_Alert]:
    if b'"alerts"' in body:
        return msgspec.json.decode(body, type=_Batch).alerts
    return [msgspec.json.decode(body, type=_Alert)]


def _read_patiently(body: bytes) -> Parsed:
    """As `parse`, alert by alert."""
    whole = read_json(body)
    if isinstance(whole, dict) and "alerts" in whole:
        items = whole["alerts"]
        if not isinstance(items, list):
            raise Unreadable("alerts", "expected a list")
        stem = "alerts"
    elif isinstance(whole, list):
        items, stem = whole, ""
    elif isinstance(whole, dict):
        return read_each([whole], _read, lambda _: "", lambda item: {"alerts": [item]})
    else:
        raise Unreadable(
            "$", "expected an object with 'dedup_key', 'status' and 'title', or a list of them in 'alerts'"
        )
    return read_each(items, _read, lambda index: f"{stem}[{index}]", lambda item: {"alerts": [item]})


def _read(item: object) -> Signal:
    return _signal(convert(item, _Alert))


def _signal(alert: _Alert) -> Signal:
    title = clipped((alert.title or "").strip(), LONGEST_TITLE)
    if not title and alert.status == "firing":
        raise Wrong("title", "is missing; say in a few words what is wrong")
    annotations = texts_of(alert.annotations)
    if alert.description:
        annotations["description"] = clipped(alert.description)
    labels = texts_of(alert.labels)
    return Signal(
        dedup_key=bounded_key(alert.dedup_key),
        status=alert.status,
        severity=severity_of(alert.severity or labels.get("severity")),
        title=title or clipped(alert.dedup_key, LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=_links(alert.links) if alert.links else (),
        service=clipped((alert.service or "").strip(), 200) or labels.get("service") or None,
        started_at=instant_of(alert.started_at),
        ended_at=instant_of(alert.ended_at) if alert.status == "resolved" else None,
    )


def _links(links: list[str | _Link]) -> tuple[Link, ...]:
    return links_of([("Link", link) if isinstance(link, str) else (link.title, link.url) for link in links])


SENDER = Sender(
    name="generic",
    title="Anything that can POST JSON",
    parse=parse,
    example="""{
  "dedup_key": "checkout-errors",
  "status": "firing",
  "title": "Card payments are failing",
  "severity": "critical",
  "service": "checkout-api",
  "labels": {"environment": "production"},
  "links": [{"title": "Dashboard", "url": "https://grafana.example/d/checkout"}],
  "started_at": "2026-11-19T14:07:12Z"
}
""",
)
