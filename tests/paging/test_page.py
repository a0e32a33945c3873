"""The rules of a page, for any policy, any answer and any absence: somebody is always paged until its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine.deadlines import compare
from tocsin.oncall.policy import Rung
from tocsin.organisation.model.fields import Target
from tocsin.organisation.model.policy import Policy, Step
from tocsin.paging import page as rules
from tocsin.paging.page import Cause, GroupNow, Page

START = datetime(2026, 11, 19, 14, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

steps = st.builds(
    Step, page=st.just((Target(person="dana"),)), wait=st.integers(10, 7200).map(lambda number: number * SECOND)
)
policies = st.builds(
    Policy, name=st.just("p"), steps=st.lists(steps, min_size=1, max_size=5).map(tuple), repeat=st.integers(0, 3)
)
maybe_policies = st.none() | policies


def page(policy: Policy | None, **changes: object) -> Page:
    made = Page(
        id="p1",
        subject_kind="group",
        state="open",
        urgency="page",
        policy=policy,
        rung=Rung(0, 0),
        reopened=0,
        last_resort=policy is None,
        opened_at=START,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def carried_out(one: Page, now: datetime) -> Page:
    """The page after its next step was carried out, as the handler does it."""
    step = rules.next_step(one)
    return replace(one, rung=step.rung, last_resort=step.last_resort, step_at=now)


def acknowledged(one: Page, now: datetime) -> Page:
    return replace(one, state="acknowledged", acknowledged_at=now)


def reopened(one: Page, now: datetime) -> Page:
    return replace(
        one,
        state="open",
        reopened=one.reopened + 1,
        reopened_at=now,
        rung=Rung(0, 0),
        step_at=None,
        last_resort=one.policy is None,
        acknowledged_at=None,
        snoozed_until=None,
    )


@given(maybe_policies, st.lists(st.integers(0, 4 * 3600), min_size=1, max_size=60))
def test_somebody_is_always_due_to_be_paged_while_it_is_open(policy: Policy | None, late: list[int]) -> None:
    one, now = page(policy), START
    for seconds in late:
        (due,) = [each for each in rules.wanted(one, Cause(), now) if each.kind == rules.STEP]
        longest = max((step.wait for step in policy.steps), default=timedelta()) if policy else timedelta()
        assert due.due_at - now <= max(longest, rules.LAST_RESORT_EVERY)
        now = max(now, due.due_at) + seconds * SECOND
        one = carried_out(one, now)
    if policy and len(late) > len(policy.steps) * (policy.repeat + 1):
        assert one.last_resort


@given(maybe_policies, st.lists(st.integers(0, 72 * 3600), min_size=1, max_size=40))
def test_after_being_away_one_step_runs_and_the_next_waits_its_whole_time(
    policy: Policy | None, away: list[int]
) -> None:
    one, now = page(policy), START
    for seconds in away:
        (due,) = rules.wanted(one, Cause(), now)
        now = max(now, due.due_at) + seconds * SECOND
        one = carried_out(one, now)
        (following,) = rules.wanted(one, Cause(), now)
        assert following.due_at - now >= 10 * SECOND
        assert following.key != due.key


@given(policies)
def test_the_ladder_is_climbed_in_order_and_repeated_before_the_last_resort(policy: Policy) -> None:
    one, climbed = page(policy), []
    while not one.last_resort:
        one = carried_out(one, START)
        climbed.append((one.rung.round, one.rung.step))
    rounds = [(turn, step) for turn in range(policy.repeat + 1) for step in range(len(policy.steps))]
    assert climbed[:-1] == rounds


@given(
    maybe_policies,
    st.lists(st.sampled_from(["step", "acknowledge", "reopen", "snooze", "pause", "wait"]), max_size=60),
    st.data(),
)
def test_a_fired_deadline_is_never_wanted_again(policy: Policy | None, story: list[str], data: st.DataObject) -> None:
    one, now, cause = page(policy), START, Cause()
    fired: set[tuple[str, str]] = set()
    for what in story:
        now += data.draw(st.integers(0, 3600)) * SECOND
        due = [each for each in rules.wanted(one, cause, now) if each.due_at <= now]
        if what == "step" and any(each.kind == rules.STEP for each in due):
            fired |= {(each.kind, each.key) for each in due if each.kind == rules.STEP}
            one = carried_out(one, now)
        elif what == "acknowledge" and one.state == "open":
            one = acknowledged(one, now)
        elif what == "reopen" and rules.begins_again(one, cause, now):
            fired |= {(each.kind, each.key) for each in due if each.kind == rules.UNATTENDED}
            one = reopened(one, now)
        elif what == "snooze":
            one = replace(one, snoozed_until=now + 600 * SECOND)
        elif what == "pause":
            cause = Cause(paused=not cause.paused)
        assert not fired & {(each.kind, each.key) for each in rules.wanted(one, cause, now)}
        assert compare(rules.wanted(one, cause, now), []).drop == ()


@given(maybe_policies, st.integers(0, 7200), st.booleans(), st.booleans(), st.booleans())
def test_an_acknowledged_page_begins_again_only_if_it_fires_and_nobody_looks_after_it(
    policy: Policy | None, seconds: int, stands: bool, paused: bool, attended: bool
) -> None:
    one, cause = acknowledged(page(policy), START), Cause(stands=stands, paused=paused, attended=attended)
    now = START + seconds * SECOND
    forgotten = stands and not paused and not attended
    assert rules.begins_again(one, cause, now) == (forgotten and seconds >= 1800)
    wanted = rules.wanted(one, cause, now)
    assert [each.due_at for each in wanted] == ([START + rules.UNATTENDED_AFTER] if forgotten else [])


@given(maybe_policies, st.sampled_from(["ended"]), st.booleans())
def test_an_ended_page_wants_nothing(policy: Policy | None, state: str, snoozed: bool) -> None:
    until = START + 60 * SECOND if snoozed else None
    assert rules.wanted(page(policy, state=state, snoozed_until=until), Cause(), START) == []


groups_now = st.builds(
    GroupNow,
    state=st.sampled_from(["open", "closing", "closed"]),
    urgency=st.sampled_from(["page", "notify", "record"]),
    worse=st.integers(0, 3),
    in_incident=st.booleans(),
    quiet=st.booleans(),
)


@given(groups_now, st.sampled_from([None, "open", "acknowledged"]), st.integers(0, 3), st.booleans())
def test_what_a_group_needs_of_its_page(group: GroupNow, state: str | None, seen: int, ended_before: bool) -> None:
    one = page(None, state=state) if state else None
    verdict = rules.judge(group, one, seen, ended_before=ended_before)
    if group.state == "closed":
        assert verdict.do == ("withdraw" if one else "nothing")
    elif one is not None:
        assert verdict.do in ("keep", "reopen")
        assert (verdict.do == "reopen") == (
            state == "acknowledged" and group.state == "open" and group.worse > seen and group.urgency == "page"
        )
    elif verdict.do == "raise":
        assert group.state == "open" and group.urgency != "record" and not group.quiet
        assert group.worse > seen or not (group.in_incident or ended_before)
    elif group.state == "open" and group.urgency != "record" and not group.quiet and not ended_before:
        assert group.in_incident and group.worse <= seen, "nothing that fires aloud goes without a page"


def test_whom_one_names_is_paged_before_the_policy() -> None:
    policy = Policy(name="p", steps=(Step(page=(Target(person="kofi"),)),), repeat=1)
    made = rules.ladder((Target(schedule="primary"),), policy)
    assert made is not None
    assert [str(step.page[0]) for step in made.steps] == ["schedule 'primary'", "person 'kofi'"]
    assert rules.ladder((), None) is None
    alone = rules.ladder((Target(person="dana"),), None)
    assert alone is not None and len(alone.steps) == 1
