"""Whatever is recorded reads back the same, and any change to what is stored shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.timeline.chain import GENESIS, Link, faults, forge, read
from tocsin.timeline.entry import REDACTED, ActorRef, Entry, Fact
from tocsin.timeline.facts.incidents import Corrected, Declared, Noted, SeverityChanged
from tocsin.timeline.facts.mitigation import DecisionOpened

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
prose = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=60)
moments = st.integers(0, 10**10).map(lambda micros: NOON + timedelta(microseconds=micros))
facts: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Noted, text=prose),
    st.builds(SeverityChanged, severity=st.integers(1, 3), previous=st.integers(1, 3), reason=st.none() | prose),
    st.builds(Corrected, corrects=st.integers(1, 9), text=prose),
    st.builds(Declared, number=st.integers(1, 99), title=prose, severity=st.integers(1, 3), bundle_digest=st.just("d")),
    st.builds(DecisionOpened, decision_id=prose, command=prose, expected=prose, started_at=moments),
)
chains = st.lists(st.tuples(facts, moments, prose), min_size=1, max_size=6)
ACTOR = ActorRef(kind="person", id="dana", name="Dana Okafor", person_id="dana")


def forged(chain: list[tuple[Fact, datetime, str]]) -> list[tuple[Entry, Link]]:
    """The links of a chain."""
    links: list[tuple[Entry, Link]] = []
    prev = GENESIS
    for seq, (fact, at, name) in enumerate(chain, start=1):
        actor = ACTOR.model_copy(update={"name": name})
        entry = Entry(
            incident_id="i", seq=seq, id=f"e{seq}", actor=actor, happened_at=at, recorded_at=at, fact=fact, hash=""
        )
        link = forge(entry, prev)
        prev = link.hash
        links.append((entry, link))
    return links


@given(chains)
def test_what_was_recorded_reads_back_the_same_and_is_whole(chain: list[tuple[Fact, datetime, str]]) -> None:
    prev = GENESIS
    for entry, link in forged(chain):
        assert read(link) == entry.model_copy(update={"hash": link.hash})
        assert faults(link, prev, {}) == []
        prev = link.hash


@given(chains, st.data())
def test_any_changed_byte_of_a_body_shows(chain: list[tuple[Fact, datetime, str]], data: st.DataObject) -> None:
    links = forged(chain)
    index = data.draw(st.integers(0, len(links) - 1))
    _, link = links[index]
    place = data.draw(st.integers(0, len(link.body) - 1))
    changed = bytearray(link.body)
    changed[place] ^= data.draw(st.integers(1, 255))
    prev = links[index - 1][1].hash if index else GENESIS
    assert faults(replace(link, body=bytes(changed)), prev, {})


@given(chains, st.data())
def test_any_other_order_shows(chain: list[tuple[Fact, datetime, str]], data: st.DataObject) -> None:
    links = [link for _, link in forged(chain)]
    shuffled = data.draw(st.permutations(links))
    prev, found = GENESIS, []
    for link in shuffled:
        found += faults(link, prev, {})
        prev = link.hash
    assert bool(found) == ([link.hash for link in shuffled] != [link.hash for link in links])


@given(chains, st.data())
def test_a_redaction_keeps_the_chain_whole_and_the_rest_readable(
    chain: list[tuple[Fact, datetime, str]], data: st.DataObject
) -> None:
    links = forged(chain)
    index = data.draw(st.integers(0, len(links) - 1))
    entry, link = links[index]
    prev = links[index - 1][1].hash if index else GENESIS
    for field in link.texts:
        cut = replace(
            link,
            texts={name: text for name, text in link.texts.items() if name != field},
            salts={name: salt for name, salt in link.salts.items() if name != field},
        )
        assert faults(cut, prev, {entry.seq: {field}}) == []
        assert faults(cut, prev, {}), "a text that is gone without a redaction shows"
        reread = read(cut)
        assert getattr(reread.fact, field) == REDACTED
        assert reread.fact.structure() == entry.fact.structure()
