"""The pure interpreter: what a new entry makes happen, by the runbook that the incident has pinned."""

from typing import TypeAlias

from tocsin.runbook.bundle import Bundle
from tocsin.runbook.effects import Effect
from tocsin.runbook.events import known_of_entry, services_of
from tocsin.runbook.expression import ExpressionError, Known, holds
from tocsin.runbook.model import Rule, Runbook
from tocsin.runbook.parts import Part
from tocsin.timeline.entry import Entry
from tocsin.timeline.state import IncidentState


class OwedEffect(Part):
    """One thing to be done. `key` is (incident, seq, rule id, index) as text, the same each time it is worked out.

    Survives JSON (`model_dump(mode="json")`, `model_validate`), because it travels as a task.
    """

    key: str
    incident_id: str
    seq: int
    rule: str
    index: int
    section: str
    effect: Effect


class RuleFailure(Part):
    """A rule that could not be evaluated; recorded on the timeline, it blocks nothing."""

    incident_id: str
    seq: int
    rule: str
    section: str
    error: str


Outcome: TypeAlias = OwedEffect | RuleFailure


def effects(state: IncidentState, entry: Entry, bundle: Bundle) -> list[Outcome]:
    """What the entry makes happen; `state` is the fold up to and with it. Never raises for what a rule says."""
    runbook = bundle.effective(services_of(state))
    known = known_of_entry(state, entry)
    outcomes: list[Outcome] = []
    for rule_id, rule in runbook.rules.items():
        if entry.kind in rule.on:
            outcomes.extend(_rule_outcomes(rule_id, rule, entry, known, runbook))
    return outcomes


def render(text: str, state: IncidentState) -> str:
    """A message of the runbook with {number}, {title}, {severity}, {phase} and {services} filled in."""
    incident = state.incident
    values = {
        "number": f"INC-{incident.number}",
        "severity": f"Sev{incident.severity}",
        "phase": incident.phase,
        "services": ", ".join(services_of(state)) or "no service named",
        "title": incident.title,
    }
    parts = [text]
    for name, value in values.items():
        parts = [piece for part in parts for piece in _split(part, f"{{{name}}}", value)]
    return "".join(str(part) for part in parts)


class _Filled(str):
    """Text that came from the state and is not searched for names again."""

    __slots__ = ()


def _split(part: str, name: str, value: str) -> list[str]:
    if isinstance(part, _Filled):
        return [part]
    pieces: list[str] = []
    for index, piece in enumerate(part.split(name)):
        pieces += [_Filled(value), piece] if index else [piece]
    return pieces


def _rule_outcomes(rule_id: str, rule: Rule, entry: Entry, known: dict[str, Known], runbook: Runbook) -> list[Outcome]:
    section = runbook.section_of("rules", rule_id)
    try:
        if rule.if_ is not None and not holds(rule.if_.tree, known):
            return []
    except ExpressionError as error:
        failed = RuleFailure(
            incident_id=entry.incident_id, seq=entry.seq, rule=rule_id, section=section, error=str(error)
        )
        return [failed]
    return [
        OwedEffect(
            key=f"{entry.incident_id}:{entry.seq}:{rule_id}:{index}",
            incident_id=entry.incident_id,
            seq=entry.seq,
            rule=rule_id,
            index=index,
            section=section,
            effect=effect,
        )
        for index, effect in enumerate(rule.do)
    ]
