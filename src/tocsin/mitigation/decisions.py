"""Decisions: nothing is done without saying what is expected, nothing is closed without saying what happened. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from tocsin.errors import Conflict, Invalid, NotFound
from tocsin.incidents.wording import told_instant
from tocsin.masking import mask
from tocsin.mitigation.wording import masked_text, optional_masked
from tocsin.timeline.entry import Fact
from tocsin.timeline.facts.mitigation import (
    Decision,
    DecisionClosed,
    DecisionDue,
    DecisionExtended,
    DecisionOpened,
    DecisionRan,
    FlagAnswered,
    Matched,
)
from tocsin.timeline.state import IncidentState

What = Literal["command", "rollback", "flag", "scale", "restart", "rate_limit", "config", "other"]
MOST_OUTPUT = 64 * 1024  # bytes of UTF-8
_MOST_MASKED = 16 * MOST_OUTPUT  # characters
_CUT = "\n[… cut out here …]\n"
_LONGEST_WAIT = timedelta(days=7)


@dataclass(frozen=True)
class NewDecision:
    """Something about to be done: the exact command or change, and what is expected by when (UTC)."""

    command: str
    expected: str
    what: str = "command"
    title: str | None = None
    expected_by: datetime | None = None
    executed_by: str | None = None
    host: str | None = None
    service: str | None = None
    change_id: str | None = None
    started_at: datetime | None = None


@dataclass(frozen=True)
class Ended:
    """How a command ended; `output` is masked and bounded here as well."""

    ended_at: datetime | None = None
    exit_code: int | None = None
    output: str | None = None
    output_truncated: bool = False


def open_decision(decision_id: str, new: NewDecision, now: datetime) -> DecisionOpened:
    """The fact that opens a decision; Invalid names the field."""
    if new.what not in get_args(What):
        raise Invalid(f"'{new.what}' is no kind of action; those are {', '.join(get_args(What))}", "what")
    what = next(word for word in get_args(What) if word == new.what)
    started = told_instant(new.started_at, "started_at", now) or now
    return DecisionOpened(
        decision_id=decision_id,
        what=what,
        title=optional_masked(new.title, "title", 200),
        command=masked_text(new.command, "command"),
        expected=masked_text(new.expected, "expected"),
        expected_by=_expected_by(new.expected_by, started),
        executed_by=new.executed_by,
        host=optional_masked(new.host, "host", 255),
        service=new.service,
        change_id=optional_masked(new.change_id, "change", 200),
        started_at=started,
    )


def _expected_by(at: datetime | None, start: datetime) -> datetime | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise Invalid("the time by which it is expected names no time zone", "by")
    if not start < at <= start + _LONGEST_WAIT:
        raise Invalid("the result is expected after the start, within 7 days", "by")
    return at


def end_decision(state: IncidentState, decision_id: str, ended: Ended, now: datetime) -> list[DecisionRan]:
    """The command ended; the result is still to be judged. Told twice, it counts once."""
    decision = decision_of(state, decision_id)
    if decision.ended_at is not None:
        return []
    output, cut = bounded(ended.output)
    at = told_instant(ended.ended_at, "ended_at", now) or now
    return [
        DecisionRan(
            decision_id=decision_id,
            ended_at=max(at, decision.started_at),
            exit_code=ended.exit_code,
            output=output,
            output_truncated=ended.output_truncated or cut,
        )
    ]


def close_decision(state: IncidentState, decision_id: str, actual: str, matched: str) -> list[Fact]:
    """Needs what happened and whether it matched. The same words again change nothing; others are a correction's."""
    decision = decision_of(state, decision_id)
    if matched not in get_args(Matched):
        raise Invalid(f"'{matched}' is no answer; say one of {', '.join(get_args(Matched))}", "matched")
    happened = masked_text(actual, "actual")
    if not decision.is_open:
        if (decision.actual, decision.matched) == (happened, matched):
            return []
        raise Conflict("its result was recorded already; correct that entry if it was wrong")
    word = next(each for each in get_args(Matched) if each == matched)
    return [DecisionClosed(decision_id=decision_id, actual=happened, matched=word)]


def result_at(state: IncidentState, decision_id: str, told: datetime | None, now: datetime) -> datetime:
    """When the result showed, as somebody tells it (now, if nobody does); never before the decision began."""
    return max(told_instant(told, "happened_at", now) or now, decision_of(state, decision_id).started_at)


def extend_decision(state: IncidentState, decision_id: str, until: datetime, now: datetime) -> list[Fact]:
    """More time for the result."""
    decision = decision_of(state, decision_id)
    if not decision.is_open:
        raise Conflict("its result was recorded already; it needs no more time")
    if until.tzinfo is None or not now < until <= now + _LONGEST_WAIT:
        raise Invalid("the new time lies in the future, within 7 days", "by")
    return [] if decision.expected_by == until else [DecisionExtended(decision_id=decision_id, expected_by=until)]


def ask_result(state: IncidentState, decision_id: str, due_at: datetime) -> list[Fact]:
    """The time is over and nobody has said what happened; asked once for each time."""
    decision = state.mitigation.decisions.get(decision_id)
    if decision is None or not decision.is_open or due_at in decision.due_told:
        return []
    return [DecisionDue(decision_id=decision_id, due_at=due_at)]


def answer_flag(state: IncidentState, flag: str | None, note: str | None) -> list[Fact]:
    """Could a feature flag help? The one that was turned, or that none does."""
    turned = optional_masked(flag, "flag", 200)
    answer = turned or "no_flag_helps"
    if state.mitigation.flag_answer == answer:
        return []
    word: Literal["no_flag_helps", "flag_turned"] = "flag_turned" if turned else "no_flag_helps"
    return [FlagAnswered(answer=word, flag=turned, note=optional_masked(note, "note"))]


def decision_of(state: IncidentState, decision_id: str) -> Decision:
    """The decision; NotFound when this incident has none of that id."""
    decision = state.mitigation.decisions.get(decision_id)
    if decision is None:
        raise NotFound("this incident has no such decision")
    return decision


def bounded(output: str | None) -> tuple[str | None, bool]:
    """The output, masked, in at most 64 KiB, the middle cut out, and whether it was. NUL and half pairs are shown as �."""
    if not output:
        return None, False
    # Masked before it is cut, or half a secret would stay at the cut; far more than is kept needs no look at all.
    long = len(output) > _MOST_MASKED
    shown = output[: _MOST_MASKED // 2] + output[-_MOST_MASKED // 2 :] if long else output
    clean = mask(shown.replace("\0", "\ufffd")).encode("utf-8", "replace")
    if len(clean) <= MOST_OUTPUT:
        return clean.decode(), long
    half = (MOST_OUTPUT - len(_CUT.encode())) // 2
    head, tail = clean[:half].decode("utf-8", "ignore"), clean[-half:].decode("utf-8", "ignore")
    return f"{head}{_CUT}{tail}", True
