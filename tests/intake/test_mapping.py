"""Any JSON becomes alerts by a mapping that its team writes; what is wrong with either is named."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.intake.test_hostile import check_parser, odd
from tocsin.alerts.queries import alerts
from tocsin.alerts.queries.trying import Tried, TryPayload, try_payload
from tocsin.alerts.usecases import fold_received
from tocsin.errors import Invalid, NotFound
from tocsin.identity.actor import SYSTEM
from tocsin.intake import queries
from tocsin.intake.mapping import parse_by, read_mapping
from tocsin.intake.routes import Known, routes
from tocsin.intake.usecases import (
    ChangeIntegration,
    CreateIntegration,
    change_integration,
    create_integration,
    replay_set_aside,
)
from tocsin.intake.writer import Writer
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.store.database import Database

MAPPING = """
alerts: checks[]
dedup_key: join('/', [host, name])
title: message
resolved: state == 'ok'
ignored: state == 'unknown'
severity: level
severities: {sev_a: critical, sev_b: warning}
service: tags.service
description: detail.text
url: link
started_at: since
labels:
  host: host
  environment: tags.env
"""


def check(**more: Any) -> dict[str, Any]:
    tags = {"service": "checkout-api", "env": "production"}
    return {
        "host": "a",
        "name": "disk",
        "message": "Disk is full",
        "state": "bad",
        "level": "SEV_A",
        "tags": tags,
        **more,
    }


def body(*checks: Any) -> bytes:
    return json.dumps({"checks": list(checks)}).encode()


def test_each_expression_gives_its_field() -> None:
    told = check(detail={"text": "95 %"}, link="https://larkfield.example/1", since="2026-11-19T14:07:12Z")
    (signal,) = parse_by(MAPPING, body(told)).signals
    assert (signal.dedup_key, signal.title, signal.status) == ("a/disk", "Disk is full", "firing")
    assert (signal.severity, signal.service) == ("critical", "checkout-api")
    assert signal.labels == {"host": "a", "environment": "production"}
    assert signal.annotations == {"description": "95 %"}
    assert [link.url for link in signal.links] == ["https://larkfield.example/1"]
    assert signal.started_at == datetime(2026, 11, 19, 14, 7, 12, tzinfo=UTC)


def test_conditions_end_and_ignore_alerts() -> None:
    parsed = parse_by(MAPPING, body(check(state="ok"), check(state="unknown", name=None)))
    assert [signal.status for signal in parsed.signals] == ["resolved"]
    assert parsed.set_aside == ()


def test_without_a_list_the_body_is_one_alert() -> None:
    (signal,) = parse_by("dedup_key: id\ntitle: text", b'{"id": 7, "text": "It is down"}').signals
    assert (signal.dedup_key, signal.title, signal.severity) == ("7", "It is down", "error")


def test_what_can_be_read_is_kept_and_the_rest_is_told_with_the_body() -> None:
    told = body(check(), check(message=None), check(name="cpu"), check(host=None))
    parsed = parse_by(MAPPING, told)
    assert [signal.dedup_key for signal in parsed.signals] == ["a/disk", "a/cpu"]
    (aside,) = parsed.set_aside
    assert (aside.place, aside.reason) == ("alert 2", "title is missing; and 1 more")
    assert json.loads(aside.content) == json.loads(told)


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ("title: a", "mapping.dedup_key"),
        ("dedup_key: a\ntitle: b\ncolour: c", "mapping.colour"),
        ("dedup_key: a[\ntitle: b", "mapping.dedup_key"),
        ("dedup_key: 7\ntitle: b", "mapping.dedup_key"),
        ("dedup_key: a\ntitle: b\nlabels: [x]", "mapping.labels"),
        ("dedup_key: a\ntitle: b\nlabels: {x: '['}", "mapping.labels.x"),
        ("[", "mapping"),
        ("just text", "mapping"),
        ("x" * 30_000, "mapping"),
        ("dedup_key: '" + "a." * 240 + "a'\ntitle: b", "mapping.dedup_key"),
        ("dedup_key: '[@,@][]|[@,@][]|[@,@][]'\ntitle: b", "mapping.dedup_key"),
        ("dedup_key: '[][][][]'\ntitle: b", "mapping.dedup_key"),
        ("!!python/object/apply:os.system ['true']", "mapping"),
    ],
)
def test_a_mapping_that_is_wrong_is_refused_by_its_field(mapping: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_mapping(mapping)
    assert field in [mistake.field for mistake in caught.value.mistakes]


@given(odd, odd, odd)
def test_no_body_makes_a_mapping_fail_otherwise_than_by_a_refusal(first: Any, second: Any, third: Any) -> None:
    told = json.dumps({"checks": [first, check(host=second), check(tags=third), {"host": third}]}).encode()
    check_parser(partial(parse_by, MAPPING), told)


@given(st.text(alphabet="ab.[]*@|&'`{}:?!=<>() ,-0", max_size=60))
def test_no_expression_makes_it_fail_otherwise(expression: str) -> None:
    mapping = f"dedup_key: {json.dumps(expression)}\ntitle: a"
    try:
        read_mapping(mapping)
    except Invalid:
        return
    check_parser(partial(parse_by, mapping), b'{"a": [{"b": [1, 2, {"a": "b"}]}], "b": "x"}')


def test_an_expression_that_only_its_evaluation_finds_wrong_is_told_with_the_alert() -> None:
    (aside,) = parse_by("dedup_key: nosuch(a)\ntitle: b", b"{}").set_aside
    assert aside.place == "alert 1"
    assert "nosuch" in aside.reason


class Gate:
    """A running intake with one integration that takes any JSON."""

    def __init__(self, database: Database, client: TestClient) -> None:
        self.database = database
        command = CreateIntegration("checks", "mapped")
        made, self.secret = database.write(lambda c, now: create_integration(c, SYSTEM, command, now))
        self.id = made.id
        self.post = lambda body: client.post(f"/in/{self.secret}", content=body)

    def map(self, mapping: str) -> None:
        command = ChangeIntegration(mapping=mapping)
        self.database.write(lambda c, now: change_integration(c, SYSTEM, self.id, command, now))

    def keys(self) -> list[str]:
        return sorted(each.dedup_key for each in self.database.read(lambda c: alerts(c, SYSTEM)))

    def attempt(self, payload: bytes, **more: Any) -> Tried:
        command = TryPayload(payload.decode(), **more)
        return self.database.read(lambda c: try_payload(c, SYSTEM, command, self.database.clock.now()))


@pytest.fixture
def gate(database: Database) -> Iterator[Gate]:
    with TestClient(Starlette(routes=routes(Known(database), Writer(database, fold_received)))) as client:
        yield Gate(database, client)


def test_what_was_set_aside_is_replayed_once_the_mapping_was_mended(gate: Gate) -> None:
    assert gate.post(body(check())).status_code == 400, "it has no mapping yet"
    gate.map(MAPPING.replace("title: message", "title: summary"))
    assert gate.post(body(check(name="cpu"))).status_code == 400
    gate.map(MAPPING)
    for aside in gate.database.read(lambda c: queries.set_aside_now(c, SYSTEM)):
        done = gate.database.write(lambda c, now, id=aside.id: replay_set_aside(c, SYSTEM, id, fold_received, now))
        assert (done.signals, done.problems) == (1, ())
    assert gate.keys() == ["a/cpu", "a/disk"]
    assert gate.database.read(lambda c: queries.set_aside_now(c, SYSTEM)) == []


def test_a_wrong_mapping_is_not_kept_and_only_one_sender_takes_one(gate: Gate) -> None:
    with pytest.raises(Invalid):
        gate.map("title: x")
    command = CreateIntegration("prometheus", "alertmanager")
    made, _ = gate.database.write(lambda c, now: create_integration(c, SYSTEM, command, now))
    change = ChangeIntegration(mapping=MAPPING)
    with pytest.raises(Invalid, match="a parser of its own"):
        gate.database.write(lambda c, now: change_integration(c, SYSTEM, made.id, change, now))


ROUTING = """
people:
  dana: {name: Dana Ruiz, email: dana@larkfield.example}
