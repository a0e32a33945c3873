"""Incidents told fact by fact, for tests of the pure rules."""

from datetime import UTC, datetime, timedelta

from tocsin.timeline.entry import ActorRef, Entry, Fact
from tocsin.timeline.facts.incidents import Declared
from tocsin.timeline.state import IncidentState, apply

START = datetime(2026, 11, 19, 14, 0, tzinfo=UTC)
DANA = ActorRef(kind="person", id="dana", name="Dana Okafor", person_id="dana")


class Story:
    """An incident that grows by facts, at minutes after its start."""

    def __init__(self) -> None:
        self.state = IncidentState()
        self.entries: list[Entry] = []

    def at(self, minutes: float, fact: Fact) -> Entry:
        """Adds a fact that happened so many minutes after the start."""
        when = START + timedelta(minutes=minutes)
        seq = self.state.seq + 1
        entry = Entry(
            incident_id="i1", seq=seq, id=f"e{seq}", actor=DANA, happened_at=when, recorded_at=when, fact=fact, hash=""
        )
        self.state = apply(self.state, entry)
        self.entries.append(entry)
        return entry


def minutes(value: float) -> datetime:
    """The instant so many minutes after the start."""
    return START + timedelta(minutes=value)


def declared(severity: int = 2, **more: object) -> Declared:
    """A declare on checkout-api."""
    fields: dict[str, object] = {
        "number": 147,
        "title": "Checkout fails",
        "severity": severity,
        "services": ("checkout-api",),
        "bundle_digest": "0" * 64,
    }
    return Declared.model_validate(fields | more)
