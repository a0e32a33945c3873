"""A small client of the JSON API, with the standard library alone."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

Json = dict[str, Any]


class Refused(RuntimeError):
    """The server answered with an error; `status` and `problem` tell which."""

    def __init__(self, method: str, path: str, status: int, problem: Json) -> None:
        super().__init__(f"{method} {path}: {status} {problem.get('detail') or problem}")
        self.status = status
        self.problem = problem


class Client:
    """Asks `url` with a token; every call is one request on its own connection."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.token = token

    def get(self, path: str, **query: str) -> Json:
        """GET below /api/v1."""
        return self.call("GET", path + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Json:
        """POST JSON below /api/v1; `key` makes it safe to send again."""
        return self.call("POST", path, body or {}, key=key)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Json:
        """Any method below /api/v1; raises Refused for 4xx and 5xx, OSError when nobody answers."""
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = key
        status, text = request(method, f"{self.url}/api/v1{path}", body, headers)
        try:
            answer = json.loads(text) if text else {}
        except ValueError:
            answer = {"detail": text[:500]}
        if status >= 400:
            raise Refused(method, path, status, answer)
        return answer if isinstance(answer, dict) else {"items": answer}


def request(
    method: str,
    url: str,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10,
) -> tuple[int, str]:
    """One HTTP request: status and body. `body` is sent as JSON."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=timeout)
    try:
        sent = dict(headers or {})
        payload = None
        if body is not None:
            payload = json.dumps(body)
            sent["Content-Type"] = "application/json"
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), payload, sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def answers(url: str) -> bool:
    """Whether a GET gets 200."""
    try:
        return request("GET", url, timeout=2)[0] == 200
    except (OSError, http.client.HTTPException):
        return False
