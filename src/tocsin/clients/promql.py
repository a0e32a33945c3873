"""One number from Prometheus: an instant query over its HTTP API.

Source: prometheus.io/docs/prometheus/latest/querying/api
"""

import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tocsin.clients.addresses import AddressRefused, shown
from tocsin.clients.guarded_http import GuardedHttp, Unreachable


@dataclass(frozen=True)
class Value:
    """The query gave one finite or infinite number."""

    value: float


@dataclass(frozen=True)
class NoData:
    """The query is right, but there is nothing to tell a number from. The sentence says which nothing."""

    sentence: str


@dataclass(frozen=True)
class QueryError:
    """Prometheus could not be asked, or refused the query, or the query gives no single number."""

    sentence: str


Result = Value | NoData | QueryError


async def query(http: GuardedHttp, source: str, expression: str, *, seconds: float = 10.0) -> Result:
    """Ask `source` (the base address of a Prometheus or what speaks its API) for the value of `expression` now."""
    try:
        answer = await http.call(
            "POST",
            f"{source.rstrip('/')}/api/v1/query",
            content=urlencode({"query": expression}).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            seconds=seconds,
        )
    except (AddressRefused, Unreachable) as error:
        return QueryError(error.message)
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "status" not in body:
        return QueryError(f"{shown(source)} answered {answer.status} and not as Prometheus does")
    if body["status"] != "success":
        return QueryError(f"{shown(source)}: {body.get('error') or body.get('errorType') or answer.status}")
    return read(body.get("data"))


def read(data: Any) -> Result:
    """The single number in the `data` of an instant query's answer."""
    try:
        kind, result = data["resultType"], data["result"]
        if kind == "scalar":
            return _number(result[1])
        if kind == "vector":
            if not result:
                return NoData("the query matches no series")
            if len(result) > 1:
                return QueryError(
                    f"the query gives {len(result)} series; wrap it in sum(), max() or the like to get one"
                )
            return _number(result[0]["value"][1])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        return QueryError(f"the answer is not as Prometheus gives it: {error!r}")
    return QueryError(f"the query gives a {kind}; a check needs one number")


def _number(text: str) -> Result:
    value = float(text)
    if math.isnan(value):
        return NoData("the query gives NaN: nothing to divide by, such as no requests at all")
    return Value(value)
