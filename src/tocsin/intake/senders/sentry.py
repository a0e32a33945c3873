"""Sentry's internal integration: issue alerts, issues and metric alerts.

Source: https://docs.sentry.io/organization/integrations/integration-platform/webhooks/. The key is the issue, so that
resolving it in Sentry resolves the alert that a rule raised about it.
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

_ISSUE: Mapping[str, Status] = {
    "created": "firing",
    "unresolved": "firing",
    "resolved": "resolved",
    "ignored": "resolved",
    "archived": "resolved",
}
_METRIC: Mapping[str, Status] = {"critical": "firing", "warning": "firing", "open": "firing", "resolved": "resolved"}


def parse(body: bytes) -> Parsed:
    """One hook. What begins or ends nothing (an issue assigned, the integration installed) is no signal."""
    return read_one(body, _read)


def _read(hook: Fields) -> Parsed:
    data = hook.fields("data")
    if "event" in data:
        return Parsed((_event(hook, data, data.fields("event")),))
    if "metric_alert" in data:
        return Parsed((_metric(hook, data, data.fields("metric_alert")),))
    if "issue" in data and hook.text("action").lower() in _ISSUE:
        return Parsed((_issue(hook, data.fields("issue")),))
    if "action" not in hook:
        hook.wrong("action", "is missing")
    return Parsed(())


def _event(hook: Fields, data: Fields, event: Fields) -> Signal:
    labels = _labels(event, ("environment", "platform", "release"))
    if data.text("triggered_rule"):
        labels["rule"] = clipped(data.text("triggered_rule"), 200)
    del hook
    return Signal(
        dedup_key=bounded_key(f"issue {event.required('issue_id')}"),
        status="firing",
        severity=severity_of(event.text("level")),
        title=clipped(event.text("title") or "Issue without a title", LONGEST_TITLE),
        labels=labels,
        annotations=_annotation("culprit", event.text("culprit")),
        links=links_of([("Issue", event.text("web_url", "issue_url"))]),
    )


def _issue(hook: Fields, issue: Fields) -> Signal:
    labels = _labels(issue, ("platform",))
    project = issue.all.get("project")
    if isinstance(project, dict) and isinstance(project.get("slug"), str):
        labels["project"] = clipped(project["slug"], 200)
    return Signal(
        dedup_key=bounded_key(f"issue {issue.required('id')}"),
        status=hook.one_of("action", _ISSUE),
        severity=severity_of(issue.text("level")),
        title=clipped(issue.text("title") or "Issue without a title", LONGEST_TITLE),
        labels=labels,
        annotations=_annotation("culprit", issue.text("culprit")),
        links=links_of([("Issue", issue.text("permalink", "web_url"))]),
    )


def _metric(hook: Fields, data: Fields, alert: Fields) -> Signal:
    rule = alert.fields("alert_rule")
    status = hook.one_of("action", _METRIC)
    labels = {"rule": clipped(rule.text("name"), 200)} if rule.text("name") else {}
    projects = [str(each) for each in alert.items("projects")]
    if projects:
        labels["project"] = clipped(projects[0], 200)
    return Signal(
        dedup_key=bounded_key(f"metric alert {alert.required('id')}"),
        status=status,
        severity=severity_of(hook.text("action")),
        title=clipped(
            data.text("description_title") or alert.text("title") or rule.text("name") or "Metric alert", LONGEST_TITLE
        ),
        labels=labels,
        annotations=_annotation("description", data.text("description_text")),
        links=links_of([("Alert", data.text("web_url"))]),
        started_at=alert.moment("date_started"),
        ended_at=alert.moment("date_closed") if status == "resolved" else None,
    )


def _labels(told: Fields, names: tuple[str, ...]) -> dict[str, str]:
    return {name: clipped(told.text(name), 200) for name in names if told.text(name)}


def _annotation(name: str, text: str) -> dict[str, str]:
    return {name: clipped(text)} if text else {}


SENDER = Sender(
    name="sentry",
    title="Sentry",
    parse=parse,
    signed_by="sentry-hook-signature",
    example="""{
  "action": "triggered",
  "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
  "data": {
    "event": {
      "event_id": "e4874d664c3540c1a32eab185f12c5ab",
      "issue_id": "1170820242",
      "level": "error",
      "title": "PaymentDeclined: no route to the card gateway",
      "culprit": "shop.checkout in pay",
      "environment": "production",
      "platform": "python",
      "web_url": "https://sentry.example/organizations/larkfield/issues/1170820242/"
    },
    "triggered_rule": "Very important"
  },
  "actor": {"type": "application", "id": "sentry", "name": "Sentry"}
}
""",
)
