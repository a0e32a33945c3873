"""A bounded stream of POSTs on kept connections, with as little of a client as will do."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Load:
    """What came of a run: answers by status, seconds each took, how long the whole took."""

    statuses: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    took: float = 0.0

    @property
    def accepted(self) -> int:
        """Requests that got 2xx."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)


async def post_for(url: str, connections: int, duration: float, alerts_each: int = 1) -> Load:
    """POST alerts on `connections` connections for `duration` seconds, each alert with its own fingerprint."""
    load = Load()
    began = time.perf_counter()
    end = began + duration
    await asyncio.gather(*(_one(url, f"{began:.0f}-{number}", end, alerts_each, load) for number in range(connections)))
    load.took = time.perf_counter() - began
    return load


async def _one(url: str, name: str, end: float, alerts_each: int, load: Load) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    count = 0
    try:
        while time.perf_counter() < end:
            body = alertmanager_body([f"{name}-{count + i}" for i in range(alerts_each)])
            count += alerts_each
            head = (
                f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            began = time.perf_counter()
            writer.write(head.encode() + body)
            status = await _read_answer(reader)
            load.seconds.append(time.perf_counter() - began)
            load.statuses[status] = load.statuses.get(status, 0) + 1
    finally:
        writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
    if length:
        await reader.readexactly(length)
    return int(head.split(" ", 2)[1])


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
