"""A service's runbook may add and tighten. What it would loosen is named here, with the line that does it."""

from collections.abc import Iterator
from datetime import timedelta

from tocsin.runbook.durations import say_duration, say_span
from tocsin.runbook.findings import Finding
from tocsin.runbook.model import Gate, Runbook
from tocsin.runbook.parts import PHASES
from tocsin.runbook.reading import Reading
from tocsin.runbook.roles import Role

_FIX = "A service's runbook may only add and tighten."
Times = dict[int, timedelta | None]


def loosenings(base: Runbook, reading: Reading) -> Iterator[Finding]:
    """Every line of a service's runbook that asks for less than the base."""
    own = reading.runbook
    assert own is not None
    for severity in own.severities:
        yield reading.finding(
            ("severities", severity), f"Sev{severity} means the same for every service.", "Say it in the base runbook."
        )
    for kind in ("rules", "questions"):
        for name in getattr(own, kind):
            if name in getattr(base, kind):
                what = f"The base runbook has {kind} '{name}' already."
                yield reading.finding((kind, name), what, "Give yours a name of its own.")
    for step_id in own.first_five.steps:
        if step_id in base.first_five.steps:
            what = f"The base runbook has the step '{step_id}' already."
            yield reading.finding(("first_five", "steps", step_id), what, "Give yours a name of its own.")
    for role_id, role in own.roles.items():
        if role_id in base.roles:
            yield from _role(reading, role_id, base.roles[role_id], role)
    for phase, gate in own.gates.items():
        if phase in base.gates:
            yield from _gate(reading, phase, base.gates[phase], gate)
    yield from _limit(reading, ("first_five", "limit"), base.first_five.limit, own.first_five.limit)
    yield from _clocks(reading, base, own)
    yield from _recovery(reading, base, own)
    yield from _review(reading, base, own)


def _limit(
    reading: Reading, path: tuple[str | int, ...], base: timedelta | None, own: timedelta | None
) -> Iterator[Finding]:
    """A limit may become shorter only."""
    if base is not None and own is not None and own > base:
        what = f"{'.'.join(map(str, path))}: {say_duration(own)} is looser than the base's {say_duration(base)}."
        yield reading.finding(path, what, _FIX)


def _wait(
    reading: Reading, path: tuple[str | int, ...], base: timedelta | None, own: timedelta | None
) -> Iterator[Finding]:
    """A wait (hold, watch, warning before) may become longer only."""
    if base is not None and own is not None and own < base:
        what = f"{'.'.join(map(str, path))}: {say_duration(own)} is looser than the base's {say_duration(base)}."
        yield reading.finding(path, what, _FIX)


def _times(reading: Reading, path: tuple[str | int, ...], base: Times | None, own: Times | None) -> Iterator[Finding]:
    for severity, limit in (own or {}).items():
        before = (base or {}).get(severity)
        if before is not None and limit is None:
            asked = f"{say_duration(before)} at Sev{severity}"
            what = f"{'.'.join(map(str, path))}: the base asks for {asked}, and 'off' is looser."
            yield reading.finding((*path, severity), what, _FIX)
        else:
            yield from _limit(reading, (*path, severity), before, limit)


def _role(reading: Reading, role_id: str, base: Role, own: Role) -> Iterator[Finding]:
    path = ("roles", role_id, "required")
    lost = [f"Sev{severity}" for severity in base.required.severities if severity not in own.required.severities]
    if lost:
        yield reading.finding(path, f"The base needs '{role_id}' at {', '.join(lost)} too.", _FIX)
    elif base.required.severities and PHASES.index(own.required.from_phase) > PHASES.index(base.required.from_phase):
        what = f"The base needs '{role_id}' from {base.required.from_phase} on, which is earlier."
        yield reading.finding(path, what, _FIX)


