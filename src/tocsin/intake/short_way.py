"""The short way in: a plain alert is taken from the connection itself, without an ASGI application in between.

Most of what an ordinary request costs is its way through the framework. What is plain (HTTP/1.1 kept alive, a known
secret, a length that is said, no encoding, everything in the body understood) is parsed and given to the writer right
where it was read, and answered when it is on disk. Everything else, and all that is wrong, goes the ordinary way as if
this were not here: `routes` has the rules, and what is plain is answered byte by byte as there. A sender writes the same
head again and again, but for the length: one that was found to be plain is known by its bytes from then on.
"""

import asyncio
import logging
import re
from functools import partial
from typing import Any, cast

import msgspec
from starlette.responses import PlainTextResponse, Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tocsin.errors import Unavailable
from tocsin.identity.keys import token_hash
from tocsin.intake.queries import Entrance
from tocsin.intake.routes import Known, plain_sender, refusal_of, taken
from tocsin.intake.signal import IntegrationRef, Parsed, Unreadable
from tocsin.intake.writer import Kept, Request, Writer

_PATH = b"/in/"
_ORDINARY_HEADERS = frozenset({b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"authorization"})
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]{1,9})(?=\r\n)", re.IGNORECASE)
_MOST_REMEMBERED = 1_000
_LONGEST_HEAD = 4_096
_log = logging.getLogger(__name__)


class _Arrived(msgspec.Struct, frozen=True):
    """One request in one piece: its head without the digits of its length, and where its body begins."""

    head: tuple[bytes, bytes]
    body: int
    length: int

    @classmethod
    def whole(cls, data: bytes) -> "_Arrived | None":
        """If these bytes look like one request and nothing else."""
        body = data.find(b"\r\n\r\n", 0, _LONGEST_HEAD) + 4
        length = _LENGTH.search(data, 0, body) if body > 4 else None
        if length is None or body + int(length[1]) != len(data):
            return None
        begin, end = length.span(1)
        return cls((data[:begin], data[end:body]), body, len(data) - body)


class ShortWay:
    """What every connection's protocol shares: whom it knows, where it writes, how long a body may be (bytes)."""

    def __init__(self, known: Known, writer: Writer, limit: int, base_path: str = "") -> None:
        self.known = known
        self.writer = writer
        self.limit = limit
        self.prefix = base_path.encode() + _PATH
        self._rendered: dict[int, bytes] = {}
        self._plain_heads: dict[tuple[bytes, bytes], str] = {}  # with the hash of the secret in each
        self._start: tuple[object, bytes] = (None, b"")

    @property
    def protocol(self) -> type[asyncio.Protocol]:
        """What uvicorn makes of each connection."""
        return cast("type[asyncio.Protocol]", partial(AlertProtocol, self))

    def entrance_of(self, arrived: _Arrived) -> Entrance | None:
        """What a head that is known to be plain opens now."""
        digest = self._plain_heads.get(arrived.head)
        return self.known.remembered(digest) if digest is not None else None

    def learn(self, arrived: _Arrived, secret: str) -> None:
        """The parser found a request with this head plain."""
        if any(b"\r" in line or b"\n" in line for part in arrived.head for line in part.split(b"\r\n")):
            return  # lines that a parser might end where others don't
        if len(self._plain_heads) >= _MOST_REMEMBERED:
            self._plain_heads.clear()
        self._plain_heads[arrived.head] = token_hash(secret)

    def accepted(self, default_headers: list[tuple[bytes, bytes]]) -> bytes:
        """The first lines of a 202: uvicorn makes its headers anew each second."""
        if self._start[0] is not default_headers:
            self._start = (default_headers, _first_lines(202, default_headers))
        return self._start[1]

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
        self.message_event = self

    def set(self) -> None:
        """Nobody waits for more of its body."""


