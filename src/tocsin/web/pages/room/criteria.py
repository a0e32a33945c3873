"""The room's recovery criteria: what must hold, how it stands, the window that runs."""

from datetime import timedelta

from tocsin.timeline.facts.recovery import CheckSpec, CheckState
from tocsin.web import format as say
from tocsin.web.pages.room.sources import Sources
from tocsin.web.views.common import Action, Spark, Verdict
from tocsin.web.views.work import Criteria, Criterion

_BELOW = {"<": "below", "<=": "at most", ">": "above", ">=": "at least", "==": "exactly", "!=": "anything but"}


def _target(spec: CheckSpec) -> str:
    if spec.kind == "person":
        return "somebody's word"
    if spec.kind == "http" and not spec.threshold:
        return "answers without error"
    return f"target {_BELOW[spec.comparator]} {say.quantity(spec.threshold, spec.unit)}"


def criteria_block(sources: Sources) -> Criteria:
    """Each check with its line, the hold or the watch below."""
    recovery, now = sources.state.recovery, sources.now
    items = tuple(_criterion(sources, check) for check in recovery.checks.values())
    passing = sum(check.verdict == "pass" for check in recovery.checks.values())
    line = sources.ref("gates", "restoring", "needs")
    actions: tuple[Action, ...] = ()
    if sources.may_change:
        actions = (
            sources.action("Override a gate…", "override", style="quiet"),
            *(
                (sources.post("Confirm that it is resolved", "resolve", style="primary"),)
                if recovery.watch_passed_at
                else ()
            ),
        )
    if not items:
        note = "The catalog has no recovery checks for these services yet. Name the services that are hit, or give them checks."
        return Criteria((), line, note=note, actions=actions)
    window, counted, length, note = "", timedelta(), timedelta(), ""
    if recovery.watch_started_at:
        window, length = "Watch", timedelta(seconds=recovery.watch_seconds)
        counted = timedelta(seconds=recovery.watch_counted)
        if recovery.watch_counting_since and not recovery.watch_passed_at:
            counted += now - recovery.watch_counting_since
        note = "Without regression so far." if recovery.watch_counting_since else "Paused: without data nothing counts."
        if recovery.watch_passed_at:
            note = "The watch is over."
    elif recovery.hold_started_at:
        window, length, counted = "Hold", timedelta(seconds=recovery.hold_seconds), now - recovery.hold_started_at
        note = "All pass together." if not recovery.hold_passed_at else "The criteria held."
    else:
        gate = sources.runbook.gates.get("watching")
        hold = gate.hold if gate else None
        if hold:
            window, length = "Hold", hold
            note = (
                f"Starts when all {say.number_word(len(items))} pass together."
                if len(items) > 1
                else "Starts when it passes."
            )
    counted = min(counted, length)
    share = round(counted / length, 3) if length else 0.0
    return Criteria(
        items,
        line,
        passing,
        window,
        say.clock_text(counted),
        say.clock_text(length),
        share,
        recovery.hold_started_at or recovery.watch_counting_since,
        note,
        actions,
    )


def spark_of(spec: CheckSpec, values: tuple[float, ...]) -> Spark | None:
    """The line of a check's newest samples, oldest first; None where there is no line to draw."""
    if len(values) < 2:
        return None
    first, last = say.quantity(values[0], spec.unit), say.quantity(values[-1], spec.unit)
    words = f"Last {len(values)} samples: from {first} to {last}"
    return Spark(values, words, spec.threshold, spec.comparator in ("<", "<="))


def _criterion(sources: Sources, check: CheckState) -> Criterion:
    spec = check.spec
    verdict = {
        "pass": Verdict("pass", "Pass"),
        "fail": Verdict("fail", "Fail"),
        "no_data": Verdict("skip", "No data"),
        None: Verdict("wait", "Not measured"),
    }[check.verdict]
    values = sources.samples.get(spec.id, ())
    spark = spark_of(spec, values)
    detail = ""
    if check.verdict == "no_data" and check.since:
        detail = f"for {say.duration(sources.now - check.since)}"
    elif spec.kind == "person" and check.by:
        detail = f"{check.by}{f': {check.detail}' if check.detail else ''}"
    actions: tuple[Action, ...] = ()
    if spec.kind == "person" and sources.may_change:
        actions = (
            sources.post("It holds", "attest", ("check", spec.id), ("verdict", "pass")),
            sources.post("It does not", "attest", ("check", spec.id), ("verdict", "fail"), style="quiet"),
        )
    value = say.quantity(check.value, spec.unit) if check.value is not None and spec.kind != "person" else ""
    return Criterion(spec.id, spec.name, _target(spec), value, verdict, spark, detail, actions)
