"""Two processes share one PostgreSQL; one of them dies, again and again, under a stream of alerts."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import LONG
from tests.faults.stream import Stream, left_unsent, lost, sent_twice_without_a_reason
from tests.standins.methods import verified_webhook
from tests.standins.receiver import Receiver
from tocsin.clock import SystemClock
from tocsin.demo.installation import Installation
from tocsin.store.database import Database

KILLS = int(os.environ.get("TOCSIN_TEST_NODE_KILLS") or (100 if LONG else 10))


@contextmanager
def pair(directory: Path, database_url: str) -> Iterator[tuple[Installation, Installation]]:
    """Two servers of one installation: one database, one key, two ports."""
    first = Installation(directory, database_url=database_url)
    second = Installation(directory, database_url=database_url)
    try:
        yield first.start(), second.start()
    finally:
        first.stop()
        second.stop()


@pytest.mark.timeout(120 + KILLS * 15)
@pytest.mark.parametrize("server_database", ["postgresql"], indirect=True)
def test_one_of_two_dies_and_nothing_is_lost_or_paged_twice(
    server_database: str, tmp_path: Path, receiver: Receiver
) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    with pair(tmp_path / "tocsin", server_database) as both:
        verified_webhook(both[0].client, receiver, "ada")
        url = str(both[0].client.post("/integrations", {"name": "stream", "sender": "alertmanager"})["url"])
        stream = Stream(url, url.replace(both[0].url, both[1].url), pause=0.05).start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 1.5))
            dying = chance.choice(both)
            dying.kill()
            dying.start(probe="/healthz")
        stream.stop()
        assert len(stream.answered) > KILLS * 5, "one of the two always answers"

        database = Database.open(server_database, SystemClock())
        try:
            assert lost(database, stream.answered) == [], f"answered with 2xx and not on disk (seed {seed})"
            left = left_unsent(database, stream.answered, receiver)
            assert left == [], f"groups whose page never went out (seed {seed})"
            time.sleep(1)  # whatever would be sent once more has had its chance
            assert sent_twice_without_a_reason(database, receiver) == [], f"seed {seed}"
        finally:
            database.close()