class AlertProtocol(HttpToolsProtocol):
    """uvicorn's own HTTP protocol, which looks at each request first."""

    def __init__(self, way: ShortWay, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._way = way
        self._entrance: Entrance | None = None
        self._pieces: list[bytes] = []
        self._rests_since = 0.0  # on the event loop's clock
        self._at_rest = True  # the last message has been read to its end, and no byte of another
        self._arrived: _Arrived | None = None  # one whole request that is being read by the parser

    def data_received(self, data: bytes) -> None:
        """Take a request whose head is known, or let the parser read it."""
        self._arrived = _Arrived.whole(data) if self._at_rest and not self._is_busy() else None
        if self._arrived is not None:
            entrance = self._way.entrance_of(self._arrived)
            if entrance is not None and 0 < self._arrived.length <= self._way.limit:
                body = data[self._arrived.body :]
                parsed = _plain(entrance, body)
                if parsed is not None:
                    self._take(entrance.integration, body, parsed)
                    return
        super().data_received(data)

    def _is_busy(self) -> bool:
        cycle: Any = self.cycle  # None until the first request
        return cycle is not None and not cycle.response_complete

    def on_message_begin(self) -> None:
        """A message's first byte."""
        self._at_rest = False
        super().on_message_begin()

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
        self._at_rest = True
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
        if self._arrived is not None and len(body) == self._arrived.length:
            self._way.learn(self._arrived, self._secret())
        self._take(entrance.integration, body, parsed)

    def _known_entrance(self) -> Entrance | None:
        if self._is_busy() or not self.url.startswith(self._way.prefix) or self.parser.get_method() != b"POST":
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
        return self._way.known.remembered(token_hash(self._secret()))

    def _secret(self) -> str:
        return self.url[len(self._way.prefix) :].decode("ascii", "replace")

    def _take(self, integration: IntegrationRef, body: bytes, parsed: Parsed) -> None:
        taking = _Taking()
        self.cycle = cast(Any, taking)
        try:
            self._way.writer.submit(Request(integration, body, parsed), partial(self._kept, taking, parsed.left_out))
        except Unavailable as error:
            self._refuse(taking, error)

    def _kept(self, taking: _Taking, left_out: int, kept: Kept | BaseException) -> None:
        if isinstance(kept, Kept):
            start = self._way.accepted(self.server_state.default_headers)
            self._write(taking, start + self._way.rendered(kept, left_out))
        else:
            self._refuse(taking, kept)

    def _refuse(self, taking: _Taking, error: BaseException) -> None:
        try:
            response = refusal_of(error)
        except Exception:
            _log.exception("alerts could not be taken in")
            response = PlainTextResponse("Internal Server Error", 500)
        start = _first_lines(response.status_code, self.server_state.default_headers)
        self._write(taking, start + _rendered(response))

    def _write(self, taking: _Taking, answer: bytes) -> None:
        taking.response_complete = True
        if not taking.disconnected:
            self.transport.write(answer)
            if not taking.keep_alive:
                self.transport.close()
        self._rest()

    def _rest(self) -> None:
        """As uvicorn's `on_response_complete`, but that one timer serves until the connection really rests."""
        self._rests_since = self.loop.time()
        if self.pipeline or self.timeout_keep_alive_task is None:
            self.on_response_complete()
        else:
            self.server_state.total_requests += 1

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it has rested long enough; the timer may have been set for an earlier rest."""
        left = self._rests_since + self.timeout_keep_alive - self.loop.time()
        if self._is_busy() or left > 0:
            wait = left if left > 0 else self.timeout_keep_alive
            self.timeout_keep_alive_task = self.loop.call_later(wait, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()


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


def _first_lines(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join((STATUS_LINE[status], *(b"%b: %b\r\n" % header for header in headers)))


def _rendered(response: Response) -> bytes:
    heads: list[tuple[bytes, bytes]] = response.raw_headers
    return b"".join((*(b"%b: %b\r\n" % header for header in heads), b"\r\n", bytes(response.body)))


__all__ = ["AlertProtocol", "ShortWay"]
