"""What a runbook says, once read: severities, roles, clocks, gates, rules. All durations carry their unit."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from tocsin.runbook.conditions import Expr, listed
from tocsin.runbook.effects import Effect, RoleName
from tocsin.runbook.parts import (
    BySeverity,
    Duration,
    DurationBySeverity,
    DurationSpan,
    LongText,
    Part,
    Phase,
    SeveritySet,
    Slug,
    Text,
)
from tocsin.runbook.roles import Role
from tocsin.timeline.facts.recovery import CheckSpec
from tocsin.timeline.facts.review import ArtifactKind, FollowupKind


class Severity(Part):
    """One severity: the words on its button and what it means, in the runbook's words."""

    means: Annotated[tuple[Text, ...], BeforeValidator(listed)]
    example: Text | None = None


class Step(Part):
    """One step of the first five minutes; done when its condition holds, or when a person ticks it."""

    title: Text
    done_when: Expr
    by: Literal["system", "person"] = "person"
    role: RoleName | None = None
    hint: Text | None = None


class FirstFive(Part):
    """The checklist of the first minutes. Its clock starts at the first page; with no page, at declare."""

    limit: Duration | None = None
    steps: dict[Slug, Step] = {}


class UpdateClock(Part):
    """An update is due `every` so often; its role is nudged before, told when late, then the commander is told."""

    every: DurationBySeverity
    role: RoleName
    nudge: Duration | None = None
    then_commander: Duration | None = None


class ReminderClock(Part):
    """Something open is asked for again and again, `after` first, then `every` so often."""

    after: Duration
    every: Duration | None = None
    role: RoleName | None = None


class VendorClock(Part):
    """How long a vendor may take to answer before the commander is told."""

    reply_within: DurationBySeverity
    role: RoleName


class Clocks(Part):
    """Every clock that runs while an incident is open."""

    internal_update: UpdateClock | None = None
    external_update: UpdateClock | None = None
    empty_role: ReminderClock | None = None
    unanswered: ReminderClock | None = None
    decision_result: ReminderClock | None = None
    vendor: VendorClock | None = None


class Question(Part):
    """Something that a person answers once, yes or no; rules wait for `escalation_answered`."""

    ask: Text
    role: RoleName | None = None


Need = Literal[
    "severity_set", "mitigation_started", "criteria_pass", "decisions_closed", "review_scheduled",
    "postmortem_published", "follow_ups_owned", "artifacts_marked",
]  # fmt: skip


class Gate(Part):
    """What must hold before a phase is entered. `hold`, `watch`: how long; `confirmed_by`: whose word."""

    needs: tuple[Need, ...] = ()
    hold: Duration | None = None
    watch: Duration | None = None
    watch_between: DurationSpan | None = None
    confirmed_by: RoleName | None = None

    @model_validator(mode="after")
    def _inside(self) -> "Gate":
        if self.watch and self.watch_between and self.watch not in self.watch_between:
            raise ValueError("the watch is not inside `watch_between`")
        return self


class RecoveryCheck(Part):
    """An objective measure of recovery: a PromQL query, an HTTP probe (its URL), or a person's word (the question)."""

    title: Text
    kind: Literal["promql", "http", "person"]
    query: LongText
    below: float | None = None
    above: float | None = None
    unit: Annotated[str, StringConstraints(max_length=20)] = ""
    source: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> "RecoveryCheck":
        if self.kind == "promql" and (self.below is None) == (self.above is None):
            raise ValueError("give `below` or `above`, and only one of them")
        return self

    def spec(self, check_id: str, recovery: "Recovery", service: str | None = None) -> CheckSpec:
        """The check as an incident keeps it, with the runbook's sampling."""
        upper = self.below is not None
        limit = self.below if upper else self.above
        return CheckSpec(
            id=check_id,
            name=self.title,
            kind=self.kind,
            query=self.query,
            source=self.source,
            comparator="<" if upper or self.above is None else ">",
            threshold=limit if limit is not None else 0.0,
            unit=self.unit,
            interval_seconds=int(recovery.sample_every.total_seconds()) if recovery.sample_every else 30,
            fails_for_regression=recovery.regression_after or 3,
            service=service,
        )


class Recovery(Part):
    """How checks are sampled and judged; `checks` hold for services whose catalog entry has none."""

    sample_every: Duration | None = None
    regression_after: Annotated[int, Field(ge=1, le=100)] | None = None
    no_data_told_after: Duration | None = None
    checks: dict[Slug, RecoveryCheck] = {}


class Approval(Part):
    """Who must agree before something leaves; a lone responder approves their own with a reason."""

    severities: SeveritySet
    by: tuple[Slug, ...]
    alone_with_reason: bool = True


class Approvals(Part):
    """What needs an approval."""

    external_update: Approval | None = None


class FollowUps(Part):
    """What a follow-up must carry, and when its owner is reminded."""

    kinds: tuple[FollowupKind, ...] = ()
    due_within: Duration | None = None
    remind_before: Duration | None = None
    remind_late_every: Duration | None = None


class Review(Part):
    """The blameless review: within which time, what it must have."""

    within: DurationBySeverity | None = None
    postmortem_within: DurationBySeverity | None = None
    remind_before: Duration | None = None
    artifacts: tuple[ArtifactKind, ...] = ()
    follow_ups: FollowUps | None = None


class ReadyAction(Part):
    """A prepared thing that can be run; running it makes a decision with this expectation."""

    title: Text
    command: LongText | None = None
    steps: Text | None = None
    expect: Text
    within: Duration | None = None
    undo: Text | None = None
    loses_evidence: bool = False


class QuickCommand(Part):
    """A command to copy; never run from the browser."""

    title: Text
    command: LongText
    evidence: bool = False


class Rule(Part):
    """`on` a fact, `if` a condition holds, `do` these effects. The id is its key and never changes its meaning."""

    on: Annotated[tuple[Slug, ...], BeforeValidator(listed)]
    if_: Expr | None = Field(None, alias="if")
    do: Annotated[tuple[Effect, ...], BeforeValidator(listed), Field(min_length=1, max_length=20)]
    because: Text | None = None


class Runbook(Part):
    """Everything that a runbook's blocks say together. A service's runbook says only what it adds or tightens."""

    title: str = "Runbook"
    service: Slug | None = None
    severities: BySeverity[Severity] = {}
    roles: dict[Slug, Role] = {}
    first_five: FirstFive = FirstFive()
    clocks: Clocks = Clocks()
    questions: dict[Slug, Question] = {}
    gates: dict[Phase, Gate] = {}
    recovery: Recovery = Recovery()
    approvals: Approvals = Approvals()
    review: Review = Review()
    actions: dict[Slug, ReadyAction] = {}
    commands: dict[Slug, QuickCommand] = {}
    rules: dict[Slug, Rule] = {}
    sections: dict[str, str] = Field(
        default={}, description="Where each thing stands: 'rules.page-commander' -> '3.1'."
    )

    def section_of(self, *path: str) -> str:
        """The number of the section that says it (`5.1`), or ''; `section_of("clocks", "internal_update")`."""
        for length in range(len(path), 1, -1):
            if (section := self.sections.get(".".join(path[:length]))) is not None:
                return section
        return ""

    def severity_words(self, severity: int) -> tuple[str, ...]:
        """What a severity means, in the runbook's words."""
        found = self.severities.get(severity)
        return found.means if found else ()

    def roles_required(self, severity: int, phase: str) -> tuple[str, ...]:
        """The roles that must be filled now, in the runbook's order."""
        return tuple(name for name, role in self.roles.items() if role.required.at(severity, phase))
