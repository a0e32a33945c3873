"""The words that rules may use: events are kinds of facts, names are what the state tells."""

from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from tocsin.runbook.expression import Known
from tocsin.runbook.model import Runbook
from tocsin.timeline.entry import Entry, Fact
from tocsin.timeline.facts.incidents import MILESTONES
from tocsin.timeline.state import FACTS, IncidentState

# Facts that rules must not answer: they come of rules and clocks themselves, or would make an endless round.
_SILENT = frozenset({"rule_failed", "channel_posted", "corrected", "redacted", "reminded", "asked", "evidence_asked"})

STATE_NAMES: dict[str, str] = {
    "severity": "number",
    "highest_severity": "number",
    "phase": "word",
    "title": "word",
    "restricted": "truth",
    "practice": "truth",
    "services": "words",
    "roles": "words",
    "asked": "words",
    "teams": "words",
    "vendors": "words",
    "deploys_held": "truth",
    "open_decisions": "number",
    "decisions": "number",
    "criteria_pass": "truth",
    "first_five_over": "truth",
    "labels.*": "word",
    "answers.*": "truth",
} | {name: "truth" for name in MILESTONES if name != "severity"}


@cache
def events() -> dict[str, type[Fact]]:
    """Every kind of fact that `on:` may name, in its newest version."""
    newest: dict[str, type[Fact]] = {}
    for (kind, version), fact in sorted(FACTS.items(), key=lambda item: item[0]):
        if kind not in _SILENT:
            newest[kind] = fact
            assert version >= 1
    return newest


@cache
def event_names(kind: str) -> dict[str, str]:
    """The names `event.…` of one kind of fact, with their types; free text is not among them."""
    fact = events()[kind]
    prose = set(fact.prose_fields())
    names: dict[str, str] = {}
    for name, field in fact.model_fields.items():
        if name in prose:
            continue
        found = _type_word(field.annotation)
        if found:
            names[f"event.{name}" + (".*" if found == "labels" else "")] = "any" if found == "labels" else found
    return names


def names_for(kinds: tuple[str, ...]) -> dict[str, str]:
    """What a rule on these events may name: the state's names, and the fields that all of the events have."""
    known = [event_names(kind) for kind in kinds if kind in events()]
    shared = {name: kind for name, kind in known[0].items() if all(name in each for each in known)} if known else {}
    return {**STATE_NAMES, **shared}


def known_of_state(state: IncidentState) -> dict[str, Known]:
    """The state as names with values."""
    incident, mitigation = state.incident, state.mitigation
    known: dict[str, Known] = {
        "severity": incident.severity,
        "highest_severity": incident.highest_severity,
        "phase": incident.phase,
        "title": incident.title,
        "restricted": incident.restricted,
        "practice": incident.practice,
        "services": frozenset(services_of(state)),
        "roles": frozenset(incident.roles) | {role.partition(":")[0] for role in incident.roles},
        "asked": frozenset(incident.questions) | frozenset(state.comms.answers),
        "teams": frozenset(state.comms.teams),
        "vendors": frozenset(engagement.vendor for engagement in state.comms.vendors.values()),
        "deploys_held": bool(mitigation.held),
        "decisions": len(mitigation.decisions),
        "open_decisions": sum(decision.is_open for decision in mitigation.decisions.values()),
        "criteria_pass": state.recovery.all_pass,
        "first_five_over": incident.first_five_ended,
    }
    known |= {name: name in incident.milestones for name in MILESTONES if name != "severity"}
    known |= {f"labels.{name}": value for name, value in incident.labels.items()}
    return known | {f"answers.{name}": answer.answer for name, answer in state.comms.answers.items()}


def known_of_entry(state: IncidentState, entry: Entry) -> dict[str, Known]:
    """The state's names and the entry's own fields as `event.…`."""
    known = known_of_state(state)
    prose = set(type(entry.fact).prose_fields())
    for name in type(entry.fact).model_fields:
        value = getattr(entry.fact, name)
        if name in prose:
            continue
        if isinstance(value, (str, int, float, bool)) or value is None:
            known[f"event.{name}"] = value
        elif isinstance(value, tuple) and all(isinstance(each, str) for each in value):
            known[f"event.{name}"] = frozenset(value)
        elif isinstance(value, dict):
            known |= {f"event.{name}.{key}": each for key, each in value.items() if isinstance(each, (str, int, float))}
    return known


def services_of(state: IncidentState) -> tuple[str, ...]:
    """The services that are hit: those named, and those of the linked alert groups."""
    named = dict.fromkeys(state.triage.services)
    for group in state.incident.groups.values():
        named |= dict.fromkeys(group.services)
    return tuple(named)


def condition_names(runbook: Runbook) -> dict[str, str]:
    """What `done_when` of a step may name."""
    del runbook
    return dict(STATE_NAMES)


def _type_word(annotation: Any) -> str:
    """number, word, truth, words or labels; '' for what rules can't use."""
    if get_origin(annotation) in (Union, UnionType):
        inner = [each for each in get_args(annotation) if each is not NoneType]
        return _type_word(inner[0]) if len(inner) == 1 else ""
    simple = {int: "number", float: "number", str: "word", bool: "truth"}
    if annotation in simple:
        return simple[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple and arguments and arguments[0] is str:
        return "words"
    if origin is dict:
        return "labels"
    return "word" if arguments and all(isinstance(each, str) for each in arguments) else ""
