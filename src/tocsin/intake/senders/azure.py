"""Azure Monitor's common alert schema.

Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema.
"""

from collections.abc import Mapping

from tocsin.intake.fields import Fields, read_one
from tocsin.intake.senders import Sender
from tocsin.intake.signal import LONGEST_TITLE, Parsed, Severity, Signal, Status, bounded_key, clipped, links_of

_CONDITIONS: Mapping[str, Status] = {"fired": "firing", "resolved": "resolved"}
_SEVERITIES: Mapping[str, Severity] = {
    "sev0": "critical",
    "sev1": "error",
    "sev2": "warning",
    "sev3": "info",
    "sev4": "info",
}
_PORTAL = "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetailsTemplateBlade/alertId/"


def parse(body: bytes) -> Parsed:
    """One alert that fired or was resolved."""
    return read_one(body, _signal)


def _signal(whole: Fields) -> Signal:
    schema = whole.text("schemaId")
    if schema.lower() != "azuremonitorcommonalertschema":
        whole.wrong("schemaId", "is not azureMonitorCommonAlertSchema; switch the common schema on in the action group")
    told = whole.fields("data").fields("essentials")
    status = told.one_of("monitorCondition", _CONDITIONS)
    labels = {"alertname": clipped(told.required("alertRule"), 200)}
    for name, label in (("monitoringService", "monitoring_service"), ("signalType", "signal_type")):
        if told.text(name):
            labels[label] = clipped(told.text(name), 200)
    items = [item for item in told.items("configurationItems") if isinstance(item, str)]
    if items:
        labels["item"] = clipped(items[0], 200)
    annotations = {"targets": clipped("\n".join(str(each) for each in told.items("alertTargetIDs")))}
    if told.text("description"):
        annotations["description"] = clipped(told.text("description"))
    alert_id = told.required("alertId", "originAlertId")
    return Signal(
        dedup_key=bounded_key(alert_id),
        status=status,
        severity=told.one_of("severity", _SEVERITIES, unless_said="error"),
        title=clipped(told.text("alertRule"), LONGEST_TITLE),
        labels=labels,
        annotations=annotations,
        links=links_of([("Azure", _PORTAL + alert_id.replace("/", "%2F"))]),
        started_at=told.moment("firedDateTime"),
        ended_at=told.moment("resolvedDateTime") if status == "resolved" else None,
    )


SENDER = Sender(
    name="azure",
    title="Azure Monitor",
    parse=parse,
    example="""{
  "schemaId": "azureMonitorCommonAlertSchema",
  "data": {
    "essentials": {
      "alertId": "/subscriptions/0a1b/providers/Microsoft.AlertsManagement/alerts/b9569717",
      "alertRule": "Checkout errors",
      "severity": "Sev1",
      "signalType": "Metric",
      "monitorCondition": "Fired",
      "monitoringService": "Platform",
      "alertTargetIDs": ["/subscriptions/0a1b/resourcegroups/shop/providers/microsoft.web/sites/checkout"],
      "configurationItems": ["checkout"],
      "originAlertId": "3f2d4487",
      "firedDateTime": "2026-11-19T14:07:12.000Z",
      "description": "Card payments are failing",
      "essentialsVersion": "1.0"
    },
    "alertContext": {}
  }
}
""",
)
