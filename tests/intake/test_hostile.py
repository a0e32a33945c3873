"""Whatever a sender's body is turned into, its parser answers with signals or with a refusal that names the field."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.test_examples import MESSAGES
from tocsin.intake.senders import sender_named, senders
from tocsin.intake.signal import LONGEST_KEY, LONGEST_TITLE, Parsed, Unreadable

WHOLE = {
    name: [json.loads(path.read_bytes()) for path in MESSAGES if path.parent.name == name and path.suffix == ".json"]
    for name in sorted(set(senders()) - {"email"})
}
for _name, _messages in WHOLE.items():
    _messages.append(json.loads(sender_named(_name).example))

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "\0", "\ud800", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "9" * 400, "x" * 20_000]
    ),
    st.sampled_from([[], {}, [[]], [{}], [None], {"a": {"b": []}}, 10**400, -1, 1e308]),
    st.sampled_from(["javascript:alert(1)", "http://169.254.169.254/", "file:///etc/passwd", "0001-01-01T00:00:00Z"]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value."""
    found = [path]
    if isinstance(value, dict):
        for name, inner in value.items():
            found += places(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


def replaced(whole: Any, path: tuple[Any, ...], by: Any) -> Any:
    """A copy with another value at a place."""
    if not path:
        return by
    copied = copy.deepcopy(whole)
    inner = copied
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = by
    return copied


def check(name: str, body: bytes) -> None:
    check_parser(sender_named(name).parse, body)


def check_parser(parse: Callable[[bytes], Parsed], body: bytes) -> None:
    try:
        parsed = parse(body)
    except Unreadable as unreadable:
        refused = unreadable
    else:
        check_storable(parsed)
        return
    assert refused.place
    assert refused.reason


def check_storable(parsed: Parsed) -> None:
    for signal in parsed.signals:
        assert 0 < len(signal.dedup_key) <= LONGEST_KEY
        assert len(signal.title) <= LONGEST_TITLE
        maps = [signal.labels, signal.annotations]
        texts = [
            signal.dedup_key,
            signal.title,
            signal.service or "",
            *(each for m in maps for each in (*m, *m.values())),
        ]
        texts += [link.title for link in signal.links] + [link.url for link in signal.links]
        for text in texts:
            text.encode()
            assert "\0" not in text
        assert all(link.url.startswith(("http://", "https://")) for link in signal.links)
        assert all(moment is None or moment.tzinfo for moment in (signal.started_at, signal.ended_at))
    for ask in parsed.asks:
        for text in (ask.dedup_key, ask.by, ask.text, *ask.more, *ask.more.values()):
            text.encode()
            assert "\0" not in text


@pytest.mark.parametrize("name", sorted(WHOLE))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_one_odd_value_anywhere_is_read_or_named(name: str, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(WHOLE[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(whole)))
        whole = replaced(whole, path, data.draw(odd))
    check(name, json.dumps(whole).encode())


@pytest.mark.parametrize("name", sorted(senders()))
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"a=b&c",
        b"data=%7B",
        b"%%%=%00",
        b"null",
        b"[]",
        b"{}",
        b"{" * 20_000,
        b'{"a":' * 20_000,
        b'{"n": 1' + b"0" * 5_000 + b"}",
    ],
    ids=lambda body: repr(body[:8]),
)
def test_hostile_bodies_are_refused_by_name(name: str, body: bytes) -> None:
    check(name, body)
