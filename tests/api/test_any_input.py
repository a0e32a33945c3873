"""Whatever is sent, the API answers with a status that it promises: never a fault of its own."""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.api.conftest import token_for
from tests.conftest import LONG
from tocsin.api.app import build_api
from tocsin.app import make_parts
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import Right
from tocsin.identity.keys import KEYS, Keys
from tocsin.settings import Settings
from tocsin.store.database import Database

_ODD = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "x" * 3000,
        "INC-1",
        "1",
        "0",
        "-1",
        "99999999999999999999",
        "../etc",
        "dana",
        "é\ud83d",
        "null",
        "👩‍🚒",
        "*",
    ]
) | st.text(max_size=20)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def described(organisation: None, database: Database, clock: SimulatedClock) -> tuple[TestClient, dict, dict[str, str]]:
    keys = database.context[KEYS]
    assert isinstance(keys, Keys)
    app = build_api(make_parts(Settings(public_url="http://tocsin.example"), clock, database, keys))
    client = TestClient(app, raise_server_exceptions=False)
    headers = token_for(database, "dana", Right.ADMIN)
    client.post("/incidents", json={"title": "x", "severity": 2, "services": ["checkout-api"]}, headers=headers)
    logging.disable(logging.CRITICAL)
    return client, client.get("/openapi.json").json(), headers


@pytest.mark.parametrize("seed", range(20 if LONG else 1))
def test_no_input_is_a_fault(described: tuple[TestClient, dict, dict[str, str]], seed: int) -> None:
    del seed  # hypothesis draws anew each time
    client, openapi, headers = described
    routes = [(method, path, route) for path, methods in openapi["paths"].items() for method, route in methods.items()]

    def fields_of(route: dict) -> dict:
        body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        name = body.get("$ref", "").rpartition("/")[2]
        return openapi["components"]["schemas"].get(name, {}).get("properties", {})

    def likely(schema: dict) -> st.SearchStrategy:
        """Mostly of the right type, with odd content: what gets past the validation."""
        kinds = {each.get("type") for each in schema.get("anyOf", [schema])}
        found = [_VALUE]
        if "string" in kinds:
            found += [
                _ODD,
                st.sampled_from(["commander", "dana", "checkout-api", "2026-11-19T14:00:00Z", "10m", "pass"]),
            ]
        if kinds & {"integer", "number"}:
            found.append(st.integers(-5, 2**40))
        if "boolean" in kinds:
            found.append(st.booleans())
        if "array" in kinds:
            found.append(st.lists(_ODD | st.just("checkout-api"), max_size=3))
        return st.one_of(*found, *found[1:])

    @settings(max_examples=600, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        method, path, route = data.draw(st.sampled_from(routes))
        for parameter in route.get("parameters", []):
            if parameter["in"] == "path":
                drawn = data.draw(st.just("1") | _ODD)
                path = path.replace(f"{{{parameter['name']}}}", _quoted(drawn))
        query = {
            parameter["name"]: _sendable(data.draw(_ODD))
            for parameter in route.get("parameters", [])
            if parameter["in"] == "query" and data.draw(st.booleans())
        }
        body = {
            name: data.draw(likely(schema)) for name, schema in fields_of(route).items() if data.draw(st.booleans())
        }
        content = _json(body)
        answer = client.request(
            method, path, params=query, content=content, headers={**headers, "Content-Type": "application/json"}
        )
        assert answer.status_code in (200, 201, 400, 403, 404, 405, 409, 413, 422), (
            method,
            path,
            query,
            body,
            answer.text,
        )
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]

    ask()


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode("utf-8", "surrogatepass")


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(_sendable(text), safe="") or "%20"


def _sendable(text: str) -> str:
    return text.encode("utf-8", "ignore").decode()
