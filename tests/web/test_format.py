"""How screens write times, durations and amounts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Invalid
from tocsin.web import format as say
from tocsin.web.instants import parse_instant
from tocsin.web.views.common import Clock

NOW = datetime(2026, 11, 19, 14, 27, 48, tzinfo=UTC)
SPANS = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400))


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(minutes=19, seconds=17), "19:17"),
        (timedelta(minutes=4, seconds=12), "04:12"),
        (timedelta(hours=1, minutes=18, seconds=34), "1:18:34"),
        (timedelta(hours=29, minutes=46, seconds=53), "29:46:53"),
        (timedelta(days=2, hours=5), "2 d 5 h"),
        (-timedelta(minutes=2, seconds=10), "+02:10"),
        (timedelta(), "00:00"),
    ],
)
def test_a_running_clock(span: timedelta, words: str) -> None:
    assert say.clock_text(span) == words


@given(SPANS)
def test_a_late_clock_shows_the_same_amount_with_a_plus(span: timedelta) -> None:
    whole = timedelta(seconds=int(span.total_seconds()))
    if whole:
        assert say.clock_text(-whole) == f"+{say.clock_text(whole)}"


@given(SPANS, SPANS)
def test_a_longer_finished_time_never_reads_shorter(one: timedelta, other: timedelta) -> None:
    def seconds(text: str) -> int:
        if " d" in text:
            days, _, hours = text.partition(" d")
            return int(days) * 86400 + (int(hours.strip().removesuffix(" h")) * 3600 if hours.strip() else 0)
        total = 0
        for part in text.split(":"):
            total = total * 60 + int(part)
        return total

    short, long = sorted((one, other))
    assert seconds(say.duration(short)) <= seconds(say.duration(long))


def test_the_overview_says_what_is_open_in_a_sentence() -> None:
    assert say.open_incidents_sentence([1, 3]) == "One Sev1 and one Sev3 are open."
    assert say.open_incidents_sentence([2]) == "One Sev2 is open."
    assert say.open_incidents_sentence([2, 2, 1]) == "One Sev1 and two Sev2s are open."
    assert say.open_incidents_sentence([]) == ""


def test_an_offset_before_the_declare_has_a_real_minus() -> None:
    assert say.offset(NOW - timedelta(seconds=79), NOW) == "−1:19"
    assert say.offset(NOW + timedelta(minutes=18, seconds=39), NOW) == "18:39"


@pytest.mark.parametrize(
    ("left", "interval", "state"),
    [(14, 15, "calm"), (4, 15, "soon"), (15, 60, "soon"), (30, 60, "calm"), (-1, 15, "late")],
)
def test_a_due_clock_is_soon_in_the_last_third_and_late_when_past(left: int, interval: int, state: str) -> None:
    due = NOW + timedelta(minutes=left)
    assert Clock("Update", due, "down", start=due - timedelta(minutes=interval)).state(NOW) == state


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("14:05", datetime(2026, 11, 19, 14, 5, tzinfo=UTC)),
        ("23:50", datetime(2026, 11, 18, 23, 50, tzinfo=UTC)),
        ("-5m", NOW - timedelta(minutes=5)),
        ("yesterday 22:10", datetime(2026, 11, 18, 22, 10, tzinfo=UTC)),
        ("2026-11-19 13:00", datetime(2026, 11, 19, 13, 0, tzinfo=UTC)),
        ("2026-11-19T14:00:00+01:00", datetime(2026, 11, 19, 13, 0, tzinfo=UTC)),
    ],
)
def test_what_people_write_for_a_moment(text: str, at: datetime) -> None:
    assert parse_instant(text, NOW, "at") == at


@given(st.text(max_size=30))
def test_any_other_text_names_its_field(text: str) -> None:
    try:
        at = parse_instant(text, NOW, "happened_at")
    except Invalid as error:
        named = error.mistakes[0].field
    else:
        assert at.tzinfo is not None
        return
    assert named == "happened_at"
