"""Histories that nobody would invent: any facts, in any order, at any time."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.runbook.story import START, Story, declared
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.comms import (
    EscalationAnswered,
    UpdateMissed,
    UpdatePosted,
    VendorEngaged,
    VendorLate,
    VendorNoted,
)
from tocsin.timeline.facts.incidents import (
    Asked,
    Cancelled,
    PhaseChanged,
    Reminded,
    RoleAssigned,
    RoleReleased,
    RoleShouted,
    SeverityChanged,
)
from tocsin.timeline.facts.mitigation import DecisionClosed, DecisionDue, DecisionExtended, DecisionOpened, DeploysHeld
from tocsin.timeline.facts.recovery import (
    Attested,
    CheckDefined,
    CheckSpec,
    HoldBroken,
    HoldPassed,
    HoldStarted,
    RegressionFound,
    WatchPassed,
    WatchPaused,
    WatchResumed,
    WatchStarted,
)
from tocsin.timeline.facts.review import (
    FollowupAdded,
    FollowupChanged,
    FollowupLate,
    PostmortemPublished,
    ReviewScheduled,
)
from tocsin.timeline.facts.triage import ImpactChanged

_IDS = st.sampled_from(["a", "b"])
_ROLES = st.sampled_from(["commander", "communications", "operations", "expert", "expert:checkout-api", "unheard-of"])
_SEVERITIES = st.integers(1, 3)
_TIMES = st.integers(-600, 6000).map(lambda minute: START + timedelta(minutes=minute))
_PHASES = st.sampled_from(["triage", "mitigating", "restoring", "watching", "resolved", "review", "closed"])
_QUESTIONS = st.sampled_from(["data_or_auth", "vendor", "second_team", "unheard-of"])
_AUDIENCES = st.sampled_from(["internal", "external"])
_WORDS = st.just("x")


def _of(kind: type[Fact], **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Fact]:
    return st.fixed_dictionaries(fields).map(kind.model_validate)


facts: st.SearchStrategy[Fact] = st.one_of(
    _of(SeverityChanged, severity=_SEVERITIES, previous=_SEVERITIES),
    _of(PhaseChanged, phase=_PHASES, previous=_PHASES),
    _of(RoleAssigned, role=_ROLES, person=_IDS),
    _of(RoleReleased, role=_ROLES, person=_IDS),
    _of(RoleShouted, role=_ROLES, count=st.integers(1, 4)),
    _of(
        UpdatePosted,
        update_id=_IDS,
        audience=_AUDIENCES,
        known=_WORDS,
        doing=_WORDS,
        next=_WORDS,
        next_at=st.none() | _TIMES,
    ),
    _of(UpdateMissed, audience=_AUDIENCES, due_at=_TIMES),
    _of(EscalationAnswered, question=_QUESTIONS, answer=st.booleans()),
    _of(Asked, question=_QUESTIONS, text=_WORDS, role=st.none() | _ROLES),
    _of(VendorEngaged, engagement_id=_IDS, vendor=_WORDS, respond_by=st.none() | _TIMES),
    _of(VendorNoted, engagement_id=_IDS, state=st.sampled_from(["waiting", "answered"]), text=_WORDS),
    _of(VendorLate, engagement_id=_IDS, due_at=_TIMES),
    _of(
        DecisionOpened,
        decision_id=_IDS,
        command=st.sampled_from(["", "\n", "true"]),
        expected=_WORDS,
        started_at=_TIMES,
        expected_by=st.none() | _TIMES,
    ),
    _of(DecisionExtended, decision_id=_IDS, expected_by=_TIMES),
    _of(DecisionDue, decision_id=_IDS, due_at=_TIMES),
    _of(DecisionClosed, decision_id=_IDS, actual=_WORDS, matched=st.just("matched")),
    _of(
        DeploysHeld,
        services=st.sampled_from([("checkout-api",), ("*",), ("ledger", "search")]),
        until=st.none() | st.integers(1, 400).map(lambda minute: START + timedelta(minutes=minute)),
    ),
    _of(CheckDefined, check=_IDS.map(lambda name: CheckSpec(id=name, name=name, kind="promql", query="up"))),
    _of(Attested, check_id=_IDS, verdict=st.sampled_from(["pass", "fail", "no_data"])),
    _of(HoldStarted, seconds=st.integers(0, 900)),
    _of(HoldBroken, why=_WORDS),
    _of(HoldPassed),
    _of(WatchStarted, seconds=st.integers(0, 3600)),
    _of(WatchPaused, counted_seconds=st.integers(0, 4000), why=_WORDS),
    _of(WatchResumed, counted_seconds=st.integers(0, 4000)),
    _of(WatchPassed),
    _of(RegressionFound, checks=st.just(("a",))),
    _of(ReviewScheduled, due_at=_TIMES),
    _of(PostmortemPublished),
    _of(
        FollowupAdded,
        followup_id=_IDS,
        what=st.sampled_from(["detection", "tests"]),
        title=_WORDS,
        owner=st.none() | _IDS,
        due_at=st.none() | _TIMES,
    ),
    _of(FollowupChanged, followup_id=_IDS, state=st.sampled_from(["open", "done"]), due_at=st.none() | _TIMES),
    _of(FollowupLate, followup_id=_IDS, due_at=_TIMES),
    _of(ImpactChanged, services=st.sampled_from([(), ("checkout-api",), ("cart", "checkout-api")])),
    _of(Reminded, what=_WORDS, text=_WORDS),
    _of(Cancelled, reason=_WORDS),
)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A declared incident and up to 25 more facts."""
    story = Story()
    first_paged = draw(st.none() | st.integers(-30, 0))
    story.at(
        0,
        declared(
            draw(_SEVERITIES),
            first_paged_at=None if first_paged is None else START + timedelta(minutes=first_paged),
        ),
    )
    minute = 0.0
    for fact in draw(st.lists(facts, max_size=25)):
        minute += draw(st.sampled_from([0, 0.5, 1, 4, 16, 61, 400]))
        story.at(minute, fact)
    return story
