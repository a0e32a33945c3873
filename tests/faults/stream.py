"""Alerts without end, and what became of those that were answered with 2xx."""

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from tests.standins.receiver import Receiver
from tocsin.demo.client import Json, request
from tocsin.store.database import Database
from tocsin.store.tables.alerts import alerts
from tocsin.store.tables.paging import page_log, pages


class Stream:
    """Sends alerts, each in a group of its own, to each address in turn; the next one when one does not answer.

    `answered` holds the fingerprints that got 2xx; what no address took is not sent again.
    """

    def __init__(self, *urls: str, pause: float = 0.1) -> None:
        self._urls = urls
        self._pause = pause
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
            if self._ending.wait(self._pause):
                return
            batch = [f"f{number:06d}{letter}" for letter in "ab"[: 1 + number % 2]]
            turn = number % len(self._urls)
            if any(_takes(url, batch) for url in self._urls[turn:] + self._urls[:turn]):
                self.answered += batch


def lost(database: Database, answered: Sequence[str]) -> list[str]:
    """Fingerprints that were answered with 2xx and are not on disk."""
    kept = database.read(lambda c: set(c.execute(select(alerts.c.dedup_key)).scalars()))
    return [fingerprint for fingerprint in answered if fingerprint not in kept]


def unsent(database: Database, answered: Sequence[str], receiver: Receiver) -> list[str]:
    """The groups of answered alerts whose page has not reached the receiver."""
    group_of = database.read(lambda c: dict(c.execute(select(alerts.c.dedup_key, alerts.c.group_id)).all()))
    page_of = database.read(lambda c: dict(c.execute(select(pages.c.subject_id, pages.c.id)).all()))
    sent = b"\n".join(one.body for one in receiver.received)
    owed = {str(group_of[fingerprint]) for fingerprint in answered}
    return [group for group in owed if group not in page_of or page_of[group].encode() not in sent]


def left_unsent(database: Database, answered: Sequence[str], receiver: Receiver, patience: float = 90) -> list[str]:
    """As `unsent`, once nothing more has gone out for `patience` seconds: after many kills there is much to catch up."""
    left, moved_at = unsent(database, answered, receiver), time.monotonic()
    while left and time.monotonic() - moved_at < patience:
        time.sleep(0.5)
        fewer = unsent(database, answered, receiver)
        if len(fewer) < len(left):
            moved_at = time.monotonic()
        left = fewer
    return left


def sent_twice_without_a_reason(database: Database, receiver: Receiver) -> list[str]:
    """Pages that came more often than their log says that they were tried, and groups with more than one page."""
    opened = [one.json["data"] for one in receiver.received if one.json["type"] == "page.opened"]
    came = Counter(data["page_id"] for data in opened)
    attempts = select(page_log.c.page_id).where(page_log.c.kind == "attempt", page_log.c.method == "webhook")
    tried = Counter(database.read(lambda c: list(c.execute(attempts).scalars())))
    subjects = Counter(database.read(lambda c: list(c.execute(select(pages.c.subject_id)).scalars())))
    return [
        *(
            f"page {page}: came {times} times, tried {tried[page]}"
            for page, times in came.items()
            if times > tried[page]
        ),
        *(f"group {subject} has {count} pages" for subject, count in subjects.items() if count > 1),
    ]


def _takes(url: str, batch: list[str]) -> bool:
    try:
        status, _ = request("POST", url, _webhook(batch), timeout=5)
    except (OSError, http.client.HTTPException):
        return False
    return 200 <= status < 300


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
