"""Samples prove a hold or a watch only where they are: nothing measured, or measured without data, is a hole."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.recovery.checks import Sample
from tocsin.recovery.watch import first_hole, watch_ran_out
from tocsin.timeline.facts.incidents import IncidentPart
from tocsin.timeline.facts.recovery import CheckSpec, CheckState, RecoveryPart, WatchPassed, WatchPaused
from tocsin.timeline.state import IncidentState

START = datetime(2026, 11, 19, 14, tzinfo=UTC)
END = START + timedelta(minutes=45)
SPEC = CheckSpec(id="c", name="Failing payments", kind="promql", query="x", threshold=1, interval_seconds=30)
STATE = IncidentState(
    incident=IncidentPart(phase="watching"),
    recovery=RecoveryPart(checks={"c": CheckState(spec=SPEC, verdict="pass", since=START)}, watch_counting_since=START),
)


def samples(without_data: int | None = None, *, left_out: range = range(0)) -> dict[str, list[Sample]]:
    """One sample each 30 seconds from the start to the end, all of which pass but the one named."""
    return {
        "c": [
            Sample(
                check_id="c",
                at=START + timedelta(seconds=30 * place),
                verdict="no_data" if place == without_data else "pass",
                value=None if place == without_data else 0.2,
            )
            for place in range(91)
            if place not in left_out
        ]
    }


def test_samples_without_a_hole_pass_the_watch() -> None:
    assert first_hole(STATE, samples(), START, END) is None
    assert watch_ran_out(STATE, samples(), END) == [WatchPassed()]


@pytest.mark.parametrize("place", [0, 1, 44, 90])
def test_one_sample_without_data_opens_no_gate(place: int) -> None:
    at = START + timedelta(seconds=30 * place)
    hole = first_hole(STATE, samples(place), START, END)
    assert hole == f"“Failing payments” had no data at {at:%H:%M:%S} UTC"
    [paused] = watch_ran_out(STATE, samples(place), END)
    assert isinstance(paused, WatchPaused)
    assert paused.why == hole


@pytest.mark.parametrize("left_out", [range(20), range(30, 60), range(70, 91), range(91)])
def test_a_time_without_any_sample_opens_no_gate(left_out: range) -> None:
    hole = first_hole(STATE, samples(left_out=left_out), START, END)
    assert hole is not None
    assert "was not measured between" in hole
