"""Durations are read from values and found in sentences as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.runbook.durations import (
    Span,
    find_durations,
    format_duration,
    parse_duration,
    parse_span,
    say_duration,
    say_span,
)


def _minutes(value: float) -> timedelta:
    return timedelta(minutes=value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("15m", _minutes(15)),
        ("48h", timedelta(hours=48)),
        ("48 hours", timedelta(hours=48)),
        ("1h 30m", _minutes(90)),
        ("1h30m", _minutes(90)),
        ("30 s", timedelta(seconds=30)),
        ("five minutes", _minutes(5)),
        ("2 weeks", timedelta(days=14)),
    ],
)
def test_a_duration_is_read_as_people_write_it(written: str, meant: timedelta) -> None:
    assert parse_duration(written) == meant


@pytest.mark.parametrize(
    "written", [15, "15", "", "m", "15 apples", "30m 1h", "0m", True, None, "9999999 weeks", "9" * 99]
)
def test_what_is_no_duration_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match=r"write|between"):
        parse_duration(written)


def test_a_number_without_a_unit_is_told_which_unit_it_may_mean() -> None:
    with pytest.raises(ValueError, match="for example 15m"):
        parse_duration(15)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("updates every 15 minutes in the channel", [_minutes(15)]),
        ("updates every 30–60 minutes", [Span(_minutes(30), _minutes(60))]),
        ("between 30 and 60 minutes", [Span(_minutes(30), _minutes(60))]),
        ("every 30 to 60 min", [Span(_minutes(30), _minutes(60))]),
        ("30 min for Sev1, 60 min for Sev2", [_minutes(30), _minutes(60)]),
        ("the five-minute list and **15** minute updates", [_minutes(5), _minutes(15)]),
        ("after 1 h 30 min", [_minutes(90)]),
        ("p99 under 300ms on 3 monitors", []),
        ("at 14:05 minutes later, 5% of m", []),
    ],
)
def test_durations_are_found_in_sentences(sentence: str, found: list[timedelta | Span]) -> None:
    assert [each.value for each in find_durations(sentence)] == found


@given(st.text(max_size=300))
def test_searching_any_text_ends_and_finds_what_stands_there(text: str) -> None:
    for found in find_durations(text):
        assert text[found.start : found.end] == found.text


@given(st.integers(min_value=1, max_value=366 * 86400))
def test_what_is_written_short_or_spoken_reads_back_the_same(seconds: int) -> None:
    value = timedelta(seconds=seconds)
    assert parse_duration(format_duration(value)) == value
    assert [each.value for each in find_durations(say_duration(value))] == [value]


@given(st.integers(min_value=1, max_value=10_000), st.integers(min_value=1, max_value=10_000))
def test_a_range_reads_back_the_same(first: int, second: int) -> None:
    low, high = sorted((first, second))
    if low == high:
        with pytest.raises(ValueError, match="shorter"):
            parse_span(f"{low}–{high} minutes")
    else:
        span = Span(_minutes(low), _minutes(high))
        assert parse_span(f"{low}–{high} minutes") == span
        assert parse_span(say_span(span)) == span
