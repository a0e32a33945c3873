"""The fold gives the same state in every process, so that `tocsin verify` never cries wolf."""

from datetime import UTC, datetime

from tocsin.timeline.entry import ActorRef, Entry
from tocsin.timeline.facts.recovery import NoDataTold, RecoveryPart, apply_recovery


def test_checks_without_data_stay_in_the_order_in_which_they_were_told() -> None:
    at = datetime(2026, 11, 19, 14, tzinfo=UTC)
    told = tuple(f"checkout/check-{n}" for n in range(40))
    part = RecoveryPart()
    for seq, checks in enumerate((told[:20], told[10:]), start=1):
        entry = Entry(
            id=f"e{seq}",
            incident_id="i",
            seq=seq,
            fact=NoDataTold(checks=checks),
            actor=ActorRef(kind="system", id="system", name="Tocsin"),
            happened_at=at,
            recorded_at=at,
            hash="",
        )
        part = apply_recovery(part, entry)
    assert part.no_data_told == told
