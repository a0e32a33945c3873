"""Speaks to the server's API: standard library only, so that a command answers at once even in an outage."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

from tocsin import __version__
from tocsin.cli.errors import Away, NoServerKnown, Refused
from tocsin.cli.offline.places import config_directory, write_durably

API = "/api/v1"
_TIMEOUT = 10.0
_CHUNK = 256 * 1024
_MOST = 64 * 1024 * 1024
_LATER = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Credentials:
    """Where the server is and by which token it knows us."""

    url: str
    token: str | None = None


def known_credentials() -> Credentials | None:
    """From TOCSIN_URL and TOCSIN_TOKEN, else from `tocsin login`; None when neither says."""
    url, token = os.environ.get("TOCSIN_URL"), os.environ.get("TOCSIN_TOKEN")
    if not (url and token):
        stored = _stored()
        if stored and (not url or url.rstrip("/") == stored.url):
            url, token = stored.url, token or stored.token
    return Credentials(url.rstrip("/"), token or None) if url else None


def store_credentials(credentials: Credentials) -> str:
    """Keep them for later commands, readable by their owner alone; returns where."""
    path = config_directory() / "credentials.json"
    content = {"url": credentials.url.rstrip("/"), "token": credentials.token}
    write_durably(path, json.dumps(content).encode(), mode=0o600)
    return str(path)


def forget_credentials() -> bool:
    """Remove them; False when there were none."""
    try:
        (config_directory() / "credentials.json").unlink()
    except FileNotFoundError:
        return False
    return True


class Server:
    """One server as seen by one token. Every method raises Away or Refused."""

    def __init__(self, credentials: Credentials, timeout: float = _TIMEOUT) -> None:
        parts = urlsplit(credentials.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused(f"TOCSIN_URL is {credentials.url!r}; it must look like https://tocsin.example")
        self.url = credentials.url
        self._token = credentials.token
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/")
        self._timeout = timeout

    def get(self, path: str, **query: object) -> Any:
        """The JSON answer; queries that are None are left out."""
        return json.loads(self.get_bytes(path, **query) or b"null")

    def get_bytes(self, path: str, **query: object) -> bytes:
        """The answer as it is: Markdown, a calendar, evidence."""
        return self._request("GET", path + _query(query), None, {})

    def post(self, path: str, body: Any = None, command_id: str | None = None) -> Any:
        """Send a command; the same `command_id` sent again does nothing twice."""
        return self.send("POST", path, body, command_id)

    def send(self, method: str, path: str, body: Any = None, command_id: str | None = None) -> Any:
        """As `post`, with any method."""
        headers = {"Content-Type": "application/json"}
        if command_id:
            headers["Idempotency-Key"] = command_id
        content = json.dumps(body if body is not None else {}, ensure_ascii=False).encode()
        return json.loads(self._request(method, path, content, headers) or b"null")

    def upload(self, path: str, fields: dict[str, str], file: BinaryIO, size: int, command_id: str) -> Any:
        """Send `size` bytes of a file as they are read, with fields beside it, as multipart/form-data."""
        boundary = f"tocsin-{command_id}"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n')
        head, tail = "".join(parts).encode(), f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
            "Idempotency-Key": command_id,
        }
        return json.loads(self._request("POST", path, _around(head, file, size, tail), headers) or b"null")

    def all(self, path: str, limit: int | None = None, **query: object) -> list[Any]:
        """Every item of a list, page after page, or the first `limit`."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            answer = self.get(path, limit=min(limit - len(items), 200) if limit else 200, cursor=cursor, **query)
            items += answer["items"]
            cursor = answer.get("next_cursor")
            if not cursor or (limit and len(items) >= limit):
                return items

    def _request(self, method: str, path: str, body: bytes | Iterator[bytes] | None, headers: dict[str, str]) -> bytes:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        headers |= {"Accept": "application/json, */*", "User-Agent": f"tocsin/{__version__}"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            connection.request(method, f"{self._base}{API}{path}", body, headers)
            answer = connection.getresponse()
            content = answer.read(_MOST)
        except TimeoutError as error:
            raise Away(f"{self.url} did not answer within {self._timeout:.0f} s") from error
        except socket.gaierror as error:
            raise Away(f"{self.url} can't be found: {error.strerror}") from error
        except (OSError, http.client.HTTPException) as error:
            raise Away(f"{self.url} can't be reached: {str(error) or type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status < 300:
            return content
        problem = _problem(answer.status, content)
        if answer.status in _LATER:
            raise Away(f"{self.url} asks to come again later ({answer.status}): {problem['detail']}")
        raise Refused(str(problem["detail"]), answer.status, problem)


def connect(timeout: float = _TIMEOUT) -> Server:
    """The server that the environment or `tocsin login` names; NoServerKnown when neither does."""
    credentials = known_credentials()
    if credentials is None:
        raise NoServerKnown
    return Server(credentials, timeout)


def _around(head: bytes, file: BinaryIO, size: int, tail: bytes) -> Iterator[bytes]:
    yield head
    while size > 0 and (chunk := file.read(min(_CHUNK, size))):
        size -= len(chunk)
        yield chunk
    yield tail


def part(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")


def _stored() -> Credentials | None:
    try:
        content = json.loads((config_directory() / "credentials.json").read_bytes())
        return Credentials(content["url"], content.get("token"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _query(query: dict[str, object]) -> str:
    said = {name.rstrip("_"): value for name, value in query.items() if value is not None}
    return "?" + urlencode(said, doseq=True) if said else ""


def _problem(status: int, content: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "detail" in problem:
        return problem
    said = http.client.responses.get(status, "an answer that is not Tocsin's")
    return {"status": status, "detail": f"the server answered {status} ({said}); is TOCSIN_URL right?"}
