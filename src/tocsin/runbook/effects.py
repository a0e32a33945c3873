"""What a rule may do: one model for each kind of effect. The stage that carries an effect out owns its handler.

In a block an effect is written short (`page_role: commander`), long (`page_role: {role: commander, why: …}`), or, when
it needs nothing, as its name alone (`open_channel`).
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from tocsin.runbook.parts import DurationBySeverity, Part, Slug, Text

RoleName: TypeAlias = Slug


class _Effect(Part):
    """`id` is the effect's own stable name within its rule, where the rule gives one."""

    short: ClassVar[str] = ""
    id: Slug | None = None


class PageRole(_Effect):
    """Page whoever the role is filled from, until somebody has the role."""

    short: ClassVar[str] = "role"
    kind: Literal["page_role"] = "page_role"
    role: RoleName
    why: Text | None = None


class PageSchedule(_Effect):
    """Page who is on call in a schedule; with `role`, who acknowledges gets it."""

    short: ClassVar[str] = "schedule"
    kind: Literal["page_schedule"] = "page_schedule"
    schedule: Slug
    role: RoleName | None = None
    why: Text | None = None


class PagePolicy(_Effect):
    """Page by an escalation policy."""

    short: ClassVar[str] = "policy"
    kind: Literal["page_policy"] = "page_policy"
    policy: Slug
    role: RoleName | None = None
    why: Text | None = None


class PageTeam(_Effect):
    """Page a team by its own policy, and add who acknowledges to the incident's members."""

    short: ClassVar[str] = "team"
    kind: Literal["page_team"] = "page_team"
    team: Slug
    why: Text | None = None


class OpenChannel(_Effect):
    """Open the incident's channel; the shared document is the room itself."""

    kind: Literal["open_channel"] = "open_channel"


class Freeze(_Effect):
    """Hold deploys on the incident's services (`affected`) or on all."""

    short: ClassVar[str] = "scope"
    kind: Literal["freeze"] = "freeze"
    scope: Literal["affected", "all"] = "affected"
    why: Text | None = None


class Thaw(_Effect):
    """Let deploys go again."""

    kind: Literal["thaw"] = "thaw"


class Post(_Effect):
    """Write into the incident's channel; {number}, {title}, {severity}, {phase} and {services} are filled in."""

    short: ClassVar[str] = "text"
    kind: Literal["post"] = "post"
    text: Text


class Capture(_Effect):
    """Ask for a snapshot of volatile evidence."""

    short: ClassVar[str] = "what"
    kind: Literal["capture"] = "capture"
    what: Text
    volatile: bool = True
    role: RoleName | None = None


class Require(_Effect):
    """Ask for something that must come from a person: a role filled, or a question of this runbook answered."""

    kind: Literal["require"] = "require"
    role: RoleName | None = None
    answer: Slug | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Require":
        if (self.role is None) == (self.answer is None):
            raise ValueError("name either a role or an answer: `require: {answer: data_or_auth}`")
        return self


class EngageVendor(_Effect):
    """Open an engagement with a vendor, or with each one that the incident's services depend on (`of: services`)."""

    short: ClassVar[str] = "vendor"
    kind: Literal["engage_vendor"] = "engage_vendor"
    vendor: Slug | None = None
    of: Literal["services"] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "EngageVendor":
        if (self.vendor is None) == (self.of is None):
            raise ValueError("name a vendor, or write `of: services`")
        return self


class Restrict(_Effect):
    """Show the incident to its members alone."""

    kind: Literal["restrict"] = "restrict"


class Remind(_Effect):
    """Tell a role something in the channel and by its own messages; nobody is paged."""

    kind: Literal["remind"] = "remind"
    role: RoleName
    text: Text


class ScheduleReview(_Effect):
    """Set the time of the blameless review; without `within` the review's own duration holds."""

    kind: Literal["schedule_review"] = "schedule_review"
    within: DurationBySeverity | None = None


class DraftPostmortem(_Effect):
    """Draft the postmortem from the timeline."""

    kind: Literal["draft_postmortem"] = "draft_postmortem"


AnyEffect: TypeAlias = (
    PageRole | PageSchedule | PagePolicy | PageTeam | OpenChannel | Freeze | Thaw | Post | Capture | Require
    | EngageVendor | Restrict | Remind | ScheduleReview | DraftPostmortem
)  # fmt: skip
EFFECTS: dict[str, type[_Effect]] = {
    model.model_fields["kind"].default: model
    for model in (
        PageRole, PageSchedule, PagePolicy, PageTeam, OpenChannel, Freeze, Thaw, Post, Capture, Require,
        EngageVendor, Restrict, Remind, ScheduleReview, DraftPostmortem,
    )
}  # fmt: skip


def _long_form(value: object) -> object:
    """Turns the short ways of writing an effect into the long one."""
    if isinstance(value, str):
        return {"kind": value}
    if not isinstance(value, Mapping) or "kind" in value:
        return value
    named = [key for key in value if key in EFFECTS]
    if len(named) != 1:
        return {"kind": next(iter(value), ""), **{k: v for k, v in value.items() if len(value) > 1}}
    kind = named[0]
    rest = {key: each for key, each in value.items() if key != kind}
    inner = value[kind]
    if isinstance(inner, Mapping):
        return {"kind": kind, **inner, **rest}
    short = EFFECTS[kind].short
    if inner is None or inner is True:
        return {"kind": kind, **rest}
    return {"kind": kind, (short or "value"): inner, **rest}


Effect = Annotated[Annotated[AnyEffect, Field(discriminator="kind")], BeforeValidator(_long_form)]
