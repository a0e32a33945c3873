"""docs/api.md and the API say the same."""

import re
from pathlib import Path

from fastapi import FastAPI

from tocsin.api.app import ROUTERS

_ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) `(/[^`]*)`")


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_every_route_is_in_the_docs_and_none_that_is_not_there() -> None:
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    there = {
        (method.upper(), _nameless(path)) for path, methods in app.openapi()["paths"].items() for method in methods
    }
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    rows = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")]
    described = {(method, _nameless(path)) for row in rows for method, path in _ROUTE.findall(row)}
    assert described == there


def test_every_route_says_what_it_does() -> None:
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    for path, methods in app.openapi()["paths"].items():
        for method, route in methods.items():
            assert route.get("description"), (method, path)
            assert route.get("tags"), (method, path)
