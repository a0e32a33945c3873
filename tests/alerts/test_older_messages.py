"""A message that was overtaken counts, and describes nothing any more."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tocsin.alerts.alert import continued, opened
from tocsin.intake.signal import Signal

AT = datetime(2026, 11, 19, 14, tzinfo=UTC)


def test_an_older_message_that_comes_late_does_not_put_back_what_the_newer_one_said() -> None:
    newer = Signal(dedup_key="disk", status="firing", title="Disk is full", severity="critical", started_at=AT)
    older = replace(newer, title="Disk fills", severity="warning", started_at=AT - timedelta(minutes=5))
    episode = continued(opened(newer, "1", "prometheus", None, AT), older, AT + timedelta(minutes=1))
    assert (episode.title, episode.severity, episode.started_at) == ("Disk is full", "critical", AT)
    assert episode.received == 2
