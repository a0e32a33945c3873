"""Hold, watch and regression, decided from samples and never from the clock alone. Pure.

No data, or a gap of more than two intervals, starts the hold again and stops the watch's count; only failing samples
running (three, or as the runbook says) are a regression. So neither Tocsin's own restart nor one empty scrape opens a
gate, reopens an incident or pages anyone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tocsin.recovery.checks import Sample, fails_running, is_stale, longest_gap
from tocsin.runbook.gates import missing, opens_by_itself
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.incidents import PhaseChanged
from tocsin.timeline.facts.recovery import (
    CheckSpec,
    CheckState,
    HoldBroken,
    HoldPassed,
    HoldStarted,
    NoDataTold,
    RegressionFound,
    VerdictChanged,
    WatchPassed,
    WatchPaused,
    WatchResumed,
    WatchStarted,
)
from tocsin.timeline.state import IncidentState

History = Mapping[str, Sequence[Sample]]  # samples by check, oldest first
RESTORED = frozenset({"restoring", "watching"})
_DEFAULT_HOLD = timedelta(minutes=10)
_DEFAULT_WATCH = timedelta(minutes=45)
_NO_DATA_TOLD = timedelta(minutes=5)


def verdicts(state: IncidentState, history: History) -> list[Fact]:
    """The verdicts that the newest samples changed."""
    changed: list[Fact] = []
    for check_id, check in state.recovery.checks.items():
        samples = history.get(check_id, ())
        if check.spec.kind == "person" or not samples:
            continue
        last = samples[-1]
        if last.verdict != check.verdict:
            changed.append(
                VerdictChanged(
                    check_id=check_id,
                    verdict=last.verdict,
                    previous=check.verdict,
                    value=last.value,
                    detail=last.detail or None,
                )
            )
    return changed


def follow(state: IncidentState, runbook: Runbook, history: History, now: datetime) -> list[Fact]:
    """What follows from the verdicts as they stand: the next step only; call again with the state after it."""
    phase = state.incident.phase
    if phase in RESTORED and (regression := _regression(state, history, now)):
        return regression
    if phase == "mitigating" and opens_by_itself(state, runbook) == "restoring":
        return [PhaseChanged(phase="restoring", previous="mitigating", automatic=True)]
    if phase == "restoring":
        return _hold(state, runbook, history, now)
    if phase == "watching":
        return _watch(state, runbook, history, now)
    return []


def hold_ran_out(state: IncidentState, runbook: Runbook, history: History, now: datetime) -> list[Fact]:
    """The hold's time is over: it has passed if samples cover all of it, otherwise it starts again."""
    recovery = state.recovery
    start = recovery.hold_started_at
    if start is None or recovery.hold_passed_at is not None or state.incident.phase != "restoring":
        return []
    if hole := first_hole(state, history, start, now):
        return [HoldBroken(why=hole), *_begin_hold(state, runbook, history, now)]
    del runbook
    return [HoldPassed()]


def watch_ran_out(state: IncidentState, history: History, now: datetime) -> list[Fact]:
    """The watch's time is over: it has passed if samples cover what was counted, otherwise it counts on from there."""
    recovery = state.recovery
    since = recovery.watch_counting_since
    if since is None or recovery.watch_passed_at is not None or state.incident.phase != "watching":
        return []
    if hole := first_hole(state, history, since, now):
        return [WatchPaused(counted_seconds=_counted_before_hole(state, history, since, now), why=hole)]
    return [WatchPassed()]


def first_hole(state: IncidentState, history: History, start: datetime, end: datetime) -> str | None:
    """Why the samples do not prove that everything passed from start to end; None when they do."""
    for check_id, check in state.recovery.checks.items():
        if check.spec.kind == "person":
            if check.verdict != "pass":
                return f"nobody says that “{check.spec.name}” holds"
            continue
        inside = [sample for sample in history.get(check_id, ()) if start <= sample.at <= end]
        wrong = next((sample for sample in inside if sample.verdict == "no_data"), None)
        if wrong is not None:
            return f"“{check.spec.name}” had no data at {wrong.at:%H:%M:%S} UTC"
        gap = longest_gap(check.spec)
        moments = [start, *(sample.at for sample in inside), end]
        for before, after in pairwise(moments):
            if after - before > gap:
                return f"“{check.spec.name}” was not measured between {before:%H:%M:%S} and {after:%H:%M:%S} UTC"
    return None


def no_data_to_tell(state: IncidentState, runbook: Runbook, now: datetime) -> list[Fact]:
    """Checks that have had no data so long that the commander must hear of it."""
    limit = runbook.recovery.no_data_told_after or _NO_DATA_TOLD
    silent = tuple(
        check_id
        for check_id, check in state.recovery.checks.items()
        if check.verdict == "no_data"
        and check.since is not None
        and now - check.since >= limit
        and check_id not in state.recovery.no_data_told
    )
    return [NoDataTold(checks=silent)] if silent else []


