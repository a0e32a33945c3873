"""Entries that were hashed by an earlier version are read for ever: same facts, same hash, same sentence."""

import json

import pytest

from tests.timeline.golden import golden
from tocsin.timeline.chain import GENESIS, faults, read
from tocsin.timeline.state import FACTS, IncidentState, apply


def test_every_kind_has_a_golden_entry() -> None:
    assert set(golden()) == set(FACTS), "add the new kind with `python -m tests.timeline.golden`"


@pytest.mark.parametrize("name", sorted(FACTS), ids=lambda name: f"{name[0]}-{name[1]}")
def test_a_golden_entry_reads_as_it_was_written(name: tuple[str, int]) -> None:
    link = golden()[name]
    assert faults(link, GENESIS, {}) == []
    entry = read(link)
    recorded = json.loads(link.body)
    assert (entry.kind, entry.fact.version) == name
    now = entry.fact.structure()
    assert {field: now[field] for field in recorded["facts"]} == recorded["facts"]
    assert entry.fact.texts() == link.texts
    assert entry.fact.sentence(lambda person: person)
    assert apply(IncidentState(), entry).seq == 1
