"""Alerts that belong together: the key they share, and how a group opens, worsens, resolves and closes. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from tocsin.engine.deadlines import WantedDeadline
from tocsin.intake.signal import SEVERITIES, Severity, Signal, bounded_key
from tocsin.organisation.model.routing import DeclareAs, Urgency

GroupState = Literal["open", "closing", "closed"]
Change = Literal[
    "opened", "joined_incident", "counts", "worse", "resolved", "reopened", "closed", "loudness", "hours", "unheard"
]
FLAP = "group_flap"
NOT_HEARD = "group_not_heard"
SNOOZE_OVER = "group_snooze_over"
URGENCY_TURNS = "group_urgency_turns"
FLAPPING_WITHIN = timedelta(hours=1)
_FLAPS_AFTER, _LONG_FLAP_WINDOW = 3, timedelta(minutes=30)
_URGENCIES: tuple[Urgency, ...] = ("page", "notify", "record")


@dataclass(frozen=True)
class Group:
    """What a person is paged for. `changes` is what happened to it in this transaction, for who must be told."""

    id: str
    route: str
    key: str
    title: str
    state: GroupState
    urgency: Urgency
    severity: Severity
    services: tuple[str, ...]
    policy_id: str | None
    declare: DeclareAs | None
    incident_id: str | None
    firing: int
    loud: int
    total: int
    worse: int
    flap_seconds: int
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    snoozed_until: datetime | None
    snoozed_by: str | None
    why: str | None
    urgency_until: datetime | None = None
    inhibits: bool = False
    resolve_seconds: int | None = None
    resolve_due: datetime | None = None
    resolved_by: str | None = None
    changes: frozenset[Change] = field(default_factory=frozenset)

    @property
    def flap_window(self) -> timedelta:
        """How long after its last alert resolved the group still waits for one to fire again."""
        return timedelta(seconds=self.flap_seconds)

    @property
    def resolve_after(self) -> timedelta | None:
        """How long nothing need be heard of one of its alerts until it counts as over; None: for ever."""
        return None if self.resolve_seconds is None else timedelta(seconds=self.resolve_seconds)

    @property
    def is_silenced(self) -> bool:
        """Whether a silence covers every alert that fires."""
        return self.firing > 0 and self.loud == 0


@dataclass(frozen=True)
class Firing:
    """What a group must know of an alert that begins to fire, or fires more badly."""

    severity: Severity
    urgency: Urgency
    service: str | None
    loud: bool


@dataclass(frozen=True)
class Attended:
    """An open incident that claims a new group, and how bad what it already has is. None: it has no group yet."""

    incident_id: str
    because: str
    severity: Severity | None
    urgency: Urgency | None
    services: frozenset[str]


def group_key(group_by: Sequence[str] | None, labels: Mapping[str, str], signal: Signal, service: str | None) -> str:
    """The canonical text of what alerts of one group share.

    By default integration and service; without a service the alert's name. `group_by` names labels; one that the
    alert has not counts as empty.
    """
    if group_by is not None:
        pairs = {name: labels.get(name, "") for name in group_by}
    elif service is not None:
        pairs = {"integration": labels.get("integration", ""), "service": service}
    else:
        pairs = {"integration": labels.get("integration", ""), "alertname": labels.get("alertname") or signal.title}
    return bounded_key(json.dumps(pairs, ensure_ascii=False, sort_keys=True))


def opened(group: Group, attended: Attended | None) -> Group:
    """A new group, with its first alert in it, as people must be told of it."""
    changes: frozenset[Change] = frozenset({"opened"})
    if attended is None:
        return replace(group, changes=changes)
    joined = replace(group, incident_id=attended.incident_id, changes=changes | {"joined_incident"})
    if _is_worse_than(group, attended):
        why = f"{group.why or ''} It joined an open incident that {attended.because}, and is worse than what that has."
        return replace(joined, worse=1, changes=joined.changes | {"worse"}, why=why.strip())
    return replace(joined, why=f"It does not page: it joined an open incident that {attended.because}.")


def fires(group: Group, firing: Firing, now: datetime, *, is_new: bool) -> Group:
    """An alert joins the group, or one of its alerts fires again."""
    was_closing = group.state == "closing"
    grown = replace(
        group,
        state="open",
        firing=group.firing + 1,
        loud=group.loud + firing.loud,
        total=group.total + is_new,
        resolved_at=None,
        resolved_by=None,
        resolve_due=now + group.resolve_after if was_closing and group.resolve_after else group.resolve_due,
        changed_at=now,
        changes=group.changes | {"reopened" if was_closing else "counts"},
    )
    if firing.loud and group.loud == 0 and group.firing > 0:
        grown = replace(grown, changes=grown.changes | {"loudness"})
    return worsens(grown, firing, now)


def only_joins(group: Group, firing: Firing) -> bool:
    """Whether an alert that begins to fire changes no more of the group than its counts: see `joined`."""
    return (
        group.state == "open"
        and (group.loud > 0 or not firing.loud)
        and SEVERITIES.index(firing.severity) >= SEVERITIES.index(group.severity)
        and _URGENCIES.index(firing.urgency) >= _URGENCIES.index(group.urgency)
        and (firing.service is None or firing.service in group.services)
    )


def joined(group: Group, firing: int, loud: int, now: datetime) -> Group:
    """As `fires`, for so many new alerts of which each `only_joins`."""
    return replace(
        group,
        firing=group.firing + firing,
        loud=group.loud + loud,
        total=group.total + firing,
        resolved_at=None,
        changed_at=now,
        changes=group.changes | {"counts"},
    )


def worsens(group: Group, firing: Firing, now: datetime) -> Group:
    """A higher severity or urgency, or a service not yet hit, makes the group worse, which ends its snooze."""
    severity = min(group.severity, firing.severity, key=SEVERITIES.index)
    urgency = min(group.urgency, firing.urgency, key=_URGENCIES.index)
    new_service = firing.service is not None and firing.service not in group.services
    services = (*group.services, firing.service) if new_service and firing.service else group.services
    if (severity, urgency, services) == (group.severity, group.urgency, group.services):
        return group
    worse = replace(group, severity=severity, urgency=urgency, services=services, changed_at=now)
    if not firing.loud:
        return replace(worse, changes=worse.changes | {"counts"})
    return replace(worse, worse=worse.worse + 1, snoozed_until=None, snoozed_by=None, changes=worse.changes | {"worse"})


def turns(group: Group, urgency: Urgency, until: datetime | None, now: datetime) -> Group:
    """Its rule's hours give another urgency from now on. A higher one raises what still fires; a page that there is goes on."""
    turned = replace(group, urgency=urgency, urgency_until=until, changed_at=now, changes=group.changes | {"hours"})
    if _URGENCIES.index(urgency) >= _URGENCIES.index(group.urgency) or not group.loud:
        return turned
    return replace(turned, worse=group.worse + 1, changes=turned.changes | {"worse"})