def _regression(state: IncidentState, history: History, now: datetime) -> list[Fact]:
    failing = []
    started = state.incident.restored_at
    for check_id, check in state.recovery.checks.items():
        if check.spec.kind == "person":
            if check.verdict == "fail" and check.since is not None and (started is None or check.since >= started):
                failing.append(check)
            continue
        since = [s for s in history.get(check_id, ()) if started is None or s.at >= started]
        if (
            since
            and fails_running(since) >= check.spec.fails_for_regression
            and not is_stale(check.spec, since[-1], now)
        ):
            failing.append(check)
    if not failing:
        return []
    detail = "; ".join(_said(check) for check in failing)
    return [
        RegressionFound(checks=tuple(check.spec.id for check in failing), detail=detail),
        PhaseChanged(
            phase="mitigating", previous=state.incident.phase, automatic=True, reason=f"Regression: {detail}."
        ),
    ]


def _hold(state: IncidentState, runbook: Runbook, history: History, now: datetime) -> list[Fact]:
    recovery = state.recovery
    if recovery.hold_passed_at is not None or not missing(state, runbook, "watching"):
        watch = _watch_length(runbook)
        return [
            PhaseChanged(phase="watching", previous="restoring", automatic=True),
            WatchStarted(seconds=int(watch.total_seconds())),
        ]
    if recovery.hold_started_at is None:
        return _begin_hold(state, runbook, history, now)
    if why := _not_passing(state):
        return [HoldBroken(why=why)]
    if hole := _fresh_hole(state, history, recovery.hold_started_at, now):
        return [HoldBroken(why=hole)]
    return []


def _begin_hold(state: IncidentState, runbook: Runbook, history: History, now: datetime) -> list[Fact]:
    if _not_passing(state) or any(_is_stale(check, history, now) for check in state.recovery.checks.values()):
        return []
    gate = runbook.gates.get("watching")
    hold = gate.hold if gate and gate.hold is not None else _DEFAULT_HOLD
    return [HoldStarted(seconds=int(hold.total_seconds()))]


def _watch(state: IncidentState, runbook: Runbook, history: History, now: datetime) -> list[Fact]:
    recovery = state.recovery
    if recovery.watch_passed_at is not None:
        return []
    if recovery.watch_started_at is None:
        return [WatchStarted(seconds=int(_watch_length(runbook).total_seconds()))]
    blind = _no_data(state)
    since = recovery.watch_counting_since
    if since is None:
        if blind or any(_is_stale(check, history, now) for check in recovery.checks.values()):
            return []
        return [WatchResumed(counted_seconds=recovery.watch_counted)]
    why = blind or _fresh_hole(state, history, since, now)
    if why:
        return [WatchPaused(counted_seconds=_counted_before_hole(state, history, since, now), why=why)]
    return []


def _watch_length(runbook: Runbook) -> timedelta:
    gate = runbook.gates.get("resolved")
    return gate.watch if gate and gate.watch is not None else _DEFAULT_WATCH


def _not_passing(state: IncidentState) -> str | None:
    """Why not all criteria pass; None when they do."""
    checks = state.recovery.checks.values()
    if not checks:
        return "there are no recovery criteria"
    words = {"fail": "fails", "no_data": "has no data", None: "has not been measured"}
    wrong = [f"“{check.spec.name}” {words[check.verdict]}" for check in checks if check.verdict != "pass"]
    return "; ".join(wrong) or None


def _no_data(state: IncidentState) -> str | None:
    blind = [check.spec.name for check in state.recovery.checks.values() if check.verdict in ("no_data", None)]
    return f"no data for {', '.join(blind)}" if blind else None


def _fresh_hole(state: IncidentState, history: History, start: datetime, now: datetime) -> str | None:
    """A gap that ended with the newest samples (Tocsin was away): holes before were told in their time."""
    for check_id, check in state.recovery.checks.items():
        if check.spec.kind == "person":
            continue
        inside = [sample.at for sample in history.get(check_id, ()) if start <= sample.at <= now]
        moments = [start, *inside]
        for before, after in pairwise(moments):
            if after - before > longest_gap(check.spec):
                return f"“{check.spec.name}” was not measured between {before:%H:%M:%S} and {after:%H:%M:%S} UTC"
    return None


def _counted_before_hole(state: IncidentState, history: History, since: datetime, now: datetime) -> int:
    """Seconds of the watch that samples of every check prove, before the first hole after `since`."""
    proven = now
    for check_id, check in state.recovery.checks.items():
        if check.spec.kind == "person":
            continue
        reached = since
        for sample in (s for s in history.get(check_id, ()) if since <= s.at <= now):
            if sample.at - reached > longest_gap(check.spec) or sample.verdict == "no_data":
                break
            reached = sample.at
        proven = min(proven, reached)
    counted = int((proven - since).total_seconds())
    return min(state.recovery.watch_counted + counted, state.recovery.watch_seconds)


def _is_stale(check: CheckState, history: History, now: datetime) -> bool:
    if check.spec.kind == "person":
        return False
    samples = history.get(check.spec.id, ())
    return is_stale(check.spec, samples[-1] if samples else None, now)


def _said(check: CheckState) -> str:
    spec: CheckSpec = check.spec
    if spec.kind == "person":
        return f"{check.by or 'somebody'} says that “{spec.name}” does not hold"
    value = "nothing" if check.value is None else f"{check.value:g}{spec.unit}"
    return f"“{spec.name}” is {value}, not {spec.comparator} {spec.threshold:g}{spec.unit}"
