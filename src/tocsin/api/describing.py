"""What the API says of itself: its OpenAPI document, and a readable page of it; nothing there comes from another host."""

import copy
from html import escape
from typing import Any

from fastapi import FastAPI

_HEAD = "<thead><tr><th>Route<th>What it does<th>Takes</thead>"
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1d2126;background:#fff}"
    "@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#14171a}code,.m{background:#23282d!important}}"
    "code,.m{background:#f0f1f3;padding:.1em .35em;border-radius:4px}table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;vertical-align:top;padding:.35rem .6rem;border-top:1px solid #8884}h2{margin-top:2.5rem}"
)


def openapi_document(app: FastAPI, base_path: str) -> dict[str, Any]:
    """The OpenAPI document: what FastAPI knows, with how errors are told and how to sign in.

    Every refusal is a problem document, also those that FastAPI does not know of: bodies that are too large, states
    that don't allow it, a database that is away.
    """
    found = copy.deepcopy(app.openapi())
    found["servers"] = [{"url": f"{base_path}/api/v1"}]
    found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for methods in found["paths"].values():
        for route in methods.values():
            for status, answer in route["responses"].items():
                if not status.startswith("2"):
                    answer["content"] = problem
            route["responses"]["default"] = {"description": "Any other refusal", "content": problem}
    return found


def readable_page(app: FastAPI) -> str:
    """HTML that lists every route with what it takes."""
    described = app.openapi()
    groups: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            tag = (route.get("tags") or ["Other"])[0]
            groups.setdefault(tag, []).append(_row(path, method, route, described))
    body = "".join(
        f"<h2>{escape(tag)}</h2><table>{_HEAD}<tbody>{''.join(rows)}</tbody></table>" for tag, rows in groups.items()
    )
    title = escape(described["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>"
        f'<p>{escape(described["info"].get("description", ""))} Machine-readable: <a href="openapi.json">openapi.json</a>.</p>'
        f"{body}</html>"
    )


def _row(path: str, method: str, route: dict[str, Any], described: dict[str, Any]) -> str:
    taken = [f"<code>?{escape(each['name'])}</code>" for each in route.get("parameters", []) if each["in"] == "query"]
    content = route.get("requestBody", {}).get("content", {})
    for body in content.values():
        schema = _resolved(body.get("schema", {}), described)
        required = set(schema.get("required", ()))
        taken += [
            f"<code>{escape(name)}</code>{'' if name in required else '?'}" for name in schema.get("properties", {})
        ]
    said = escape(route.get("description") or route.get("summary", ""))
    return f'<tr><td><span class="m">{method.upper()}</span> <code>{escape(path)}</code><td>{said}<td>{" ".join(taken)}'


def _resolved(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = described.get("components", {}).get("schemas", {}).get(name, schema)
    return found
