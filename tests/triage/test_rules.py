"""Triage as pure rules: links, impact, suspects, evidence, blast radius, correlation."""

import hashlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.incidents.building import T0, after, incident
from tocsin.errors import Conflict, Invalid, TooLarge
from tocsin.triage import correlation, decide, evidence
from tocsin.triage.blast_radius import blast_radius, dependencies_of
from tocsin.triage.decide import Impact

GRAPH = {"web": ["checkout"], "checkout": ["payments", "cart"], "payments": ["db"], "cart": ["db"], "db": []}
names = st.sampled_from("abcdef")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "ftp://host/x", "//host/x", "https://", "https:///path", "http://a b", "x" * 3000,
     "https://host/<b>", "https://[bad/"],
)  # fmt: skip
def test_only_web_addresses_become_links(url: str) -> None:
    with pytest.raises(Invalid, match="web address"):
        decide.add_link(incident(), "l1", url, "x", "dashboard")


def test_the_same_link_is_kept_once_and_named_after_its_host_when_nobody_names_it() -> None:
    state = incident()
    (link,) = decide.add_link(state, "l1", "https://grafana.example/d/1", None, "dashboard")
    state = after(state, link)
    assert state.triage.links[0].title == "grafana.example"
    assert decide.add_link(state, "l2", "https://grafana.example/d/1", "again", "logs") == []


def test_impact_records_only_what_differs_and_names_unknown_services() -> None:
    state = incident()
    catalog = {"checkout-api": None, "payments": None}
    assert decide.change_impact(state, Impact(services=("checkout-api",)), catalog, T0) == []
    (fact,) = decide.change_impact(
        state, Impact(services=("checkout-api", "payments"), customers="1 in 4"), catalog, T0
    )
    state = after(state, fact)
    assert state.triage.services == ("checkout-api", "payments") and state.triage.customers == "1 in 4"
    with pytest.raises(Invalid, match="Did you mean 'payments'"):
        decide.change_impact(state, Impact(services=("payment",)), catalog, T0)


def test_impact_may_be_corrected_backwards_but_not_end_before_it_began() -> None:
    began = T0 - timedelta(minutes=20)
    state = after(incident(), *decide.change_impact(incident(), Impact(started_at=began), {}, T0))
    assert state.triage.impact_started_at == began
    with pytest.raises(Invalid, match="can't end before"):
        decide.change_impact(state, Impact(ended_at=began - timedelta(minutes=1)), {}, T0)


def test_a_suspect_is_cleared_only_when_there_was_one() -> None:
    state = incident()
    with pytest.raises(Conflict):
        decide.mark_suspect(state, "c1", False, None)
    state = after(state, *decide.mark_suspect(state, "c1", True, "touches the pool"))
    assert decide.mark_suspect(state, "c1", True, None) == []
    assert not after(state, *decide.mark_suspect(state, "c1", False, "older")).triage.suspects["c1"]


def test_evidence_is_kept_by_its_digest_and_refused_when_it_changed_on_the_way() -> None:
    new = evidence.NewEvidence(what="log", title="errors", content=b"boom", sha256=hashlib.sha256(b"boom").hexdigest())
    assert evidence.evidence_fact(new, "e1", T0).size == 4
    with pytest.raises(Conflict, match="changed on the way"):
        evidence.evidence_fact(evidence.NewEvidence("log", "errors", b"boom!", sha256=new.sha256), "e1", T0)
    with pytest.raises(TooLarge):
        evidence.evidence_fact(evidence.NewEvidence("log", "errors", b"x" * (evidence.LARGEST + 1)), "e1", T0)
    with pytest.raises(Invalid, match="nothing was captured"):
        evidence.evidence_fact(evidence.NewEvidence("log", "errors", b""), "e1", T0)
    with pytest.raises(Invalid, match="media type"):
        evidence.evidence_fact(evidence.NewEvidence("log", "errors", b"x", "text/html\r\nX: y"), "e1", T0)


def test_the_blast_radius_tells_who_calls_and_what_is_called() -> None:
    radius = blast_radius(["checkout"], GRAPH)
    assert [each.service for each in radius.callers] == ["web"]
    assert [(each.service, each.distance) for each in radius.callees] == [("cart", 1), ("payments", 1), ("db", 2)]
    assert ("web", "checkout") in radius.edges


@given(st.dictionaries(names, st.lists(names, max_size=4)), st.lists(names, max_size=3), st.integers(0, 4))
def test_any_graph_even_with_cycles_gives_each_service_once(
    graph: dict[str, list[str]], origins: list[str], reach: int
) -> None:
    radius = blast_radius(origins, graph, reach)
    assert len(radius.services) == len(set(radius.services))
    assert all(each.distance <= reach for each in (*radius.callers, *radius.callees))
    assert set(dependencies_of(origins, graph, reach)) >= set(origins)


def test_a_deploy_of_the_same_service_just_before_is_the_strongest_suspect() -> None:
    distances = dependencies_of(["checkout"], GRAPH)
    just_before = correlation.score("deploy", "checkout", T0 - timedelta(seconds=140), T0, distances)
    assert just_before.is_strong and just_before.sentence == "2:20 before impact, same service, deploy"
    assert not correlation.score("deploy", "unrelated", T0 - timedelta(seconds=140), T0, distances).is_strong
    assert correlation.score("deploy", "checkout", T0 + timedelta(seconds=1), T0, distances).value == 0


@given(st.integers(0, 7200), st.integers(0, 7200))
def test_nearer_in_time_never_scores_less(one: int, other: int) -> None:
    def value(seconds: int) -> float:
        return correlation.score("deploy", "checkout", T0 - timedelta(seconds=seconds), T0, {"checkout": 0}).value

    near, far = sorted((one, other))
    assert value(near) >= value(far)
    assert 0 <= value(far) <= 1
