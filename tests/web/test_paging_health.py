"""The overview's sentence on paging."""

from datetime import UTC, datetime, timedelta

from tocsin.clock import SimulatedClock
from tocsin.engine.deliveries import send_later
from tocsin.paging.queries.health import Channel, channels
from tocsin.store.database import Database
from tocsin.web.pages.health import paging_sentence

NOW = datetime(2026, 11, 19, 14, 0, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def test_healthy_paging_names_its_last_delivery_and_every_channel() -> None:
    found = [Channel("ntfy", ago(5), None, None, ""), Channel("smtp", ago(2), ago(30), None, "refused")]
    sentence, unwell = paging_sentence(found, NOW)
    assert sentence == "Paging is healthy: last delivery 13:58:00, two channels of two delivered."
    assert unwell == ""


def test_a_channel_that_failed_last_is_told_with_what_still_delivers() -> None:
    found = [Channel("ntfy", ago(5), None, None, ""), Channel("smtp", ago(30), ago(2), None, "connection refused")]
    sentence, unwell = paging_sentence(found, NOW)
    assert sentence == ""
    assert unwell == "Pages by e-mail fail since 13:58:00: Connection refused. Ntfy still delivers."


def test_a_delivery_that_waits_longer_than_a_minute_is_told() -> None:
    waits = [Channel("smtp", ago(1), None, ago(3), "timed out")]
    assert "e-mail fail" in paging_sentence(waits, NOW)[1]
    just_begun = [Channel("smtp", ago(5), None, ago(0.5), "timed out")]
    assert paging_sentence(just_begun, NOW)[1] == ""


def test_nothing_is_said_where_nothing_was_ever_sent() -> None:
    assert paging_sentence([], NOW) == ("", "")


def test_channels_are_read_from_what_left(database: Database, clock: SimulatedClock) -> None:
    def send(kind: str, lane: str, key: str) -> None:
        database.write(
            lambda c, now: send_later(
                c,
                lane=lane,
                kind=kind,
                subject_kind="page",
                subject_id="p1",
                idempotency_key=key,
                payload={},
                on_unknown="resend",
                now=now,
            )
        )

    send("page", "smtp", "a")
    send("ics", "smtp", "b")
    send("webhook", "out", "c")
    found = database.read(lambda c: channels(c, clock.now()))
    assert [channel.lane for channel in found] == ["smtp"], "only what pages people"
    assert found[0].is_well(clock.now()), "nothing was tried yet"
