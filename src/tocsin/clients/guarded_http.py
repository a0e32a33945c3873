"""HTTP to addresses that a user can set: each address is checked, and the connection is pinned to the checked one.

Every name is resolved once; all its addresses must pass; the socket goes to one of those, while TLS still proves the
name. Redirects are followed here, so that each hop is checked in the same way. No proxy is taken from the environment.
"""

import asyncio
import json as jsonlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from tocsin import __version__
from tocsin.clients.addresses import AddressRefused, Allowed, check_address, check_url, shown
from tocsin.errors import Unavailable

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""A host name and port to its addresses, as text."""

SECONDS = 10.0
MOST_BYTES = 1 << 20
_MOST_REDIRECTS = 5
_KEPT_ACROSS_ORIGINS = frozenset({"accept", "content-type", "user-agent"})


class Unreachable(Unavailable):
    """No answer: name not found, refused, timed out, broken TLS. Worth another try later."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status; `body` is cut at the client's limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """A 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body parsed as JSON; ValueError if it is none."""
        return jsonlib.loads(self.body)


class GuardedHttp:
    """Calls HTTP addresses that users set. Safe to share; holds no connection between calls."""

    def __init__(self, allowed: Allowed | None = None, resolve: Resolve | None = None) -> None:
        self.allowed = allowed or Allowed()
        self._resolve = resolve or _resolve

    @staticmethod
    def get_ready() -> None:
        """Load what the first call would else wait for, nearly a tenth of a second; best in a thread, after the start."""
        _tls()
        import_module("anyio._backends._asyncio")

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None, seconds: float = SECONDS) -> Answer:
        """GET, following redirects. Raises AddressRefused or Unreachable."""
        return await self.call("GET", url, headers=headers, seconds=seconds)

    async def post_json(
        self, url: str, body: Any, *, headers: Mapping[str, str] | None = None, seconds: float = SECONDS
    ) -> Answer:
        """POST a value as JSON. Raises AddressRefused or Unreachable."""
        content = jsonlib.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return await self.call(
            "POST",
            url,
            content=content,
            headers={"Content-Type": "application/json", **(headers or {})},
            seconds=seconds,
        )

    async def call(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """Any call. A redirect is followed for GET, and with 307 and 308 (which keep the body) for others.

        A redirect to another origin loses every header but the harmless ones: credentials stay where they belong.
        Raises AddressRefused or Unreachable; any status is an Answer. `seconds` bounds the whole call.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(method, url, content, dict(headers or {}), seconds)
        except TimeoutError as error:
            raise Unreachable(f"{shown(url)} did not answer within {seconds:g} s") from error

    async def _follow(
        self, method: str, url: str, content: bytes | None, headers: dict[str, str], seconds: float
    ) -> Answer:
        headers.setdefault("User-Agent", f"Tocsin/{__version__}")
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._once(method, url, content, headers, seconds)
            location = answer.headers.get("location")
            followed = (301, 302, 303, 307, 308) if method == "GET" else (307, 308)
            if answer.status not in followed or not location:
                return answer
            target = urljoin(url, location)
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                headers = {name: value for name, value in headers.items() if name.lower() in _KEPT_ACROSS_ORIGINS}
            url = target
        raise Unreachable(f"{shown(url)} redirects more than {_MOST_REDIRECTS} times")

    async def _once(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> Answer:
        check_url(url)
        transport = _PinnedTransport(_PinnedBackend(self.allowed, self._resolve))
        try:
            async with (
                httpx.AsyncClient(transport=transport, trust_env=False, timeout=seconds) as client,
                client.stream(method, url, content=content, headers=dict(headers)) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) >= MOST_BYTES:
                        break
                return Answer(response.status_code, dict(response.headers), bytes(body[:MOST_BYTES]))
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise Unreachable(f"{shown(url)}: {_reason(error)}") from error


class _PinnedBackend(httpcore.AsyncNetworkBackend):
    """Resolves, checks every address, and connects to a checked one."""

    def __init__(self, allowed: Allowed, resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._under = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        for address in addresses:
            check_address(host, address, self._allowed)
        refused: Exception | None = None
        for address in addresses:
            try:
                return await self._under.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refused = error
        raise refused or httpcore.ConnectError("the name has no address")

    async def sleep(self, seconds: float) -> None:
        await self._under.sleep(seconds)


class _PinnedTransport(httpx.AsyncBaseTransport):
    """httpx's transport over a pool that uses our backend."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._pool = httpcore.AsyncConnectionPool(ssl_context=_tls(), network_backend=backend, max_connections=1)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert not isinstance(response.stream, bytes)
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _resolve(host: str, port: int) -> Sequence[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise OSError(f"the name {host} can't be found") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


__all__ = ["AddressRefused", "Allowed", "Answer", "GuardedHttp", "Unreachable"]
