"""Hours, nights and weekends on call, against somebody who looks at the clock each minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oncall.watching import MINUTE, minutes
from tocsin.oncall.load import Load, load

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York", "Pacific/Chatham"])
NEAR_CHANGES = st.sampled_from([datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)])


def test_a_week_of_duty_is_sixty_three_night_hours_and_a_weekend() -> None:
    monday = datetime(2026, 11, 16, 9, tzinfo=UTC)
    found = load([(monday, monday + timedelta(days=7))], ZoneInfo("UTC"))
    assert found == Load(timedelta(hours=168), timedelta(hours=63), timedelta(hours=48))


def test_two_schedules_at_once_count_once() -> None:
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    found = load([(noon, noon + 2 * hour), (noon + hour, noon + 3 * hour)], ZoneInfo("UTC"))
    assert found == Load(3 * hour)


@settings(max_examples=30)
@given(
    zone=ZONES,
    start=NEAR_CHANGES,
    spans=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 2000)), min_size=1, max_size=3),
)
def test_each_minute_is_counted_as_the_clock_shows_it(zone: str, start: datetime, spans: list[tuple[int, int]]) -> None:
    tz = ZoneInfo(zone)
    given_spans = [(start + begin * MINUTE, start + (begin + length) * MINUTE) for begin, length in spans]
    on_call = {minute for begin, end in given_spans for minute in minutes(begin, end)}
    walls = [minute.astimezone(tz) for minute in on_call]
    assert load(given_spans, tz) == Load(
        len(on_call) * MINUTE,
        sum(wall.hour >= 22 or wall.hour < 7 for wall in walls) * MINUTE,
        sum(wall.weekday() >= 5 for wall in walls) * MINUTE,
    )
