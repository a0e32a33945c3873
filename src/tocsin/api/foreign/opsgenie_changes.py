"""What Opsgenie's API can do to an alert, put into signals and asks. Pure."""

from collections.abc import Mapping

from msgspec.structs import replace

from tocsin.alerts.alert import Episode
from tocsin.intake.fields import Fields
from tocsin.intake.senders.opsgenie import PRIORITIES
from tocsin.intake.signal import LONGEST_TITLE, Ask, AskKind, Parsed, Signal, clipped, details_of, links_of

CHANGES: Mapping[tuple[str, str], str] = {
    ("POST", "/acknowledge"): "acknowledge",
    ("POST", "/unacknowledge"): "unacknowledge",
    ("POST", "/close"): "close",
    ("POST", "/notes"): "note",
    ("POST", "/snooze"): "snooze",
    ("POST", "/assign"): "assign",
    ("POST", "/tags"): "tags",
    ("POST", "/details"): "details",
    ("PUT", "/message"): "message",
    ("PUT", "/description"): "description",
    ("PUT", "/priority"): "priority",
    ("DELETE", ""): "delete",
}
_ASKS: Mapping[str, AskKind] = {"acknowledge": "acknowledge", "unacknowledge": "unacknowledge", "note": "note"}


def done_to(change: str, alert: Episode | None, body: Fields) -> Parsed | None:
    """What a change means for an alert; None when there is no such alert. Wrong, also then, when the body is wrong."""
    user, note = body.text("user"), clipped(body.text("note"))
    key = alert.dedup_key if alert else ""
    told = _ask(change, key, user, note, body)
    if told is not None:
        return Parsed((), asks=(told,)) if alert else None
    if change in ("close", "delete"):
        if alert is None:
            return None
        over = Signal(key, "resolved", alert.severity, alert.title)
        return Parsed((over,), asks=(Ask("note", key, user, note or f"closed by {user}"),) if note or user else ())
    changed = _changed(change, alert, body)
    if alert is None or alert.state != "firing":
        return None
    return Parsed((changed,), asks=(Ask("note", key, user, note),) if note else ())


def _ask(change: str, key: str, user: str, note: str, body: Fields) -> Ask | None:
    if change in _ASKS:
        if change == "note" and not note:
            body.wrong("note", "Note can not be empty.")
        return Ask(_ASKS[change], key, user, note)
    if change == "snooze":
        until = body.moment("endTime")
        if until is None:
            body.wrong("endTime", "is a time with a zone, such as 2026-11-19T18:00:00Z")
        return Ask("snooze", key, user, note, until)
    if change == "assign":
        owner = body.fields("owner").text("username", "id", "name")
        if not owner:
            body.wrong("owner", "names a person by username or id")
        return Ask("assign", key, user, note, more={"owner": owner})
    return None


def _changed(change: str, alert: Episode | None, body: Fields) -> Signal:
    """The alert as it reads after the change."""
    signal = Signal("", "firing", "error", "")
    if alert is not None:
        signal = Signal(
            dedup_key=alert.dedup_key,
            status="firing",
            severity=alert.severity,
            title=alert.title,
            labels=dict(alert.labels),
            annotations=dict(alert.annotations),
            links=links_of(alert.links),
            service=alert.service,
        )
    match change:
        case "message":
            return replace(signal, title=clipped(body.required("message"), LONGEST_TITLE))
        case "description":
            told = clipped(body.required("description"))
            return replace(signal, annotations={**signal.annotations, "description": told})
        case "priority":
            severity = body.one_of("priority", PRIORITIES)
            return replace(signal, severity=severity, labels={**signal.labels, "priority": body.text("priority")})
        case "tags":
            present = [tag for tag in signal.labels.get("tags", "").split(",") if tag]
            new = [tag for tag in body.items("tags") if isinstance(tag, str) and tag not in present]
            return replace(signal, labels={**signal.labels, "tags": clipped(",".join([*present, *new]))})
        case _:
            labels, annotations = details_of(body.fields("details").all)
            return replace(
                signal, labels={**signal.labels, **labels}, annotations={**signal.annotations, **annotations}
            )
