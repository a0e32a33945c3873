"""Rules in plain sentences: the moment at which one acts, its condition, and what it does."""

from tocsin.runbook.effects import (
    AnyEffect,
    Capture,
    DraftPostmortem,
    EngageVendor,
    Freeze,
    OpenChannel,
    PagePolicy,
    PageRole,
    PageSchedule,
    PageTeam,
    Post,
    Remind,
    Require,
    Restrict,
    ScheduleReview,
    Thaw,
)
from tocsin.runbook.expression import Both, Compare, Expression, Literal, Name, Not, to_text
from tocsin.runbook.model import Rule, Runbook

EVENT_WORDS = {
    "declared": "an incident is declared",
    "severity_changed": "its severity changes",
    "phase_changed": "its phase changes",
    "impact_changed": "its impact is set or corrected",
    "group_linked": "an alert group is linked",
    "regression_found": "a regression is found",
    "escalation_answered": "a question is answered",
    "cancelled": "it is cancelled",
    "merged": "it is merged into another",
    "role_assigned": "a role is taken or given",
    "role_released": "a role is released",
    "role_shouted": "a role was empty for too long",
    "decision_opened": "an action begins",
    "decision_closed": "an action has its result",
    "update_posted": "an update went out",
    "update_missed": "an update is late",
    "vendor_late": "a vendor's answer is late",
    "watch_passed": "the watch is over",
    "hold_passed": "the criteria held",
}
_PHASE_BEGINS = {
    "triage": "triage begins",
    "mitigating": "mitigation begins",
    "restoring": "it is being restored",
    "watching": "the watch begins",
    "resolved": "it is resolved",
    "review": "the review begins",
    "closed": "it is closed",
}


def rule_moment(rule: Rule, runbook: Runbook) -> tuple[str, str]:
    """The moment (`When triage begins`) and what must hold as well (`at Sev1 and Sev2`), '' when nothing must."""
    parts = _parts(rule.if_.tree) if rule.if_ is not None else []
    moment = or_list([EVENT_WORDS.get(event, f"“{event.replace('_', ' ')}” is recorded") for event in rule.on])
    conditions = []
    for part in parts:
        begins = _begins(part, runbook)
        if begins is not None:
            moment = begins
        elif not (isinstance(part, Name) and part.path == "event.answer"):
            conditions.append(_condition(part, runbook))
    return f"When {moment}", " and ".join(conditions)


def _parts(tree: Expression) -> list[Expression]:
    return list(tree.parts) if isinstance(tree, Both) and tree.word == "and" else [tree]


def _begins(part: Expression, runbook: Runbook) -> str | None:
    """Conditions on the event itself read best as the moment."""
    match part:
        case Compare("==", Name("event.phase"), Literal(str(phase))):
            return _PHASE_BEGINS.get(phase, f"it enters {phase}")
        case Compare("==", Name("event.question"), Literal(str(question))):
            asked = runbook.questions.get(question)
            return f"“{asked.ask if asked else question}” is answered with yes"
    return None


def _condition(part: Expression, runbook: Runbook) -> str:
    match part:
        case Compare(sign, Name("severity" | "highest_severity" as name), Literal(int(level))) if sign in _SIGNS:
            levels = [f"Sev{each}" for each in (1, 2, 3) if _SIGNS[sign](each, level)]
            return ("at " if name == "severity" else "if it ever was ") + (
                or_list(levels) if "highest" in name else and_list(levels)
            )
        case Not(Compare("in", Literal(str(role)), Name("roles"))):
            title = runbook.roles[role].title if role in runbook.roles else role
            return f"while nobody has the role {title}"
        case Not(Compare("in", Literal(str()), Name("asked"))):
            return "if it was not asked before"
        case Name("deploys_held"):
            return "while deploys are held"
        case Not(Name("deploys_held")):
            return "while deploys are not held"
    return f"if {to_text(part)}"


_SIGNS = {
    "<=": lambda left, right: left <= right,
    "<": lambda left, right: left < right,
    "==": lambda left, right: left == right,
    ">=": lambda left, right: left >= right,
    ">": lambda left, right: left > right,
}


def effect_sentence(effect: AnyEffect, runbook: Runbook) -> tuple[str, bool]:
    """What an effect does, and whether it waits for a person."""
    match effect:
        case PageRole(role=role):
            return f"{_title(runbook, role)} is paged, until somebody has the role.", False
        case PageSchedule(schedule=schedule):
            return f"Who is on call in '{schedule}' is paged.", False
        case PagePolicy(policy=policy):
            return f"The policy '{policy}' is paged.", False
        case PageTeam(team=team):
            return f"The team '{team}' is paged and joins the incident.", False
        case OpenChannel():
            return "The incident's channel and document open.", False
        case Freeze(scope=scope):
            return f"Deploys are held on {'every service' if scope == 'all' else 'the services that are hit'}.", False
        case Thaw():
            return "Deploys may go out again.", False
        case Post(text=text):
            return f"The channel is told: “{text}”", False
        case Capture(what=what):
            return f"Evidence is asked for before it is gone: {what}.", True
        case Require(role=str(role)):
            return f"The role {_title(runbook, role)} must be filled.", True
        case Require(answer=str(answer)):
            asked = runbook.questions.get(answer)
            return f"Somebody is asked: “{asked.ask if asked else answer}”", True
        case EngageVendor(vendor=vendor):
            return (
                f"An engagement opens with {vendor or 'each vendor that the services depend on'}, with its own clock.",
                False,
            )
        case Restrict():
            return "Only the incident's members see it from here on.", False
        case Remind(role=role, text=text):
            return f"{_title(runbook, role)} is reminded: “{text}”", False
        case ScheduleReview():
            return "The blameless review is scheduled.", False
        case DraftPostmortem():
            return "The postmortem is drafted from the timeline.", False
    return "Nothing happens.", False


def _title(runbook: Runbook, role: str) -> str:
    return runbook.roles[role].title if role in runbook.roles else role


def and_list(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def or_list(words: list[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else ""
