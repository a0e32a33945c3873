"""What a page is, who is next and when, and when it begins again. Pure.

A page climbs its policy while it is open; after the last repeat, or when a whole round reaches nobody, the last resort
is paged every 15 minutes without end. Every step is counted from when the one before it was *carried out*, so after
Tocsin itself was away one step runs, not a ladder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tocsin.engine.deadlines import WantedDeadline
from tocsin.oncall import policy as policies
from tocsin.oncall.policy import Rung
from tocsin.organisation.model.fields import Target
from tocsin.organisation.model.policy import Policy, Step

LAST_RESORT_EVERY = timedelta(minutes=15)
UNATTENDED_AFTER = timedelta(minutes=30)
TIDIED_AFTER = timedelta(hours=24)
NEXT_METHOD_AFTER = timedelta(seconds=30)
LONGEST_SNOOZE = timedelta(days=7)

STEP, UNATTENDED, SNOOZE_OVER, TIDY = "page_step", "page_unattended", "page_snooze_over", "page_tidy"
"""Kinds of deadline of subject `page`."""
SINCE = "since"
"""In a step's payload: when it was first wanted. A page that was quiet meanwhile owes its step from then on only."""

SubjectKind = Literal["group", "role", "team", "person", "regression", "deadline", "tocsin", "help"]
State = Literal["open", "acknowledged", "ended"]
Urgency = Literal["page", "notify"]


class OpenPage(BaseModel):
    """The payload of the task `open_page`: who asks for a person, about what, and whom.

    The subject says when two demands are one page: while a page of the same subject has not ended, none is added.
    `to` pages these at once, then by `policy` (a policy's id); without both the organisation's default policy, and
    without that its last resort.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject_kind: SubjectKind
    subject_id: str | None = None
    """`INCIDENT_ID:ROLE` for a role, `INCIDENT_ID:TEAM` for a team; None: the page is its own subject."""
    title: str
    detail: str = ""
    urgency: Urgency = "page"
    severity: str | None = None
    services: tuple[str, ...] = ()
    to: tuple[Target, ...] = ()
    policy: str | None = None
    helps_with: str | None = None
    """The page for which help is asked."""
    incident_id: str | None = None
    restricted: bool = False
    practice: bool = False


class WithdrawPage(BaseModel):
    """The payload of the task `withdraw_page`: the cause is gone (the role is filled, the incident is over)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject_kind: SubjectKind
    subject_id: str
    why: str = Field(min_length=1)


@dataclass(frozen=True)
class Page:
    """A page as its rules see it. Instants are UTC.

    `rung` is the last one carried out, once `step_at` says when; before that the one to begin with.
    """

    id: str
    subject_kind: str
    state: State
    urgency: Urgency
    policy: Policy | None
    rung: Rung
    reopened: int
    last_resort: bool
    opened_at: datetime
    reopened_at: datetime | None = None
    step_at: datetime | None = None
    acknowledged_at: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def began_at(self) -> datetime:
        """When it opened, or opened again."""
        return self.reopened_at or self.opened_at

    @property
    def name_of_step(self) -> str:
        """What its present step is called in keys: a step has the same name only once."""
        rung = f"{self.rung.round}.{self.rung.step}"
        return f"{self.reopened}.{'last' if self.last_resort else 'step'}.{rung}"


@dataclass(frozen=True)
class Cause:
    """What stands behind a page now. For what is no group: it stands until somebody withdraws it."""

    stands: bool = True
    """Something still fires, or is still demanded."""
    paused: bool = False
    """All alerts are resolved and the flap window runs, or all are silenced or snoozed: the page does not climb."""
    attended: bool = False
    """There is an incident, a note, or a snooze: somebody looks after it."""


@dataclass(frozen=True)
class Next:
    """The step to carry out: a rung of the policy, or the last resort (whose rounds are counted on)."""

    rung: Rung
    last_resort: bool


def ladder(to: tuple[Target, ...], policy: Policy | None) -> Policy | None:
    """The steps of a page: `to` first, then the policy's."""
    if not to:
        return policy
    first = Step(page=to)
    if policy is None:
        return Policy(name="as asked", steps=(first,))
    return policy.model_copy(update={"steps": (first, *policy.steps)})


def begin(page: Page) -> Next:
    """The step with which a page begins, and begins again."""
    return Next(policies.first_rung(), last_resort=page.policy is None)


def next_step(page: Page) -> Next:
    """The step to carry out next."""
    if page.step_at is None:
        return begin(page)
    if page.last_resort or page.policy is None:
        return Next(Rung(page.rung.round + 1, page.rung.step), last_resort=True)
    after = policies.next_rung(page.policy, page.rung)
    return Next(after, last_resort=False) if after else Next(Rung(page.rung.round + 1, 0), last_resort=True)


def passes_without_reaching(page: Page) -> int:
    """How many rungs may reach nobody, one after the other, before the last resort's turn has come: a whole round."""
    return len(page.policy.steps) if page.policy else 0


