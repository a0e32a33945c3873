"""The whole state of an incident: the fold of its entries, one part for each stage."""

from collections.abc import Iterable

from tocsin.timeline.entry import Entry, Fact, Frozen
from tocsin.timeline.facts import comms, incidents, mitigation, paging, recovery, review, triage
from tocsin.timeline.facts.comms import CommsPart
from tocsin.timeline.facts.incidents import IncidentPart
from tocsin.timeline.facts.mitigation import MitigationPart
from tocsin.timeline.facts.paging import PagingPart
from tocsin.timeline.facts.recovery import RecoveryPart
from tocsin.timeline.facts.review import ReviewPart
from tocsin.timeline.facts.triage import TriagePart

# Raised when any part's shape or `apply` changes: snapshots of another version are folded again.
STATE_VERSION = 2

_MODULES = (incidents, paging, triage, mitigation, comms, recovery, review)
FACTS: dict[tuple[str, int], type[Fact]] = {
    (kind.kind, kind.version): kind for module in _MODULES for kind in module.KINDS
}


class IncidentState(Frozen):
    """Everything known of one incident after entry `seq` (0: nothing yet)."""

    seq: int = 0
    incident: IncidentPart = IncidentPart()
    paging: PagingPart = PagingPart()
    triage: TriagePart = TriagePart()
    mitigation: MitigationPart = MitigationPart()
    comms: CommsPart = CommsPart()
    recovery: RecoveryPart = RecoveryPart()
    review: ReviewPart = ReviewPart()


def apply(state: IncidentState, entry: Entry) -> IncidentState:
    """The state after one more entry. Pure; emits nothing."""
    return IncidentState(
        seq=entry.seq,
        incident=incidents.apply_incidents(state.incident, entry),
        paging=paging.apply_paging(state.paging, entry),
        triage=triage.apply_triage(state.triage, entry),
        mitigation=mitigation.apply_mitigation(state.mitigation, entry),
        comms=comms.apply_comms(state.comms, entry),
        recovery=recovery.apply_recovery(state.recovery, entry),
        review=review.apply_review(state.review, entry),
    )


def fold(entries: Iterable[Entry]) -> IncidentState:
    """The state after all entries, in the order of their `seq`."""
    state = IncidentState()
    for entry in entries:
        state = apply(state, entry)
    return state
