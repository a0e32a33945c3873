"""Everything that the story needs, started in order and always ended: Tocsin, the shop, Prometheus, Alertmanager."""

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tocsin.demo.children import Child, free_port
from tocsin.demo.client import answers
from tocsin.demo.installation import Installation
from tocsin.demo.monitoring import Alertmanager, Prometheus, find_alertmanager, find_prometheus
from tocsin.demo.organisation import PEOPLE, Pace, write_organisation
from tocsin.demo.own_rule import OwnRule
from tocsin.demo.phone import Phones

GOOD_VERSION = "v41"
RULES = """\
groups:
  - name: shop
    rules:
      - record: shop_failing_share
        expr: sum(rate(shop_orders_total{outcome="failed"}[5s])) / sum(rate(shop_orders_total[5s]))
      - alert: CardPaymentsFail
        expr: shop_failing_share > 0.05
        for: 2s
        labels: {severity: critical, service: checkout}
        annotations:
          summary: "{{ $value | humanizePercentage }} of card payments fail"
          description: Customers see "payment failed" after they entered their card.
"""


class World:
    """A shop that is watched, and a Tocsin that is told; nothing is left outside `directory`."""

    def __init__(
        self,
        directory: Path,
        *,
        pace: Pace | None = None,
        step: str = "2m",
        database_url: str | None = None,
        env: Mapping[str, str] | None = None,
        echo: Callable[[str], None] | None = None,
        ring: Callable[[str, str], None] | None = None,
        with_phones: bool = True,
        real_monitoring: bool | None = None,
    ) -> None:
        self.directory = directory
        self.pace = pace or Pace()
        self._step = step
        self._ring = ring
        self._with_phones = with_phones
        self.installation = Installation(directory / "tocsin", database_url=database_url, env=env, echo=echo)
        installed = bool(find_prometheus() and find_alertmanager())
        self.real_monitoring = installed if real_monitoring is None else real_monitoring
        self._tools = directory / "shop" / "bin"
        self.deploy_file = directory / "shop" / "deploy"
        self.shop_port = free_port()
        self.shop_url = f"http://127.0.0.1:{self.shop_port}"
        self.prometheus: Prometheus | None = None
        self.alert_url = ""
        self._stack = contextlib.ExitStack()

    def start(self) -> "World":
        """Start everything and apply the shop's organisation; on any failure everything is ended again."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End everything, last started first."""
        self._stack.close()

    def shopctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the shop's deploy tool."""
        return subprocess.run(
            self.shopctl_command(*arguments),
            env=self.shop_env(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def shopctl_command(self, *arguments: str) -> list[str]:
        """The deploy tool's command, to be run by hand or by `tocsin run`."""
        return ["shopctl", *arguments]

    def shop_env(self) -> dict[str, str]:
        """What the deploy tool needs to find the shop and Tocsin."""
        ours = self.installation
        known = ours.environment()
        path = os.pathsep.join((str(self._tools), known.get("PATH", os.defpath)))
        return {**known, "PATH": path, "SHOP_DEPLOY": str(self.deploy_file)}

    def _start(self) -> None:
        self._stack.callback(self.installation.stop)
        self.installation.start()
        self._tools.mkdir(parents=True, exist_ok=True)
        shopctl = self._tools / "shopctl"
        shopctl.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tocsin.demo.shopctl "$@"\n')
        shopctl.chmod(0o755)
        self.deploy_file.parent.mkdir(parents=True, exist_ok=True)
        self.deploy_file.write_text(GOOD_VERSION + "\n")
        shop = Child(
            "the shop",
            [
                sys.executable,
                "-m",
                "tocsin.demo.shop",
                "--port",
                str(self.shop_port),
                "--deploy",
                str(self.deploy_file),
            ],
        )
        self._stack.callback(shop.stop)
        shop.wait_until(lambda: answers(f"{self.shop_url}/healthz"), 20, "readiness")
        made = self.installation.client.post("/integrations", {"name": "The shop's alerts", "sender": "alertmanager"})
        self.alert_url = str(made["url"])
        if self.real_monitoring:
            alertmanager = Alertmanager(self.directory / "alertmanager", self.alert_url)
            self._stack.callback(alertmanager.stop)
            target = self.shop_url.removeprefix("http://")
            self.prometheus = Prometheus(self.directory / "prometheus", [target], RULES, alertmanager.url)
            self._stack.callback(self.prometheus.stop)
        else:
            rule = OwnRule(self.shop_url, self.alert_url).start()
            self._stack.callback(rule.stop)
        files = write_organisation(
            self.directory / "organisation",
            prometheus=self.prometheus.url if self.prometheus else None,
            shop=self.shop_url,
            pace=self.pace,
            step=self._step,
        )
        applied = self.installation.tocsin("apply", str(files))
        if applied.returncode != 0:
            raise RuntimeError(f"tocsin apply: {applied.stdout}{applied.stderr}")
        if self._with_phones:
            phones = Phones(self._ring).start()
            self._stack.callback(phones.stop)
            for person in PEOPLE:
                phones.register(self.installation.client, person)