def step_is_due(page: Page) -> datetime:
    """When the next step is due: at once for a new page, else after the wait that the present step asks for."""
    if page.step_at is None:
        return page.began_at
    if page.last_resort or page.policy is None:
        return page.step_at + LAST_RESORT_EVERY
    return page.step_at + policies.wait_after(page.policy, page.rung)


def is_snoozed(page: Page, now: datetime) -> bool:
    """Whether it stays quiet now."""
    return page.snoozed_until is not None and page.snoozed_until > now


def climbs(page: Page, cause: Cause, now: datetime) -> bool:
    """Whether somebody is still to be paged for it. What only notifies is told once and does not climb."""
    if page.state != "open" or cause.paused or is_snoozed(page, now):
        return False
    return page.urgency == "page" or page.step_at is None


def wanted(page: Page, cause: Cause, now: datetime) -> list[WantedDeadline]:
    """The deadlines of a page. A key names a step or an acknowledgement once, so what fired is never wanted again."""
    found: list[WantedDeadline] = []
    if page.state == "ended":
        return found
    if climbs(page, cause, now):
        key = f"after {page.name_of_step if page.step_at else begun(page)}"
        found.append(WantedDeadline(STEP, key, step_is_due(page), {SINCE: now.isoformat()}))
    if page.snoozed_until is not None and is_snoozed(page, now):
        found.append(WantedDeadline(SNOOZE_OVER, f"{page.snoozed_until.isoformat()}", page.snoozed_until))
    if page.state == "acknowledged" and page.acknowledged_at is not None:
        key = f"{page.reopened}.{page.acknowledged_at.isoformat()}"
        if page.subject_kind != "group":
            if not is_snoozed(page, now):
                found.append(WantedDeadline(TIDY, key, page.acknowledged_at + TIDIED_AFTER))
        elif cause.stands and not cause.paused and not cause.attended and not is_snoozed(page, now):
            found.append(WantedDeadline(UNATTENDED, key, page.acknowledged_at + UNATTENDED_AFTER))
    return found


def owed_since(due_at: datetime, payload: Mapping[str, Any]) -> datetime:
    """Since when a step is owed: its due time, but not before it was wanted."""
    return max(due_at, datetime.fromisoformat(payload[SINCE])) if SINCE in payload else due_at


def begun(page: Page) -> str:
    """The key of the step with which a page begins (again)."""
    return f"{page.reopened}.beginning"


def begins_again(page: Page, cause: Cause, now: datetime) -> bool:
    """Whether an acknowledged page must open again: nobody looks after it and it still fires, 30 min on."""
    return (
        page.state == "acknowledged"
        and page.acknowledged_at is not None
        and now - page.acknowledged_at >= UNATTENDED_AFTER
        and cause.stands
        and not cause.paused
        and not cause.attended
        and not is_snoozed(page, now)
    )


@dataclass(frozen=True)
class GroupNow:
    """What a page needs to know of its group.

    `worse` counts how often it got worse; `quiet`: it is snoozed, or a silence covers all that fires; `in_incident`: an
    open incident has it; `over`: why nothing of it fires, once that is so.
    """

    state: Literal["open", "closing", "closed"]
    urgency: Literal["page", "notify", "record"]
    worse: int
    in_incident: bool
    quiet: bool
    over: str = "its alerts are resolved"


@dataclass(frozen=True)
class Verdict:
    """What a group needs of its page now. `sentence` says why, for the page's log."""

    do: Literal["nothing", "raise", "reopen", "withdraw", "keep"]
    sentence: str = ""


def judge(group: GroupNow, page: Page | None, worse_seen: int, *, ended_before: bool) -> Verdict:
    """Raise, reopen, keep or withdraw the page of a group.

    `page` is the group's page that has not ended; `ended_before`: there was one that an operator ended. `worse_seen` is
    the group's count at the last look, 0 if there was none.
    """
    got_worse = group.worse > worse_seen
    if group.state == "closed":
        return Verdict("withdraw", group.over) if page else Verdict("nothing")
    if page is not None:
        if group.state == "open" and got_worse and page.state == "acknowledged" and group.urgency == "page":
            return Verdict("reopen", "it got worse")
        return Verdict("keep")
    if group.state == "closing" or group.urgency == "record" or group.quiet:
        return Verdict("nothing")
    if (ended_before or group.in_incident) and not got_worse:
        return Verdict("nothing")
    return Verdict("raise", "it got worse" if got_worse and ended_before else "")


@dataclass(frozen=True)
class LogRow:
    """One row to append to a page's log."""

    kind: str
    person: str | None = None
    method: str | None = None
    delivery_id: str | None = None
    text: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def role_of(subject_kind: str, subject_id: str) -> str | None:
    """The role that a page wants filled."""
    return subject_id.partition(":")[2] or None if subject_kind == "role" else None
