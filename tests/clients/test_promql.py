"""A query gives one number, nothing to tell a number from, or a sentence why it could not be asked."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.standins.receiver import Received, Receiver, Refusal
from tocsin.clients.addresses import Allowed
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.clients.promql import NoData, QueryError, Result, Value, query


class PrometheusStandin(Receiver):
    """Answers each query with what the test put down for it, as Prometheus would."""

    answers: dict[str, tuple[str, Any]] = {}

    def judge(self, request: Received) -> Mapping[str, Any]:
        if request.path != "/prom/api/v1/query":
            raise Refusal(404, {})
        (expression,) = parse_qs(request.body.decode())["query"]
        if expression not in self.answers:
            raise Refusal(400, {"status": "error", "errorType": "bad_data", "error": "parse error: unexpected end"})
        kind, result = self.answers[expression]
        return {"status": "success", "data": {"resultType": kind, "result": result}}


@pytest.fixture
def prometheus() -> Iterator[PrometheusStandin]:
    server = PrometheusStandin()
    server.start()
    yield server
    server.stop()


def ask(server: Receiver, expression: str, path: str = "/prom/") -> Result:
    return asyncio.run(query(GuardedHttp(Allowed.parse(["127.0.0.1"])), server.url + path, expression))


def test_one_series_or_a_scalar_is_a_value(prometheus: PrometheusStandin) -> None:
    prometheus.answers = {"up": ("vector", [{"metric": {}, "value": [1, "0.25"]}]), "1": ("scalar", [1, "+Inf"])}
    assert ask(prometheus, "up") == Value(0.25)
    assert ask(prometheus, "1") == Value(float("inf"))


def test_no_series_and_nan_are_no_data(prometheus: PrometheusStandin) -> None:
    prometheus.answers = {"gone": ("vector", []), "0/0": ("scalar", [1, "NaN"])}
    assert isinstance(ask(prometheus, "gone"), NoData)
    assert isinstance(ask(prometheus, "0/0"), NoData)


def test_many_series_a_wrong_query_and_a_wrong_server_are_errors_with_a_sentence(prometheus: PrometheusStandin) -> None:
    prometheus.answers = {"all": ("vector", [{"metric": {}, "value": [1, "1"]}] * 3), "m": ("matrix", [])}
    many = ask(prometheus, "all")
    assert isinstance(many, QueryError) and "3 series" in many.sentence
    assert isinstance(ask(prometheus, "m"), QueryError)
    wrong = ask(prometheus, "sum(")
    assert isinstance(wrong, QueryError) and "unexpected end" in wrong.sentence
    other = ask(prometheus, "up", "/elsewhere")
    assert isinstance(other, QueryError) and "404" in other.sentence
    prometheus.stop()
    assert isinstance(ask(prometheus, "up"), QueryError)
