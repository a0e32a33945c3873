"""How a service's runbook is laid over the base: it adds and tightens, it never loosens. The tighter word wins."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TypeVar

from tocsin.runbook.model import (
    Approval,
    Clocks,
    FirstFive,
    FollowUps,
    Gate,
    Recovery,
    ReminderClock,
    Review,
    Runbook,
    UpdateClock,
    VendorClock,
)
from tocsin.runbook.parts import PHASES
from tocsin.runbook.roles import Required, Role

K = TypeVar("K")
V = TypeVar("V")
BySeverityTimes = dict[int, timedelta | None]


def extend(base: Runbook, own: Runbook, service: str) -> Runbook:
    """The base with a service's own runbook laid over it. Its rules' ids get the service's name before them."""
    prefixed = {f"{service}/{name}": rule for name, rule in own.rules.items()}
    sections = {
        **{path: f"{service}:{number}" for path, number in own.sections.items() if path not in base.sections},
        **{
            f"rules.{service}/{path.removeprefix('rules.')}": f"{service}:{number}"
            for path, number in own.sections.items()
            if path.startswith("rules.")
        },
        **base.sections,
    }
    return base.model_copy(
        update={
            "roles": _merged(base.roles, own.roles, _role),
            "first_five": FirstFive.model_construct(
                limit=shorter(base.first_five.limit, own.first_five.limit),
                steps={**base.first_five.steps, **_new(base.first_five.steps, own.first_five.steps)},
            ),
            "clocks": _clocks(base.clocks, own.clocks),
            "questions": {**base.questions, **_new(base.questions, own.questions)},
            "gates": _merged(base.gates, own.gates, _gate),
            "recovery": _recovery(base.recovery, own.recovery),
            "approvals": base.approvals.model_copy(
                update={"external_update": _approval(base.approvals.external_update, own.approvals.external_update)}
            ),
            "review": _review(base.review, own.review),
            "actions": {**base.actions, **own.actions},
            "commands": {**base.commands, **own.commands},
            "rules": {**base.rules, **prefixed},
            "sections": sections,
        }
    )


def shorter(base: timedelta | None, own: timedelta | None) -> timedelta | None:
    """The tighter of two limits; None is no limit."""
    return min((each for each in (base, own) if each is not None), default=None)


def longer(base: timedelta | None, own: timedelta | None) -> timedelta | None:
    """The longer of two waits; None is none."""
    return max((each for each in (base, own) if each is not None), default=None)


def _each(base: BySeverityTimes | None, own: BySeverityTimes | None) -> BySeverityTimes | None:
    if base is None or own is None:
        return own if base is None else base
    return {severity: shorter(base.get(severity), own.get(severity)) for severity in sorted({*base, *own})}


def _merged(base: Mapping[K, V], own: Mapping[K, V], merge: Callable[[V, V], V]) -> dict[K, V]:
    both = {key: merge(value, own[key]) if key in own else value for key, value in base.items()}
    return both | _new(base, own)


def _role(base: Role, own: Role) -> Role:
    severities = tuple(sorted({*base.required.severities, *own.required.severities}))
    phases = [each.from_phase for each in (base.required, own.required) if each.severities] or [
        base.required.from_phase
    ]
    required = Required.model_construct(severities=severities, from_phase=min(phases, key=PHASES.index))
    return base.model_copy(update={"required": required, "fill": tuple(dict.fromkeys((*own.fill, *base.fill)))})


def _clocks(base: Clocks, own: Clocks) -> Clocks:
    return Clocks.model_construct(
        internal_update=_optional(base.internal_update, own.internal_update, _update_clock),
        external_update=_optional(base.external_update, own.external_update, _update_clock),
        empty_role=_optional(base.empty_role, own.empty_role, _reminder),
        unanswered=_optional(base.unanswered, own.unanswered, _reminder),
        decision_result=_optional(base.decision_result, own.decision_result, _reminder),
        vendor=_optional(base.vendor, own.vendor, _vendor),
    )


def _optional(base: V | None, own: V | None, merge: Callable[[V, V], V]) -> V | None:
    if base is None or own is None:
        return own if base is None else base
    return merge(base, own)


def _update_clock(base: UpdateClock, own: UpdateClock) -> UpdateClock:
    return base.model_copy(
        update={
            "every": _each(base.every, own.every),
            "nudge": longer(base.nudge, own.nudge),
            "then_commander": shorter(base.then_commander, own.then_commander),
        }
    )


def _reminder(base: ReminderClock, own: ReminderClock) -> ReminderClock:
    return base.model_copy(update={"after": min(base.after, own.after), "every": shorter(base.every, own.every)})


def _vendor(base: VendorClock, own: VendorClock) -> VendorClock:
    return base.model_copy(update={"reply_within": _each(base.reply_within, own.reply_within)})


def _gate(base: Gate, own: Gate) -> Gate:
    return base.model_copy(
        update={
            "needs": _union(base.needs, own.needs),
            "hold": longer(base.hold, own.hold),
            "watch": longer(base.watch, own.watch),
            "confirmed_by": base.confirmed_by or own.confirmed_by,
        }
    )


def _recovery(base: Recovery, own: Recovery) -> Recovery:
    counts = [each for each in (base.regression_after, own.regression_after) if each is not None]
    return Recovery.model_construct(
        sample_every=shorter(base.sample_every, own.sample_every),
        regression_after=min(counts, default=None),
        no_data_told_after=shorter(base.no_data_told_after, own.no_data_told_after),
        checks={**base.checks, **own.checks},
    )


def _approval(base: Approval | None, own: Approval | None) -> Approval | None:
    if base is None or own is None:
        return own if base is None else base
    return base.model_copy(
        update={
            "severities": tuple(sorted({*base.severities, *own.severities})),
            "by": tuple(name for name in base.by if name in own.by) or base.by,
            "alone_with_reason": base.alone_with_reason and own.alone_with_reason,
        }
    )


def _review(base: Review, own: Review) -> Review:
    return base.model_copy(
        update={
            "within": _each(base.within, own.within),
            "postmortem_within": _each(base.postmortem_within, own.postmortem_within),
            "remind_before": longer(base.remind_before, own.remind_before),
            "artifacts": _union(base.artifacts, own.artifacts),
            "follow_ups": _optional(base.follow_ups, own.follow_ups, _follow_ups),
        }
    )


def _follow_ups(base: FollowUps, own: FollowUps) -> FollowUps:
    return base.model_copy(
        update={
            "kinds": _union(base.kinds, own.kinds),
            "due_within": shorter(base.due_within, own.due_within),
            "remind_before": longer(base.remind_before, own.remind_before),
            "remind_late_every": shorter(base.remind_late_every, own.remind_late_every),
        }
    )


def _new(base: Mapping[K, V], own: Mapping[K, V]) -> dict[K, V]:
    """What the base has not: its own words stand."""
    return {key: value for key, value in own.items() if key not in base}


def _union(base: Iterable[V], own: Iterable[V]) -> tuple[V, ...]:
    return tuple(dict.fromkeys((*base, *own)))
