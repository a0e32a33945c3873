"""States of incidents built from facts alone, for tests of pure rules."""

from datetime import UTC, datetime, timedelta

from tocsin.identity.actor import SYSTEM, Actor, Right, person
from tocsin.runbook.bundle import default_bundle
from tocsin.timeline.entry import ActorRef, Entry, Fact
from tocsin.timeline.facts.incidents import Declared
from tocsin.timeline.state import IncidentState, apply

T0 = datetime(2026, 11, 19, 14, 0, tzinfo=UTC)
BUNDLE = default_bundle()
RUNBOOK = BUNDLE.effective()
DANA = person("dana", "Dana Reyes", Right.RESPONDER)
KOFI = person("kofi", "Kofi Mensah", Right.RESPONDER)
NAMES = {"dana": "Dana Reyes", "kofi": "Kofi Mensah", "ravi": "Ravi Menon"}


def name_of(subject: str) -> str:
    """The names of the story."""
    return NAMES.get(subject, subject)


def entry(fact: Fact, seq: int, at: datetime = T0, by: Actor = DANA) -> Entry:
    """An entry as the journal would keep it."""
    return Entry(
        incident_id="i1",
        seq=seq,
        id=f"e{seq}",
        actor=ActorRef.of(by),
        happened_at=at,
        recorded_at=at,
        fact=fact,
        hash="",
    )


def declared(severity: int = 2, services: tuple[str, ...] = ("checkout-api",), **more: object) -> Declared:
    """The first fact of the story's incident."""
    return Declared(
        number=147,
        title="Checkout fails",
        severity=severity,
        services=services,
        bundle_digest=BUNDLE.digest,
        **more,
    )


def after(state: IncidentState, *facts: Fact, at: datetime = T0, by: Actor = DANA) -> IncidentState:
    """The state after more facts."""
    for fact in facts:
        state = apply(state, entry(fact, state.seq + 1, at, by))
    return state


def incident(*facts: Fact, severity: int = 2, at: datetime = T0, by: Actor = DANA) -> IncidentState:
    """A declared incident with more facts."""
    return after(IncidentState(), declared(severity), *facts, at=at, by=by)


__all__ = [
    "BUNDLE",
    "DANA",
    "KOFI",
    "RUNBOOK",
    "SYSTEM",
    "T0",
    "after",
    "declared",
    "entry",
    "incident",
    "name_of",
    "timedelta",
]