policies:
  shop: {name: Shop, steps: [{page: [{person: dana}]}]}
routing:
  nights: {order: 1, severity: [warning]}
  elsewhere: {order: 2, integration: [prometheus]}
  hosts: {order: 3, match: {host: b}}
  production: {order: 4, name: Production, match_regex: {environment: prod.*}, urgency: page, policy: shop}
  never: {order: 5}
organisation: {name: Larkfield, last_resort: [dana], default_policy: shop}
"""


def test_a_payload_is_tried_before_the_mapping_is_kept_and_its_path_is_told(gate: Gate) -> None:
    gate.database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"larkfield.yaml": ROUTING}), now))
    tried = gate.attempt(body(check(), check(message=None)), integration="checks", mapping=MAPPING)
    (path,) = tried.paths
    assert [(asked.rule, asked.matched, asked.because) for asked in path.asked] == [
        ("nights", False, "it is critical, and the rule wants warning"),
        ("elsewhere", False, "it came by 'checks', and the rule wants prometheus"),
        ("hosts", False, "host is 'a', and the rule wants 'b'"),
        ("production", True, "all that it asks for holds"),
    ]
    assert path.routed.route == "production"
    assert "'shop'" in path.routed.why
    assert tried.problems == ("alert 2: title is missing",)
    assert gate.keys() == [], "nothing is kept"
    assert gate.database.read(lambda c: queries.set_aside_now(c, SYSTEM)) == []


def test_a_payload_can_be_tried_without_an_integration(gate: Gate) -> None:
    tried = gate.attempt(b'{"dedup_key": "a", "title": "A", "severity": "info"}', sender="generic")
    assert tried.paths[0].asked == ()
    assert tried.paths[0].routed.urgency == "record"
    assert gate.attempt(b"{", sender="grafana").problems[0].startswith("line 1")
    for wrong in ({}, {"sender": "carrier-pigeon"}, {"integration": "checks", "mapping": "title: x"}):
        with pytest.raises(Invalid):
            gate.attempt(b"{}", **wrong)
    with pytest.raises(NotFound):
        gate.attempt(b"{}", integration="nobody")
