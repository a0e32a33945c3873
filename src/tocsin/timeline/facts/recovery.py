"""Facts of recovery: checks, verdicts, hold, watch, regression, overridden gates."""

from datetime import datetime
from typing import ClassVar, Literal

from tocsin.timeline.entry import Category, Entry, Fact, Frozen, NameOf, OptionalProse, Prose
from tocsin.timeline.facts.words import told

VerdictWord = Literal["pass", "fail", "no_data"]


class CheckSpec(Frozen):
    """An objective metric with a threshold. `interval_seconds` between samples; `query` a PromQL expression, a
    URL, or for a person's word the question that is asked."""

    id: str
    name: str
    kind: Literal["promql", "http", "person"]
    query: str
    source: str | None = None  # base URL of the Prometheus server; None: the configured one
    comparator: Literal["<", "<=", ">", ">=", "==", "!="] = "<"
    threshold: float = 0.0
    unit: str = ""
    interval_seconds: int = 30
    fails_for_regression: int = 3  # failing samples running
    service: str | None = None


class CheckDefined(Fact):
    kind: ClassVar[str] = "check_defined"
    check: CheckSpec
    origin: Literal["catalog", "runbook", "person"] = "person"

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        c = self.check
        target = "somebody's word" if c.kind == "person" else f"{c.comparator} {c.threshold:g}{c.unit}"
        return f"set the recovery check “{c.name}” ({target})."


class CheckRemoved(Fact):
    kind: ClassVar[str] = "check_removed"
    check_id: str
    reason: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"removed the recovery check {self.check_id}: {self.reason}"


class VerdictChanged(Fact):
    """A check's verdict differs from the one before. `value` in the check's unit."""

    kind: ClassVar[str] = "verdict_changed"
    check_id: str
    verdict: VerdictWord
    previous: VerdictWord | None = None
    value: float | None = None
    detail: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        word = {"pass": "passes", "fail": "fails", "no_data": "has no data"}[self.verdict]
        value = f" at {self.value:g}" if self.value is not None else ""
        return told(f"check {self.check_id} {word}{value}", self.detail)


class Attested(Fact):
    """A person's word on a check; it stands until taken back."""

    kind: ClassVar[str] = "attested"
    category: ClassVar[Category] = "note"
    check_id: str
    verdict: VerdictWord
    note: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        word = {"pass": "it holds", "fail": "it does not hold", "no_data": "takes the word back"}[self.verdict]
        return told(f"says of check {self.check_id}: {word}", self.note)


class HoldStarted(Fact):
    """All criteria pass together from here on; the hold is `seconds` long."""

    kind: ClassVar[str] = "hold_started"
    seconds: int

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"all criteria pass; the hold of {_length(self.seconds)} started."


class HoldBroken(Fact):
    kind: ClassVar[str] = "hold_broken"
    why: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"the hold broke: {self.why}"


class HoldPassed(Fact):
    kind: ClassVar[str] = "hold_passed"

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return "the criteria held."


class WatchStarted(Fact):
    kind: ClassVar[str] = "watch_started"
    seconds: int

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"started the watch of {_length(self.seconds)}."


class WatchPaused(Fact):
    """No data: the watch does not count until there is some. `counted_seconds` so far."""

    kind: ClassVar[str] = "watch_paused"
    counted_seconds: int
    why: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"the watch does not count: {self.why}"


class WatchResumed(Fact):
    kind: ClassVar[str] = "watch_resumed"
    counted_seconds: int

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return "the watch counts again."


class WatchPassed(Fact):
    kind: ClassVar[str] = "watch_passed"

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return "the watch ended without regression."


class RegressionFound(Fact):
    kind: ClassVar[str] = "regression_found"
    category: ClassVar[Category] = "alert"
    checks: tuple[str, ...]
    detail: OptionalProse = None

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return told(f"found a regression: {', '.join(self.checks)}", self.detail)


class NoDataTold(Fact):
    """Checks had no data for five minutes; the IC was told."""

    kind: ClassVar[str] = "no_data_told"
    checks: tuple[str, ...]

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"has had no data for {', '.join(self.checks)} for 5 min; no gate opens without it."


class GateOverridden(Fact):
    """Shown for ever."""

    kind: ClassVar[str] = "gate_overridden"
    category: ClassVar[Category] = "decision"
    gate: str  # the phase that it let in: restoring, watching, resolved, …
    missing: tuple[str, ...]
    reason: Prose

    def sentence(self, name_of: NameOf) -> str:
        del name_of
        return f"overrode the gate to {self.gate}: {self.reason}"


class CheckState(Frozen):
    spec: CheckSpec
    verdict: VerdictWord | None = None
    value: float | None = None
    since: datetime | None = None
    detail: str | None = None
    by: str | None = None


