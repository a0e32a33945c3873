"""The short way in: a plain alert is taken from the connection itself, without an ASGI application in between.

Most of what an ordinary request costs is its way through the framework. What is plain (HTTP/1.1 kept alive, a known
secret, a length that is said, no encoding, everything in the body understood) is parsed and given to the writer right
where it was read, and answered when it is on disk. Everything else, and all that is wrong, goes the ordinary way as if
this were not here: `routes` has the rules, and what is plain is answered byte by byte as there.
"""

import asyncio
import logging
from functools import partial
from typing import Any, cast

from starlette.responses import PlainTextResponse, Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tocsin.errors import Unavailable
from tocsin.intake.queries import Entrance
from tocsin.intake.routes import Known, plain_sender, refusal_of, taken
from tocsin.intake.signal import IntegrationRef, Parsed, Unreadable
from tocsin.intake.writer import Kept, Request, Writer

_PATH = b"/in/"
_ORDINARY_HEADERS = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"authorization"})
_MOST_REMEMBERED = 1_000
_log = logging.getLogger(__name__)


class ShortWay:
    """What every connection's protocol shares: whom it knows, where it writes, how long a body may be (bytes)."""

    def __init__(self, known: Known, writer: Writer, limit: int, base_path: str = "") -> None:
        self.known = known
        self.writer = writer
        self.limit = limit
        self.prefix = base_path.encode() + _PATH
        self._rendered: dict[int, bytes] = {}

    @property
    def protocol(self) -> type[asyncio.Protocol]:
        """What uvicorn makes of each connection."""
        return cast("type[asyncio.Protocol]", partial(AlertProtocol, self))

    def rendered(self, kept: Kept, left_out: int) -> bytes:
        """The answer from its headers on; nearly every one is among the few that are remembered."""
        if kept.set_aside or left_out:
            return _rendered(taken(kept, left_out))
        known = self._rendered.get(kept.accepted)
        if known is None:
            if len(self._rendered) >= _MOST_REMEMBERED:
                self._rendered.clear()
            known = self._rendered[kept.accepted] = _rendered(taken(kept, 0))
        return known


class _Taking:
    """An alert between its last byte and its answer: to uvicorn, the cycle that its connection is busy with."""

    def __init__(self) -> None:
        self.response_complete = False
        self.disconnected = False
        self.keep_alive = True  # uvicorn takes it away when the server is to end
        self.message_event = asyncio.Event()


class AlertProtocol(HttpToolsProtocol):
    """uvicorn's own HTTP protocol, which looks at each request first."""

    def __init__(self, way: ShortWay, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._way = way
        self._entrance: Entrance | None = None
        self._pieces: list[bytes] = []

    def on_headers_complete(self) -> None:
        """Keep a request that may be plain back until its body is here."""
        self._entrance = self._known_entrance()
        if self._entrance is None:
            super().on_headers_complete()
        else:
            self._pieces = []

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._entrance is None:
            super().on_body(body)
        else:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Take it, or give it to the ordinary way whole."""
        entrance, self._entrance = self._entrance, None
        if entrance is None:
            super().on_message_complete()
            return
        body = b"".join(self._pieces)
        parsed = _plain(entrance, body)
        if parsed is None:
            super().on_headers_complete()
            super().on_body(body)
            super().on_message_complete()
            return
        self._take(entrance.integration, body, parsed)

    def _known_entrance(self) -> Entrance | None:
        cycle: Any = self.cycle  # None until the first request
        busy = cycle is not None and not cycle.response_complete
        if busy or not self.url.startswith(self._way.prefix) or self.parser.get_method() != b"POST":
            return None
        if not self.parser.should_keep_alive() or self.parser.get_http_version() != "1.1":
            return None
        length = -1
        for name, value in self.headers:
            if name in _ORDINARY_HEADERS:
                return None
            if name == b"content-length":
                length = int(value)
        if not 0 < length <= self._way.limit:
            return None
        return self._way.known.remembered(self.url[len(self._way.prefix) :].decode("ascii", "replace"))

    def _take(self, integration: IntegrationRef, body: bytes, parsed: Parsed) -> None:
        taking = _Taking()
        self.cycle = cast(Any, taking)
        try:
            kept = self._way.writer.submit(Request(integration, body, parsed))
        except Unavailable as error:
            self._refuse(taking, error)
            return
        kept.add_done_callback(partial(self._kept, taking, parsed.left_out))

    def _kept(self, taking: _Taking, left_out: int, kept: "asyncio.Future[Kept]") -> None:
        error = kept.exception()
        if error is not None:
            self._refuse(taking, error)
        else:
            self._write(taking, 202, self._way.rendered(kept.result(), left_out))

    def _refuse(self, taking: _Taking, error: BaseException) -> None:
        try:
            response = refusal_of(error)
        except Exception:
            _log.exception("alerts could not be taken in")
            response = PlainTextResponse("Internal Server Error", 500)
        self._write(taking, response.status_code, _rendered(response))

    def _write(self, taking: _Taking, status: int, rendered: bytes) -> None:
        taking.response_complete = True
        if not taking.disconnected:
            heads = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
            self.transport.write(b"".join((STATUS_LINE[status], *heads, rendered)))
            if not taking.keep_alive:
                self.transport.close()
        self.on_response_complete()


def _plain(entrance: Entrance, body: bytes) -> Parsed | None:
    """What the body holds, when all of it is understood and there is nothing to it but alerts."""
    sender = plain_sender(entrance)
    if sender is None:
        return None
    try:
        parsed = sender.parse(body)
    except Unreadable:
        return None
    return parsed if parsed.signals and not parsed.set_aside and not parsed.asks else None


def _rendered(response: Response) -> bytes:
    heads: list[tuple[bytes, bytes]] = response.raw_headers
    return b"".join((*(b"%b: %b\r\n" % header for header in heads), b"\r\n", bytes(response.body)))


__all__ = ["AlertProtocol", "ShortWay"]
