"""POSTs on kept connections, with as little of a client as will do: it shares the machine with what it measures.

`python -m bench.load URL CONNECTIONS SECONDS ALERTS_EACH [SHAPE]` runs in a process of its own and prints JSON.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KEPT = 5_000  # latencies: the newest of each run


@dataclass
class Load:
    """What came of a run: answers by status, seconds each took, how long the whole took."""

    statuses: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    took: float = 0.0

    @property
    def accepted(self) -> int:
        """Requests that got 2xx."""
        return sum(count for status, count in self.statuses.items() if 200 <= int(status) < 300)


Body = Callable[[list[str]], bytes]


class _Connection(asyncio.Protocol):
    """One request after the other, each with keys that nobody else has, until it is time."""

    def __init__(self, load: Load, head: bytes, name: str, each: int, end: float, pause: float, body: Body) -> None:
        self._load, self._head, self._name, self._each, self._end = load, head, name, each, end
        self._pause, self._body = pause, body
        self._count, self._began, self._received = 0, 0.0, b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._received, 0, end)
        if length and len(self._received) < end + 4 + int(length[1]):
            return
        status = int(self._received[9:12])
        self._received = b""
        now = time.perf_counter()
        self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
        self._load.seconds.append(now - self._began)
        if now >= self._end:
            self._transport.close()
        elif self._pause:
            asyncio.get_running_loop().call_later(max(0.0, self._began + self._pause - now), self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        body = self._body([f"{self._name}-{self._count + number}" for number in range(self._each)])
        self._count += self._each
        self._began = time.perf_counter()
        self._transport.write(self._head % len(body) + body)


async def post_for(
    url: str, connections: int, duration: float, each: int = 1, rate: float = 0, shape: str = "generic"
) -> Load:
    """POST alerts for so many seconds, each with its own key; `rate`: requests a second over all connections, 0: all."""
    load, parts = Load(), urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        "Content-Length: %d\r\n\r\n"
    ).encode()
    began = time.perf_counter()
    pause = connections / rate if rate else 0.0
    loop = asyncio.get_running_loop()
    made = [
        _Connection(load, head, f"{began:.3f}-{number}", each, began + duration, pause, SHAPES[shape])
        for number in range(connections)
    ]
    for one in made:
        await loop.create_connection(lambda one=one: one, parts.hostname, parts.port)  # type: ignore[misc]
    await asyncio.gather(*(one.done for one in made))
    load.took = time.perf_counter() - began
    return load


def alertmanager_body(fingerprints: list[str], alertname: str = "Bench", status: str = "firing") -> bytes:
    """Alertmanager's webhook (version 4) with one alert for each fingerprint; about 500 bytes an alert."""
    common = {
        "alertname": alertname,
        "severity": "critical",
        "service": "bench",
        "cluster": "eu-1",
        "namespace": "shop",
    }
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{alertname}"}}',
            "truncatedAlerts": 0,
            "status": status,
            "receiver": "tocsin",
            "groupLabels": {"alertname": alertname},
            "commonLabels": common,
            "commonAnnotations": {},
            "externalURL": "http://127.0.0.1:9093",
            "alerts": [
                {
                    "status": status,
                    "labels": {**common, "instance": f"host-{fingerprint}"},
                    "annotations": {
                        "summary": f"Errors on {fingerprint}",
                        "description": "More than 5% of requests fail.",
                    },
                    "startsAt": "2026-11-23T10:00:00Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "http://127.0.0.1:9090/graph",
                    "fingerprint": fingerprint,
                }
                for fingerprint in fingerprints
            ],
        }
    ).encode()


def generic_body(keys: list[str]) -> bytes:
    """Tocsin's own JSON; about 180 bytes an alert."""
    alerts = [
        f'{{"dedup_key": "{key}", "title": "Errors on host-{key}", "severity": "critical", '
        f'"labels": {{"alertname": "Bench", "service": "bench", "instance": "host-{key}"}}}}'
        for key in keys
    ]
    return (alerts[0] if len(alerts) == 1 else f'{{"alerts": [{", ".join(alerts)}]}}').encode()


def alertmanager_api_body(keys: list[str]) -> bytes:
    """What Alertmanager itself takes at `/api/v2/alerts`, with the labels of `generic_body`."""
    alerts = [
        f'{{"labels": {{"alertname": "Bench", "service": "bench", "severity": "critical", '
        f'"instance": "host-{key}"}}, "annotations": {{"summary": "Errors on host-{key}"}}}}'
        for key in keys
    ]
    return f"[{', '.join(alerts)}]".encode()


SHAPES: dict[str, Body] = {
    "generic": generic_body,
    "webhook": alertmanager_body,
    "alertmanager": alertmanager_api_body,
}


def main() -> None:
    """Run as it is said on the command line and print what came of it."""
    url, connections, seconds, each, shape, rate = sys.argv[1:7]
    load = uvloop.run(post_for(url, int(connections), float(seconds), int(each), float(rate), shape))
    load.seconds = [round(each, 6) for each in load.seconds[-_KEPT:]]
    print(json.dumps(asdict(load)))


if __name__ == "__main__":
    main()