class Override(Frozen):
    gate: str
    missing: tuple[str, ...]
    reason: str
    by: str
    at: datetime


class RecoveryPart(Frozen):
    """Checks and the two windows. Instants UTC; counted seconds are of samples, never of the clock alone."""

    checks: dict[str, CheckState] = {}
    removed_checks: tuple[str, ...] = ()
    hold_started_at: datetime | None = None
    hold_seconds: int = 0
    hold_passed_at: datetime | None = None
    watch_started_at: datetime | None = None
    watch_seconds: int = 0
    watch_counted: int = 0
    watch_counting_since: datetime | None = None
    watch_passed_at: datetime | None = None
    no_data_told: tuple[str, ...] = ()
    regressions: tuple[datetime, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def all_pass(self) -> bool:
        """Whether there are criteria and every one passes now."""
        return bool(self.checks) and all(check.verdict == "pass" for check in self.checks.values())


_NO_WINDOWS: dict[str, object] = {
    "hold_started_at": None,
    "hold_passed_at": None,
    "watch_started_at": None,
    "watch_counted": 0,
    "watch_counting_since": None,
    "watch_passed_at": None,
}


def _judged(part: RecoveryPart, fact: VerdictChanged | Attested, entry: Entry) -> RecoveryPart:
    known = part.checks.get(fact.check_id)
    if known is None:
        return part
    if isinstance(fact, Attested):
        verdict: VerdictWord | None = None if fact.verdict == "no_data" else fact.verdict
        changes: dict[str, object] = {"verdict": verdict, "detail": fact.note, "by": entry.actor.name}
    else:
        changes = {"verdict": fact.verdict, "value": fact.value, "detail": fact.detail}
    judged = known.model_copy(update={**changes, "since": entry.happened_at})
    told = part.no_data_told
    if judged.verdict in ("pass", "fail"):
        told = tuple(check for check in told if check != fact.check_id)
    return part.model_copy(update={"checks": {**part.checks, fact.check_id: judged}, "no_data_told": told})


def apply_recovery(part: RecoveryPart, entry: Entry) -> RecoveryPart:
    """The part after one more entry."""
    fact, at = entry.fact, entry.happened_at
    match fact:
        case CheckDefined():
            known = part.checks.get(fact.check.id)
            state = known.model_copy(update={"spec": fact.check}) if known else CheckState(spec=fact.check)
            return part.model_copy(update={"checks": {**part.checks, fact.check.id: state}})
        case CheckRemoved():
            left = {k: v for k, v in part.checks.items() if k != fact.check_id}
            removed = (*part.removed_checks, fact.check_id)
            return part.model_copy(update={"checks": left, "removed_checks": removed})
        case VerdictChanged() | Attested():
            return _judged(part, fact, entry)
        case HoldStarted():
            return part.model_copy(update={"hold_started_at": at, "hold_seconds": fact.seconds, "hold_passed_at": None})
        case HoldBroken():
            return part.model_copy(update={"hold_started_at": None, "hold_passed_at": None})
        case HoldPassed():
            return part.model_copy(update={"hold_passed_at": at})
        case WatchStarted():
            return part.model_copy(
                update={
                    "watch_started_at": at,
                    "watch_seconds": fact.seconds,
                    "watch_counted": 0,
                    "watch_counting_since": at,
                    "watch_passed_at": None,
                }
            )
        case WatchPaused():
            return part.model_copy(update={"watch_counted": fact.counted_seconds, "watch_counting_since": None})
        case WatchResumed():
            return part.model_copy(update={"watch_counted": fact.counted_seconds, "watch_counting_since": at})
        case WatchPassed():
            return part.model_copy(update={"watch_passed_at": at, "watch_counted": part.watch_seconds})
        case RegressionFound():
            return part.model_copy(update={**_NO_WINDOWS, "regressions": (*part.regressions, at)})
        case NoDataTold():
            return part.model_copy(update={"no_data_told": tuple(dict.fromkeys((*part.no_data_told, *fact.checks)))})
        case GateOverridden():
            override = Override(gate=fact.gate, missing=fact.missing, reason=fact.reason, by=entry.actor.name, at=at)
            return part.model_copy(update={"overrides": (*part.overrides, override)})
    if entry.kind == "phase_changed" and getattr(fact, "phase", "") in ("triage", "mitigating"):
        return part.model_copy(update=_NO_WINDOWS)
    return part


KINDS: tuple[type[Fact], ...] = (
    CheckDefined, CheckRemoved, VerdictChanged, Attested, HoldStarted, HoldBroken, HoldPassed, WatchStarted,
    WatchPaused, WatchResumed, WatchPassed, RegressionFound, NoDataTold, GateOverridden,
)  # fmt: skip


def _length(seconds: int) -> str:
    """'45 min', '15 s'."""
    return f"{seconds // 60} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds} s"
