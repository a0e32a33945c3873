"""Prometheus and Alertmanager on free loopback ports, with configurations written for one run."""

import http.client
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tocsin.demo.children import Child, free_port
from tocsin.demo.client import answers

PROMETHEUS = "prometheus"
ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")


def find_prometheus() -> str | None:
    """The Prometheus on this machine."""
    return shutil.which(PROMETHEUS)


def find_alertmanager() -> str | None:
    """The Alertmanager on this machine; Debian names it otherwise than its makers do."""
    return next((found for name in ALERTMANAGER if (found := shutil.which(name))), None)


class Alertmanager:
    """A running Alertmanager that sends every alert to one receiver at once: a webhook, or what `receiver` describes."""

    def __init__(self, directory: Path, receiver: str | Mapping[str, Any], *, repeat: str = "1h") -> None:
        program = find_alertmanager()
        assert program, "Alertmanager is not installed"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        directory.mkdir(parents=True, exist_ok=True)
        if isinstance(receiver, str):
            receiver = {"webhook_configs": [{"url": receiver, "send_resolved": True}]}
        config = directory / "alertmanager.yml"
        config.write_text(
            yaml.safe_dump(
                {
                    "route": {
                        "receiver": "tocsin",
                        "group_by": ["alertname", "service"],
                        "group_wait": "0s",
                        "group_interval": "1s",
                        "repeat_interval": repeat,
                    },
                    "receivers": [{"name": "tocsin", **receiver}],
                }
            )
        )
        self.child = Child(
            "alertmanager",
            [
                program,
                f"--config.file={config}",
                f"--storage.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=warn",
            ],
        )
        self.child.wait_until(lambda: answers(f"{self.url}/-/ready"), 30, "readiness")

    def tell(self, name: str, summary: str, *, over: bool = False, **labels: str) -> None:
        """As Prometheus tells it of an alert that fires, or is over."""
        at = datetime.now(UTC)
        alert = {
            "labels": {"alertname": name, "severity": "critical", **labels},
            "annotations": {"summary": summary},
            "startsAt": (at - timedelta(minutes=1)).isoformat(),
            **({"endsAt": at.isoformat()} if over else {}),
        }
        port = int(self.url.rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", "/api/v2/alerts", json.dumps([alert]), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        connection.close()
        assert answer.status == 200, f"Alertmanager answered {answer.status}"

    def stop(self) -> None:
        """End it."""
        self.child.stop()


class Prometheus:
    """A running Prometheus that scrapes `targets` each second and tells one Alertmanager."""

    def __init__(
        self, directory: Path, targets: Sequence[str], rules: str, alertmanager: str | None, *, interval: str = "1s"
    ) -> None:
        program = find_prometheus()
        assert program, "Prometheus is not installed"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "rules.yml").write_text(rules)
        config = directory / "prometheus.yml"
        managers = [{"static_configs": [{"targets": [alertmanager.removeprefix("http://")]}]}] if alertmanager else []
        config.write_text(
            yaml.safe_dump(
                {
                    "global": {
                        "scrape_interval": interval,
                        "evaluation_interval": interval,
                        "scrape_timeout": interval,
                    },
                    "rule_files": [str(directory / "rules.yml")],
                    "alerting": {"alertmanagers": managers},
                    "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": list(targets)}]}],
                }
            )
        )
        self.child = Child(
            "prometheus",
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
        )
        self.child.wait_until(lambda: answers(f"{self.url}/-/ready"), 30, "readiness")

    def stop(self) -> None:
        """End it."""
        self.child.stop()
