"""The shop: a small service with real metrics, customers that never sleep, and a deploy file that it obeys.

`python -m tocsin.demo.shop --port 9001 --deploy FILE`: the file's first line names the version that runs.
Version 42 carries the mistake of this story: four card payments in ten fail.
"""

import argparse
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BAD_VERSION = "v42"
_FAILING_SHARE = 0.4
_ORDERS_PER_SECOND = 20


class Shop:
    """Takes orders at a steady rate and counts how they ended."""

    def __init__(self, deploy: Path) -> None:
        self._deploy = deploy
        self.registry = CollectorRegistry()
        self._orders = Counter("shop_orders", "Orders, by how they ended.", ["outcome"], registry=self.registry)
        self._latency = Histogram("shop_order_seconds", "Time to take an order.", registry=self.registry)
        self._version = Gauge("shop_version_info", "The version that runs.", ["version"], registry=self.registry)
        for outcome in ("paid", "failed"):
            self._orders.labels(outcome)
        self.running = ""
        self.read_version()

    def read_version(self) -> str:
        """Take up what was deployed."""
        version = self._deploy.read_text().strip() or "v41"
        if version != self.running:
            self.running = version
            self._version.clear()
            self._version.labels(version).set(1)
        return version

    def take_order(self) -> bool:
        """One customer pays by card; False when the payment failed."""
        failed = self.running == BAD_VERSION and random.random() < _FAILING_SHARE
        self._latency.observe(random.lognormvariate(-2.3, 0.4) + (0.8 if failed else 0))
        self._orders.labels("failed" if failed else "paid").inc()
        return not failed

    def serve_customers(self) -> None:
        """Orders without end."""
        while True:
            self.read_version()
            self.take_order()
            time.sleep(1 / _ORDERS_PER_SECOND)


def _handler(shop: Shop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(shop.registry), "text/plain; version=0.0.4")
            elif self.path == "/healthz":
                body = json.dumps({"version": shop.running}).encode()
                self._answer(503 if shop.running == BAD_VERSION else 200, body, "application/json")
            else:
                self._answer(404, b"no such page\n", "text/plain")

        def log_message(self, format: str, *args: object) -> None:
            """Customers are many; their visits are in the metrics."""

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def main() -> None:
    """Open the shop."""
    parser = argparse.ArgumentParser(prog="tocsin.demo.shop")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--deploy", type=Path, required=True)
    arguments = parser.parse_args()
    shop = Shop(arguments.deploy)
    threading.Thread(target=shop.serve_customers, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", arguments.port), _handler(shop)).serve_forever()


if __name__ == "__main__":
    main()