def _gate(reading: Reading, phase: str, base: Gate, own: Gate) -> Iterator[Finding]:
    yield from _wait(reading, ("gates", phase, "hold"), base.hold, own.hold)
    between = base.watch_between
    if between is not None and own.watch is not None:
        if own.watch not in between:
            what = f"gates.{phase}.watch: {say_duration(own.watch)} is outside the base's {say_span(between)}."
            yield reading.finding(("gates", phase, "watch"), what, f"Choose one inside {say_span(between)}.")
    else:
        yield from _wait(reading, ("gates", phase, "watch"), base.watch, own.watch)
    if own.watch_between is not None and own.watch_between != between:
        what = f"gates.{phase}.watch_between belongs to the base."
        yield reading.finding(("gates", phase, "watch_between"), what, "Remove it.")
    if base.confirmed_by is not None and own.confirmed_by not in (None, base.confirmed_by):
        what = f"The base leaves the word to '{base.confirmed_by}'."
        yield reading.finding(("gates", phase, "confirmed_by"), what, "Remove it.")


def _clocks(reading: Reading, base: Runbook, own: Runbook) -> Iterator[Finding]:
    for name in ("internal_update", "external_update"):
        before, clock = getattr(base.clocks, name), getattr(own.clocks, name)
        if before is not None and clock is not None:
            yield from _times(reading, ("clocks", name, "every"), before.every, clock.every)
            yield from _wait(reading, ("clocks", name, "nudge"), before.nudge, clock.nudge)
            yield from _limit(reading, ("clocks", name, "then_commander"), before.then_commander, clock.then_commander)
            if clock.role != before.role:
                what = f"clocks.{name}.role: the base leaves it to '{before.role}'."
                yield reading.finding(("clocks", name, "role"), what, f"Write `role: {before.role}`.")
    for name in ("empty_role", "unanswered", "decision_result"):
        before, clock = getattr(base.clocks, name), getattr(own.clocks, name)
        if before is not None and clock is not None:
            yield from _limit(reading, ("clocks", name, "after"), before.after, clock.after)
            yield from _limit(reading, ("clocks", name, "every"), before.every, clock.every)
    if base.clocks.vendor is not None and own.clocks.vendor is not None:
        path = ("clocks", "vendor", "reply_within")
        yield from _times(reading, path, base.clocks.vendor.reply_within, own.clocks.vendor.reply_within)


def _recovery(reading: Reading, base: Runbook, own: Runbook) -> Iterator[Finding]:
    for name in ("sample_every", "no_data_told_after"):
        yield from _limit(reading, ("recovery", name), getattr(base.recovery, name), getattr(own.recovery, name))
    before, after = base.recovery.regression_after, own.recovery.regression_after
    if before is not None and after is not None and after > before:
        what = f"recovery.regression_after: {after} failing samples are looser than the base's {before}."
        yield reading.finding(("recovery", "regression_after"), what, _FIX)


def _review(reading: Reading, base: Runbook, own: Runbook) -> Iterator[Finding]:
    for name in ("within", "postmortem_within"):
        yield from _times(reading, ("review", name), getattr(base.review, name), getattr(own.review, name))
    yield from _wait(reading, ("review", "remind_before"), base.review.remind_before, own.review.remind_before)
    before, approval = base.approvals.external_update, own.approvals.external_update
    if before is not None and approval is not None:
        path = ("approvals", "external_update")
        if lost := [f"Sev{severity}" for severity in before.severities if severity not in approval.severities]:
            yield reading.finding((*path, "severities"), f"The base needs an approval at {', '.join(lost)} too.", _FIX)
        if more := [name for name in approval.by if name not in before.by]:
            yield reading.finding(
                (*path, "by"), f"The base lets nobody but {', '.join(before.by)} approve.", f"Remove {', '.join(more)}."
            )
        if approval.alone_with_reason and not before.alone_with_reason:
            yield reading.finding(
                (*path, "alone_with_reason"), "The base lets nobody approve their own.", "Write `false`."
            )
