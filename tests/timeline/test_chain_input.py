"""What the hash of an entry holds: its whole body and the hash before it."""

from datetime import UTC, datetime

from tocsin.timeline import chain
from tocsin.timeline.entry import ActorRef, Entry
from tocsin.timeline.facts.incidents import Noted

AT = datetime(2026, 11, 19, 14, tzinfo=UTC)
DANA = ActorRef(kind="person", id="dana", name="Dana", person_id="dana")


def link(seq: int, text: str, prev: str) -> chain.Link:
    entry = Entry(
        incident_id="i",
        seq=seq,
        id=f"e{seq}",
        actor=DANA,
        happened_at=AT,
        recorded_at=AT,
        fact=Noted(text=text),
        hash="",
    )
    return chain.forge(entry, prev)


def test_an_entry_put_in_place_of_another_shows_at_the_next_one() -> None:
    first = link(1, "as it was", chain.GENESIS)
    second = link(2, "after it", first.hash)
    other = link(1, "as somebody would like it", chain.GENESIS)
    # whoever changes the first one, whole in itself, has to point the second one at it
    bent = chain.Link(second.body, second.texts, second.salts, other.hash, second.hash)
    assert chain.faults(other, chain.GENESIS, {}) == []
    assert chain.faults(bent, other.hash, {}) == ["its content was changed: the hash does not fit"]


def test_the_same_body_after_another_entry_has_another_hash() -> None:
    body = link(2, "x", "a" * 64).body
    assert chain.chained("a" * 64, body) != chain.chained("b" * 64, body)
