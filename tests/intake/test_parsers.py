"""What senders send becomes signals; what can't be understood is kept beside them, and nothing is lost between."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import Invalid
from tocsin.intake.senders import sender_named, senders
from tocsin.intake.signal import Parsed, Unreadable, bounded_key

GENERIC = sender_named("generic").parse
ALERTMANAGER = sender_named("alertmanager").parse


def message(*alerts: Any, **more: Any) -> bytes:
    return json.dumps(
        {"version": "4", "status": "firing", "receiver": "tocsin", "alerts": list(alerts), **more}
    ).encode()


def alert(**more: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "HighErrors", "service": "checkout-api", "severity": "critical"},
        "annotations": {"summary": "Card payments are failing"},
        "startsAt": "2026-11-19T14:07:12.345678901+01:00",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "5ef77f1f8a3ecfdb",
        **more,
    }


@pytest.mark.parametrize("name", sorted(senders()))
def test_every_sender_reads_its_own_example(name: str) -> None:
    sender = sender_named(name)
    parsed = sender.parse(sender.example.encode())
    assert parsed.signals
    assert not parsed.set_aside


def test_an_alertmanager_alert_carries_key_status_times_and_links() -> None:
    (signal,) = ALERTMANAGER(message(alert(), externalURL="http://alertmanager:9093")).signals
    assert signal.dedup_key == "5ef77f1f8a3ecfdb"
    assert (signal.status, signal.severity, signal.service) == ("firing", "critical", "checkout-api")
    assert signal.title == "Card payments are failing"
    assert signal.started_at == datetime(2026, 11, 19, 13, 7, 12, 345679, tzinfo=UTC)
    assert signal.ended_at is None
    assert [link.title for link in signal.links] == ["Source", "Alertmanager"]


def test_each_alert_has_its_own_status_whatever_the_group_says() -> None:
    over = alert(status="resolved", fingerprint="b", endsAt="2026-11-19T14:10:00Z")
    first, second = ALERTMANAGER(message(alert(), over)).signals
    assert (first.status, second.status) == ("firing", "resolved")
    assert second.ended_at == datetime(2026, 11, 19, 14, 10, tzinfo=UTC)


def test_the_end_that_alertmanager_only_expects_is_no_end() -> None:
    (signal,) = ALERTMANAGER(message(alert(endsAt="2026-11-19T15:00:00Z"))).signals
    assert signal.ended_at is None


def test_newer_keys_of_alertmanager_are_accepted() -> None:
    parsed = ALERTMANAGER(message(alert(valueString="x"), notification_reason="new", routeLabels={"a": "b"}))
    assert len(parsed.signals) == 1


def test_alerts_that_alertmanager_left_out_are_said_on_those_that_came() -> None:
    parsed = ALERTMANAGER(message(alert(), truncatedAlerts=12))
    assert parsed.left_out == 12
    assert "12 more alerts" in parsed.signals[0].annotations["truncatedAlerts"]


def test_the_incidentio_receiver_is_alertmanager() -> None:
    assert sender_named("incidentio").name == "alertmanager"


def test_an_unknown_sender_is_refused_with_those_there_are() -> None:
    with pytest.raises(Invalid, match=r"alertmanager, .*generic"):
        sender_named("carrier-pigeon")


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"fingerprint": None}, "alerts[1].fingerprint"),
        ({"fingerprint": ""}, "alerts[1].fingerprint"),
        ({"status": "odd"}, "alerts[1].status"),
        ({"startsAt": "yesterday"}, "alerts[1].startsAt"),
        ({"labels": ["a"]}, "alerts[1].labels"),
    ],
)
def test_one_bad_alert_is_set_aside_by_its_place_and_its_neighbours_are_kept(broken: Any, place: str) -> None:
    parsed = ALERTMANAGER(message(alert(), alert(**broken), alert(fingerprint="c")))
    assert [signal.dedup_key for signal in parsed.signals] == ["5ef77f1f8a3ecfdb", "c"]
    assert [part.place for part in parsed.set_aside] == [place]


def test_what_was_set_aside_is_a_body_that_the_same_parser_reads_once_it_is_mended() -> None:
    (part,) = ALERTMANAGER(message(alert(), alert(status="odd"))).set_aside
    mended = part.content.replace('"odd"', '"firing"')
    assert len(ALERTMANAGER(mended.encode()).signals) == 1


def test_the_generic_json_takes_one_alert_or_a_list() -> None:
    one = {"dedup_key": "disk", "title": "Disk is full"}
    assert GENERIC(json.dumps(one).encode()).signals == GENERIC(json.dumps({"alerts": [one]}).encode()).signals
    assert GENERIC(json.dumps([one]).encode()).signals == GENERIC(json.dumps(one).encode()).signals


def test_a_generic_alert_needs_a_key_and_while_it_fires_a_title() -> None:
    parsed = GENERIC(b'{"alerts": [{"title": "x"}, {"dedup_key": "a"}, {"dedup_key": "a", "status": "resolved"}]}')
    assert [part.place for part in parsed.set_aside] == ["alerts[0].dedup_key", "alerts[1].title"]
    assert len(parsed.signals) == 1


def test_a_time_without_a_zone_is_not_guessed() -> None:
    parsed = GENERIC(b'{"dedup_key": "a", "title": "t", "started_at": "2026-11-19T14:00:00"}')
    assert [part.place for part in parsed.set_aside] == ["started_at"]
    assert "timezone" in parsed.set_aside[0].reason


def test_an_unknown_severity_still_pages() -> None:
    assert GENERIC(b'{"dedup_key": "a", "title": "t", "severity": "banana"}').signals[0].severity == "error"


def test_an_address_that_a_browser_must_not_open_is_no_link() -> None:
    body = b'{"dedup_key": "a", "title": "t", "links": ["javascript:alert(1)", "https://ok.example/"]}'
    assert [link.url for link in GENERIC(body).signals[0].links] == ["https://ok.example/"]


def test_nul_and_broken_characters_are_replaced_so_that_any_database_takes_them() -> None:
    body = b'{"alerts": [{"dedup_key": "a\\u0000b", "title": "t\\u0000", "labels": {"x": "\\ud800", "y": "\xff"}}]}'
    (signal,) = GENERIC(body).signals
    assert signal.title == "t\ufffd"
    assert signal.labels == {"x": "\ufffd", "y": "\ufffd"}
    assert "\0" not in signal.dedup_key
    assert signal.dedup_key != bounded_key("a\ufffdb"), "two different keys must stay two"


@pytest.mark.parametrize("parse", [GENERIC, ALERTMANAGER])
@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "line 1, column 1"),
        (b"hello", "line 1, column 1"),
        (b'{"alerts": [\n  {"status": }', "line 2, column 14"),
        (b'{"alerts": 3}', "alerts"),
        (b"3", "$"),
        (b"[" * 50_000, "line 1, column 1"),
    ],
)
def test_a_body_that_cannot_be_read_names_the_place(parse: Any, body: bytes, place: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(body)
    assert caught.value.place == place


def _read(parse: Any, body: bytes) -> Parsed | None:
    try:
        return parse(body)
    except Unreadable as unreadable:
        error = unreadable
    assert error.place
    assert error.reason
    return None


def _is_storable(text: str) -> bool:
    text.encode()
    return "\0" not in text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    ["dedup_key", "status", "title", "severity", "service", "labels", "links", "started_at", "fingerprint", "startsAt",
     "endsAt", "annotations", "generatorURL"]
)  # fmt: skip
likely = st.sampled_from(
    ["firing", "resolved", "a", "2026-11-19T14:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"]
)
items = st.dictionaries(fields, likely | json_values, max_size=8) | json_values


@given(st.binary(max_size=200))
def test_no_bytes_make_a_parser_fail_otherwise_than_by_its_own_error(body: bytes) -> None:
    for sender in senders().values():
        _read(sender.parse, body)


@given(st.lists(items, max_size=6))
def test_every_item_is_a_signal_or_set_aside(alerts: list[Any]) -> None:
    body = json.dumps({"alerts": alerts}).encode()
    for parse in (ALERTMANAGER, GENERIC):
        parsed = _read(parse, body)
        assert parsed is not None
        assert len(parsed.signals) + len(parsed.set_aside) == len(alerts)
        for signal in parsed.signals:
            assert signal.dedup_key
            texts = [
                signal.dedup_key,
                signal.title,
                *signal.labels.values(),
                *signal.labels,
                *signal.annotations.values(),
            ]
            assert all(_is_storable(text) for text in texts)
            assert all(moment is None or moment.tzinfo for moment in (signal.started_at, signal.ended_at))
        for part in parsed.set_aside:
            assert part.place.startswith("alerts[")
            assert part.reason
            assert _is_storable(part.content)
