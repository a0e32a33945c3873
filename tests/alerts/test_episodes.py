"""Late, re-sent and out-of-order messages: what each does to an episode."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alerts import alert as rules
from tocsin.alerts.alert import Episode, What
from tocsin.intake.signal import Signal, Status

T0 = datetime(2026, 11, 19, 14, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def signal(status: Status, start: float | None = None, end: float | None = None) -> Signal:
    return Signal(
        dedup_key="k",
        status=status,
        severity="error",
        title="t",
        started_at=None if start is None else at(start),
        ended_at=None if end is None else at(end),
    )


def firing(start: float | None = None, received: float = 0) -> Episode:
    return rules.opened(signal("firing", start), "e", "i", None, at(received))


def resolved(start: float | None = None, end: float | None = None, told: float = 5, received: float = 0) -> Episode:
    return rules.resolved(firing(start, received), signal("resolved", start, end), at(told))


@pytest.mark.parametrize(
    ("message", "latest", "what"),
    [
        (signal("firing", 0), None, "opens"),
        (signal("firing", 0), firing(0), "goes_on"),
        (signal("firing"), firing(0), "goes_on"),
        (signal("resolved", 0, 5), firing(0), "resolves"),
        (signal("resolved"), firing(0), "resolves"),
        (signal("resolved"), None, "changes_nothing"),
        (signal("resolved", 0, 5), resolved(0, 5), "changes_nothing"),
        # the end of the episode before the one that fires now, late
        (signal("resolved", 0, 5), firing(7), "changes_nothing"),
        # two Prometheis disagree by seconds when it began: it is the same end
        (signal("resolved", 0, 5), firing(0.1), "resolves"),
        # re-sent, or late: began no later than the known end
        (signal("firing", 0), resolved(0, 5), "changes_nothing"),
        (signal("firing", 3), resolved(0, 5), "changes_nothing"),
        (signal("firing", 5), resolved(0, 5), "changes_nothing"),
        (signal("firing", 3), resolved(0, None, told=5), "changes_nothing"),
        (signal("firing", 6), resolved(0, 5), "opens"),
        # without a claimed start, arrival decides
        (signal("firing"), resolved(0, 5), "opens"),
    ],
)
def test_what_a_message_does(message: Signal, latest: Episode | None, what: What) -> None:
    assert rules.judge(message, latest, flaps=False) == what


def test_firing_again_inside_the_flap_window_is_the_same_episode() -> None:
    assert rules.judge(signal("firing", 6), resolved(0, 5), flaps=True) == "reopens"


def test_a_sender_whose_clock_is_an_hour_behind_still_pages_the_second_time() -> None:
    behind = resolved(-60, None, told=5)
    assert rules.judge(signal("firing", -50), behind, flaps=False) == "opens"


def test_an_end_in_the_year_2100_does_not_keep_a_key_quiet_for_ever() -> None:
    wrong = rules.resolved(
        firing(0), Signal("k", "resolved", "error", "t", ended_at=datetime(2100, 1, 1, tzinfo=UTC)), at(5)
    )
    assert rules.judge(signal("firing", 10), wrong, flaps=False) == "opens"


def test_an_end_that_comes_before_its_beginning_is_remembered() -> None:
    unseen = rules.ended_unseen(None, signal("resolved", 0, 5), "e", "i", at(5))
    assert unseen is not None
    assert unseen.received == 0
    assert rules.judge(signal("firing", 0), unseen, flaps=False) == "changes_nothing"
    assert rules.judge(signal("firing", 6), unseen, flaps=True) == "opens"


@given(st.lists(st.integers(min_value=1, max_value=30), min_size=2, max_size=10, unique=True), st.randoms())
def test_in_whatever_order_an_episode_is_told_it_ends_resolved(gaps: list[int], random: object) -> None:
    """Alertmanager's messages of episodes that follow each other, shuffled and repeated: the last state is the true one."""
    moments = sorted(gaps)
    if len(moments) % 2:
        moments.pop()
    told = []
    for start, end in zip(moments[::2], moments[1::2], strict=True):
        told += [signal("firing", start), signal("resolved", start, end), signal("firing", start)]
    random.shuffle(told)  # type: ignore[attr-defined]
    latest: Episode | None = None
    for minute, message in enumerate(told, start=moments[-1] + 1):
        what = rules.judge(message, latest, flaps=False)
        if what == "opens":
            latest = rules.opened(message, "e", "i", None, at(minute))
        elif what == "goes_on":
            assert latest is not None
            latest = rules.continued(latest, message, at(minute))
        elif what == "resolves":
            assert latest is not None
            latest = rules.resolved(latest, message, at(minute))
        else:
            latest = rules.ended_unseen(latest, message, "e", "i", at(minute)) or latest
    assert latest is not None
    assert latest.state == "resolved"