def resolves(group: Group, now: datetime, *, was_loud: bool) -> Group:
    """One alert of the group resolved; after the last one the flap window begins."""
    return called_over(group, 1, int(was_loud), None, now)


def called_over(group: Group, ended: int, loud: int, by: str | None, now: datetime) -> Group:
    """So many of its alerts are over, of which so many were loud; `by` whom, None: by their sender's word."""
    firing = max(group.firing - ended, 0)
    less = replace(
        group,
        firing=firing,
        loud=max(group.loud - loud, 0),
        changed_at=now,
        changes=group.changes | {"counts"},
    )
    if firing and group.loud and not less.loud:
        return replace(less, changes=less.changes | {"loudness"})
    if firing or group.state != "open":
        return less
    return replace(
        less,
        state="closing",
        resolved_at=now,
        resolved_by=by,
        resolve_due=None,
        changes=less.changes | {"resolved"},
    )


def heard(group: Group, oldest: datetime, now: datetime) -> Group:
    """Of its alerts that fire, the one that is silent for longest was last heard of then: when to look next."""
    if group.state != "open" or group.resolve_after is None:
        return group
    due = max(oldest + group.resolve_after, now + timedelta(seconds=1))
    return replace(group, resolve_due=due, changes=group.changes | {"unheard"})


def flap_window(asked: timedelta, opened_lately: int) -> timedelta:
    """How long a group stays open after its last alert, if it opened so often within `FLAPPING_WITHIN` before.

    What comes and goes pages once, not each time: from the fourth time on it has to stay away for half an hour. A rule
    whose window is nothing wants each of them.
    """
    if not asked or opened_lately < _FLAPS_AFTER:
        return asked
    return max(asked, _LONG_FLAP_WINDOW)


def closed(group: Group, now: datetime) -> Group:
    """The flap window passed without an alert firing again."""
    return replace(
        group,
        state="closed",
        closed_at=now,
        changed_at=now,
        snoozed_until=None,
        snoozed_by=None,
        changes=group.changes | {"closed"},
    )


def may_close(group: Group, now: datetime) -> bool:
    """Whether its alerts are resolved and its flap window is over."""
    return group.state == "closing" and group.resolved_at is not None and now >= group.resolved_at + group.flap_window


def still_flaps(group: Group, resolved_at: datetime | None, now: datetime) -> bool:
    """Whether an alert of the group that resolved then and fires now is the same episode."""
    return group.state != "closed" and resolved_at is not None and now <= resolved_at + group.flap_window


def needs_a_look(group: Group) -> bool:
    """Whether what changed may change a page. A group that joined an incident pages only when it is worse."""
    if group.urgency == "record":
        return False
    if "opened" in group.changes:
        return "joined_incident" not in group.changes or "worse" in group.changes
    return bool(group.changes & {"worse", "resolved", "reopened", "closed", "loudness"})


def declares(group: Group) -> bool:
    """Whether its rule says that it is an incident by itself: once something fires that no silence covers."""
    return (
        group.declare is not None
        and group.incident_id is None
        and group.loud > 0
        and bool(group.changes & {"opened", "reopened", "loudness"})
    )


def wanted_deadlines(group: Group) -> list[WantedDeadline]:
    """The moments that the group waits for."""
    wanted = []
    if group.state == "closing" and group.resolved_at is not None:
        due = group.resolved_at + group.flap_window
        wanted.append(WantedDeadline(FLAP, group.resolved_at.isoformat(), due))
    if group.resolve_due is not None and group.state == "open":
        wanted.append(WantedDeadline(NOT_HEARD, group.resolve_due.isoformat(), group.resolve_due))
    if group.snoozed_until is not None and group.state != "closed":
        wanted.append(WantedDeadline(SNOOZE_OVER, group.snoozed_until.isoformat(), group.snoozed_until))
    if group.urgency_until is not None and group.state != "closed":
        wanted.append(WantedDeadline(URGENCY_TURNS, group.urgency_until.isoformat(), group.urgency_until))
    return wanted


def _is_worse_than(group: Group, attended: Attended) -> bool:
    if attended.severity is None or attended.urgency is None:
        # called by hand, before any alert: who responds knows of this service
        return not set(group.services) <= attended.services
    return (
        SEVERITIES.index(group.severity) < SEVERITIES.index(attended.severity)
        or _URGENCIES.index(group.urgency) < _URGENCIES.index(attended.urgency)
        or not set(group.services) <= attended.services
    )
