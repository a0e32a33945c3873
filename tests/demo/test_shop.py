"""The shop fails when its bad version is deployed, and both ways of watching it say so in the same words."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.standins.programs import needs_alertmanager, needs_prometheus
from tests.standins.receiver import Received, Receiver
from tocsin.demo.children import Child, free_port
from tocsin.demo.client import answers
from tocsin.demo.monitoring import Alertmanager, Prometheus
from tocsin.demo.own_rule import OwnRule
from tocsin.demo.world import RULES


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    file = tmp_path / "deploy"
    file.write_text("v41\n")
    return file


@pytest.fixture
def shop(deploy: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tocsin.demo.shop", "--port", str(port), "--deploy", str(deploy)]
    with Child("the shop", command) as child:
        child.wait_until(lambda: answers(f"{url}/healthz"), 20, "readiness")
        yield url


def _says(status: str) -> Callable[[Received], bool]:
    def wanted(request: Received) -> bool:
        return any(alert["status"] == status for alert in request.json["alerts"])

    return wanted


def test_the_shops_own_rule_tells_of_the_bad_version_and_of_its_end(
    shop: str, deploy: Path, receiver: Receiver
) -> None:
    rule = OwnRule(shop, f"{receiver.url}/hook").start()
    deploy.write_text("v42\n")
    fired = receiver.wait_for(_says("firing")).json
    deploy.write_text("v41\n")
    resolved = receiver.wait_for(_says("resolved"), 30).json
    rule.stop()
    assert fired["alerts"][0]["fingerprint"] == resolved["alerts"][0]["fingerprint"]
    assert fired["alerts"][0]["labels"] == {
        "alertname": "CardPaymentsFail",
        "severity": "critical",
        "service": "checkout",
    }
    assert resolved["alerts"][0]["endsAt"] > fired["alerts"][0]["startsAt"]


def test_prometheus_and_alertmanager_tell_the_same(shop: str, deploy: Path, receiver: Receiver, tmp_path: Path) -> None:
    needs_prometheus()
    needs_alertmanager()
    alertmanager = Alertmanager(tmp_path / "am", f"{receiver.url}/hook")
    prometheus = Prometheus(tmp_path / "prom", [shop.removeprefix("http://")], RULES, alertmanager.url)
    try:
        deploy.write_text("v42\n")
        fired = receiver.wait_for(_says("firing"), 45).json
        deploy.write_text("v41\n")
        resolved = receiver.wait_for(_says("resolved"), 45).json
    finally:
        prometheus.stop()
        alertmanager.stop()
    assert fired["version"] == "4"
    assert fired["alerts"][0]["labels"] == {
        "alertname": "CardPaymentsFail",
        "severity": "critical",
        "service": "checkout",
    }
    assert fired["alerts"][0]["fingerprint"] == resolved["alerts"][0]["fingerprint"]
