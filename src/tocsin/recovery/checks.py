"""Judging one sample of a recovery check. Pure."""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.timeline.facts.recovery import CheckSpec, VerdictWord

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Sample:
    """One measurement; `at` is UTC, `value` in the check's unit (None when there was nothing to measure)."""

    check_id: str
    at: datetime
    verdict: VerdictWord
    value: float | None = None
    detail: str = ""


def judge(spec: CheckSpec, value: float | None) -> VerdictWord:
    """Pass or fail by the threshold; no value, and not-a-number, are no data, which opens no gate."""
    if value is None or math.isnan(value):
        return "no_data"
    return "pass" if _COMPARE[spec.comparator](value, spec.threshold) else "fail"


def longest_gap(spec: CheckSpec) -> timedelta:
    """Two intervals: samples further apart leave a hole in which nothing is known."""
    return timedelta(seconds=spec.interval_seconds) * 2


def is_stale(spec: CheckSpec, last: Sample | None, now: datetime) -> bool:
    """Whether the newest sample is too old to say how things are now."""
    return last is None or now - last.at > longest_gap(spec)


def fails_running(samples: list[Sample]) -> int:
    """How many failing samples in a row end the list (oldest first); no data neither counts nor breaks the row."""
    count = 0
    for sample in reversed(samples):
        if sample.verdict == "pass":
            break
        count += sample.verdict == "fail"
    return count
