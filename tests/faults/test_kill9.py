"""Power cuts under a stream of alerts: what was answered with 2xx is on disk, and every page that is owed goes out."""

import http.client
import itertools
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import LONG
from tests.standins.methods import verified_webhook
from tests.standins.receiver import Receiver
from tocsin.clock import SystemClock
from tocsin.demo.client import Json, request
from tocsin.demo.installation import Installation
from tocsin.store.database import Database
from tocsin.store.tables.alerts import alerts
from tocsin.store.tables.paging import pages

KILLS = int(os.environ.get("TOCSIN_TEST_KILLS") or (300 if LONG else 20))


class Stream:
    """Sends alerts without end, each in a group of its own; `answered` holds the fingerprints that got 2xx."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.answered: list[str] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._send_all, daemon=True)

    def start(self) -> "Stream":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(20)

    def _send_all(self) -> None:
        for number in itertools.count():
            if self._ending.wait(0.1):
                return
            batch = [f"f{number:06d}{letter}" for letter in "ab"[: 1 + number % 2]]
            try:
                status, _ = request("POST", self._url, _webhook(batch), timeout=5)
            except (OSError, http.client.HTTPException):
                continue
            if 200 <= status < 300:
                self.answered += batch


def _webhook(fingerprints: list[str]) -> Json:
    return {
        "version": "4",
        "groupKey": "{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "tocsin",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": f"Disk{fingerprint}", "severity": "critical"},
                "annotations": {"summary": f"Disk {fingerprint} is full"},
                "startsAt": "2026-11-23T10:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": fingerprint,
            }
            for fingerprint in fingerprints
        ],
    }


@pytest.fixture
def installation(server_database: str | None, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "tocsin", database_url=server_database)
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.mark.timeout(120 + KILLS * 15)
def test_kill_9_loses_no_alert_and_no_page(installation: Installation, receiver: Receiver) -> None:
    seed = random.randrange(1 << 32)
    moments = random.Random(seed)
    verified_webhook(installation.client, receiver, "ada")
    url = str(installation.client.post("/integrations", {"name": "stream", "sender": "alertmanager"})["url"])
    stream = Stream(url).start()
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.05, 1.5))
        installation.kill()
        installation.start()
    stream.stop()
    assert len(stream.answered) > KILLS, "the stream must have got through between the cuts"

    database = Database.open(installation.database_url, SystemClock())
    try:
        kept = database.read(
            lambda c: {row[0]: row[1] for row in c.execute(select(alerts.c.dedup_key, alerts.c.group_id))}
        )
        lost = [fingerprint for fingerprint in stream.answered if fingerprint not in kept]
        assert lost == [], f"answered with 2xx and not on disk (seed {seed})"
        owed = {kept[fingerprint] for fingerprint in stream.answered}

        def unsent() -> list[str]:
            raised = database.read(
                lambda c: {row[0]: row[1] for row in c.execute(select(pages.c.subject_id, pages.c.id))}
            )
            sent = b"\n".join(one.body for one in receiver.received)
            return [str(group) for group in owed if group not in raised or raised[group].encode() not in sent]

        end = time.monotonic() + 90
        while unsent() and time.monotonic() < end:
            time.sleep(0.5)
        assert unsent() == [], f"groups whose page never went out (seed {seed}):\n{installation.child.output[-3000:]}"
    finally:
        database.close()
