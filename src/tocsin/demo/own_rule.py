"""The shop's own alert rule, for machines without Prometheus: the same webhook that Alertmanager sends (version 4)."""

import contextlib
import http.client
import re
import threading
from datetime import UTC, datetime

from tocsin.demo.client import Json, request

_THRESHOLD = 0.05
_WINDOW = 5
_NEVER = "0001-01-01T00:00:00Z"


class OwnRule:
    """Reads the shop's metrics each second; sends firing and resolved, each until it was taken once."""

    def __init__(self, shop: str, webhook: str) -> None:
        self._shop = shop
        self._webhook = webhook
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="own-rule", daemon=True)

    def start(self) -> "OwnRule":
        """Begin to watch."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop watching."""
        self._ending.set()
        self._thread.join(5)

    def _watch(self) -> None:
        seen: list[tuple[float, float]] = []
        firing_since: datetime | None = None
        while not self._ending.wait(1):
            with contextlib.suppress(OSError, http.client.HTTPException, LookupError):
                seen = [*seen, self._read()][-_WINDOW:]
                share = _failing_share(seen)
                now = datetime.now(UTC)
                if share > _THRESHOLD and firing_since is None and self._send(share, now, None):
                    firing_since = now
                elif share <= _THRESHOLD and firing_since is not None and self._send(share, firing_since, now):
                    firing_since = None

    def _read(self) -> tuple[float, float]:
        _, text = request("GET", f"{self._shop}/metrics")
        found = dict(re.findall(r'^shop_orders_total\{outcome="(\w+)"\} (\S+)', text, re.MULTILINE))
        return float(found["failed"]), float(found["paid"])

    def _send(self, share: float, since: datetime, until: datetime | None) -> bool:
        status, _ = request("POST", self._webhook, webhook_body(share, since, until))
        return status < 300


def _failing_share(seen: list[tuple[float, float]]) -> float:
    failed = seen[-1][0] - seen[0][0]
    paid = seen[-1][1] - seen[0][1]
    return failed / (failed + paid) if failed + paid else 0.0


def webhook_body(share: float, since: datetime, until: datetime | None) -> Json:
    """What Alertmanager would send for the shop's alert; resolved when `until` is given. Times are UTC."""
    labels = {"alertname": "CardPaymentsFail", "severity": "critical", "service": "checkout"}
    status = "resolved" if until else "firing"
    alert = {
        "status": status,
        "labels": labels,
        "annotations": {"summary": f"{share:.0%} of card payments fail"},
        "startsAt": since.isoformat().replace("+00:00", "Z"),
        "endsAt": until.isoformat().replace("+00:00", "Z") if until else _NEVER,
        "generatorURL": "",
        "fingerprint": "5a0b8e0d0cafe001",
    }
    return {
        "version": "4",
        "groupKey": '{}:{alertname="CardPaymentsFail"}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "tocsin",
        "groupLabels": {"alertname": "CardPaymentsFail"},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": [alert],
    }
