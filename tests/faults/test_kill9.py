"""Power cuts under a stream of alerts: what was answered with 2xx is on disk, and every page that is owed goes out."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LONG
from tests.faults.stream import Stream, left_unsent, lost
from tests.standins.methods import verified_webhook
from tests.standins.receiver import Receiver
from tocsin.clock import SystemClock
from tocsin.demo.installation import Installation
from tocsin.store.database import Database

KILLS = int(os.environ.get("TOCSIN_TEST_KILLS") or (300 if LONG else 10))


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
        installation.start(
            probe="/healthz"
        )  # pages that are late after many cuts are no readiness, and go out all the same
    stream.stop()
    assert len(stream.answered) > KILLS, "the stream must have got through between the cuts"

    database = Database.open(installation.database_url, SystemClock())
    try:
        assert lost(database, stream.answered) == [], f"answered with 2xx and not on disk (seed {seed})"
        left = left_unsent(database, stream.answered, receiver)
        assert left == [], f"groups whose page never went out (seed {seed}):\n{installation.child.output[-3000:]}"
    finally:
        database.close()
