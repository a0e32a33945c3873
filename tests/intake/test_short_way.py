"""The short way answers, byte by byte, what the ordinary way answers; and it is taken."""

import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tocsin.alerts.queries import alerts
from tocsin.alerts.usecases import fold_received
from tocsin.basepath import BelowBasePath
from tocsin.identity.actor import SYSTEM
from tocsin.intake.routes import Known, routes
from tocsin.intake.short_way import ShortWay
from tocsin.intake.usecases import create_first_integration
from tocsin.intake.writer import Answer, Kept, Request, Writer
from tocsin.store.database import Database

LIMIT = 4096


class CountingWriter(Writer):
    """Tells how its requests came: `keep` is the ordinary way, `submit` alone the short one."""

    ordinary = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.got_one = threading.Event()

    def submit(self, request: Request, answer: Answer) -> None:
        self.got_one.set()
        super().submit(request, answer)

    async def keep(self, request: Request) -> Kept:
        self.ordinary += 1
        return await super().keep(request)


@dataclass
class Served:
    """One uvicorn on a free port, in a thread."""

    port: int
    writer: CountingWriter
    server: uvicorn.Server
    thread: threading.Thread

    def send(self, *pieces: bytes, wait: float = 0.5) -> bytes:
        """What comes back for these bytes, sent piece by piece, until the peer closes or says no more for a while.

        The first of it may take its time: a machine that has much to do is slow to write.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.02 if len(pieces) > 1 else 0)
            got = b""
            try:
                while piece := connection.recv(65536):
                    got += piece
                    connection.settimeout(wait)
            except TimeoutError:
                pass
            return got

    def converse(self, requests: list[bytes]) -> list[bytes]:
        """The answer to each, all on one connection, each sent when the one before was answered."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            stream = connection.makefile("rb")
            answers = []
            for request in requests:
                connection.sendall(request)
                head = b"".join(iter(stream.readline, b"\r\n"))
                length = re.search(rb"content-length: (\d+)", head)
                answers.append(head + stream.read(int(length[1]) if length else 0))
            return answers

    @property
    def short(self) -> int:
        """How many requests took the short way so far."""
        return self.writer.stats.requests - self.writer.ordinary


def serve(database: Database, base_path: str, *, short: bool) -> Served:
    known, writer = Known(database), CountingWriter(database, fold_received)
    app = BelowBasePath(Starlette(routes=routes(known, writer, LIMIT)), base_path)
    protocol = ShortWay(known, writer, LIMIT, base_path).protocol if short else "httptools"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, http=protocol, log_config=None, access_log=False, timeout_keep_alive=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return Served(port, writer, server, thread)


@pytest.fixture(params=["", "/tocsin"])
def both(database: Database, request: pytest.FixtureRequest) -> Iterator[tuple[Served, Served, str]]:
    """The ordinary way, the short way, and a path with a known secret."""
    _, secret = database.write(create_first_integration)
    served = [serve(database, request.param, short=short) for short in (False, True)]
    path = f"{request.param}/in/{secret}"
    for each in served:  # the first request of a secret makes it known
        assert b" 202 " in each.send(post(path, alert("first")))
    yield served[0], served[1], path
    for each in served:
        each.server.should_exit = True
        each.thread.join(10)


def alert(key: str, **more: object) -> bytes:
    return json.dumps({"title": "Disk is full", "dedup_key": key, **more}).encode()


def post(path: str, body: bytes, *heads: str, version: str = "1.1", length: int | None = None) -> bytes:
    said = len(body) if length is None else length
    lines = [f"POST {path} HTTP/{version}", "Host: localhost", f"Content-Length: {said}", *heads]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


PLAIN: dict[str, Callable[[str], tuple[bytes, ...]]] = {
    "one alert": lambda path: (post(path, alert("a")),),
    "several alerts": lambda path: (post(path, b"[" + alert("a") + b"," + alert("b") + b"]"),),
    "its end": lambda path: (post(path, alert("a", status="resolved")),),
    "piece by piece": lambda path: tuple(bytes([each]) for each in post(path, alert("p"))),
    "odd letters": lambda path: (post(path, alert("æ 日 \x00 \ud800")),),
    "kept alive": lambda path: (post(path, alert("k")), post(path, alert("l"))),
}
OTHER: dict[str, Callable[[str], tuple[bytes, ...]]] = {
    "no JSON": lambda path: (post(path, b"{"),),
    "an empty body": lambda path: (post(path, b""),),
    "partly readable": lambda path: (post(path, b"[" + alert("a") + b', {"title": 3}]'),),
    "nothing readable": lambda path: (post(path, b'[{"title": 3}]'),),
    "an empty list": lambda path: (post(path, b"[]"),),
    "too large": lambda path: (post(path, alert("a" * LIMIT)),),
    "gzip": lambda path: (post(path, gzip.compress(alert("z"), mtime=0), "Content-Encoding: gzip"),),
    "unknown encoding": lambda path: (post(path, alert("z"), "Content-Encoding: br"),),
    "chunked": lambda path: (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(alert("c")), alert("c")),
    ),
    "HTTP/1.0": lambda path: (post(path, alert("o"), version="1.0"),),
    "to be closed": lambda path: (post(path, alert("o"), "Connection: close"),),
    "expecting to go on": lambda path: (post(path, alert("e"), "Expect: 100-continue"),),
    "an upgrade": lambda path: (post(path, alert("u"), "Connection: Upgrade", "Upgrade: h2c"),),
    "two at once": lambda path: (post(path, alert("x")) + post(path, alert("y")),),
    "one and then a GET": lambda path: (post(path, alert("x")) + f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),),
    "a GET and then one": lambda path: (f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() + post(path, alert("x")),),
    "a query": lambda path: (post(f"{path}?a=b", alert("q")),),
    "an unknown secret": lambda path: (post(f"{path}x", alert("s")),),
    "another sender's name": lambda path: (post(path.replace("/in/", "/in/alertmanager/"), alert("s")),),
    "a secret with an escape": lambda path: (post(path + "%20", alert("s")),),
    "no such path": lambda path: (post("/outside", alert("s")),),
    "not HTTP": lambda path: (b"\x16\x03\x01 hello\r\n\r\n",),
    "a length that is no number": lambda path: (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n".encode() + alert("n"),
    ),
    "two lengths": lambda path: (post(path, alert("n"), "Content-Length: 3"),),
    "an authorization": lambda path: (post(path, alert("h"), "Authorization: Bearer x"),),
}


def told(raw: bytes) -> bytes:
    """Without what differs from one moment to the next."""
    raw = re.sub(rb"date: [^\r]*", b"date: -", raw)
    return re.sub(rb'"id":"[0-9a-f-]{36}"', b'"id":"-"', raw)


def asked(served: Served, path: str, cases: dict[str, Callable[[str], tuple[bytes, ...]]]) -> dict[str, bytes]:
    """What each case is answered, each on a connection of its own."""
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(cases, pool.map(lambda make: told(served.send(*make(path))), cases.values()), strict=True))


def test_what_is_plain_takes_the_short_way_and_is_answered_alike(both: tuple[Served, Served, str]) -> None:
    ordinary, short, path = both
    answers = asked(short, path, PLAIN)
    assert short.short >= len(PLAIN), "of the two that share a connection, the second may find it busy"
    assert answers == asked(ordinary, path, PLAIN)
    assert ordinary.short == 0
    assert [name for name, answer in answers.items() if b" 202 " not in answer] == []


def test_all_else_goes_the_ordinary_way_to_the_same_answer(both: tuple[Served, Served, str]) -> None:
    ordinary, short, path = both
    answers = asked(short, path, OTHER)
    assert answers == asked(ordinary, path, OTHER)
    assert all(answers.values())
    assert short.short <= len(OTHER) // 4, "only of those with two requests may the first be plain"


def test_a_head_that_is_known_needs_no_parser_and_all_that_differs_from_it_does(
    both: tuple[Served, Served, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary, short, path = both
    parsed: list[bytes] = []
    read = HttpToolsProtocol.data_received

    def watch(self: HttpToolsProtocol, data: bytes) -> None:
        parsed.append(data)
        read(self, data)

    monkeypatch.setattr(HttpToolsProtocol, "data_received", watch)
    known = [post(path, alert(f"key-{number}" + "x" * number), "X-Sender: a") for number in range(12)]
    assert all(answer.startswith(b"HTTP/1.1 202 ") for answer in short.converse(known))
    assert parsed == known[:1], "the others have its head, whatever their length"
    for odd in (
        post(path, alert("a"), "X-Sender: b"),
        post(path, alert("a"), "X-Sender: a", "Connection: close"),
        post(path + "x", alert("a"), "X-Sender: a"),
        post(path, alert("a"), "X-Sender: a", version="1.0"),
        post(path, b"[]", "X-Sender: a"),
        post(path, b"", "X-Sender: a"),
        post(path, alert("a" * LIMIT), "X-Sender: a"),
        post(path, alert("a"), "X-Sender: a", length=3),
        post(path, alert("a"), "X-Sender: a", "Content-Length: 3"),
        post(path, alert("a"), "X-Sender: a").replace(b"Content-Length:", b"Content-Length: +"),
        post(path, alert("a"), "X-Sender: a").replace(b"\r\n", b"\n"),
        post(path, alert("a"), "X-Sender: a") * 2,
        post(path, alert("a"), "X-Sender: a") + b"\r\n",
    ):
        parsed.clear()
        answer = told(short.send(odd, wait=0.2))
        assert parsed[:1] == [odd]
        assert answer == told(ordinary.send(odd, wait=0.2))


def test_a_connection_that_rests_is_closed_after_its_time_and_not_before(both: tuple[Served, Served, str]) -> None:
    _, short, path = both
    with socket.create_connection(("127.0.0.1", short.port), timeout=30) as connection:
        for number in range(3):
            time.sleep(0.9 * min(number, 1))  # longer in all than it may rest
            connection.sendall(post(path, alert(f"rest-{number}")))
            assert connection.recv(65536).startswith(b"HTTP/1.1 202 ")
        answered = time.monotonic()
        assert connection.recv(65536) == b""
        assert time.monotonic() - answered > 1.5


def test_what_was_answered_is_on_disk(both: tuple[Served, Served, str], database: Database) -> None:
    _, short, path = both
    for number in range(20):
        assert b" 202 " in short.send(post(path, alert(f"kept-{number}")), wait=0.1)
    kept = {each.dedup_key for each in database.read(lambda c: alerts(c, SYSTEM, limit=1000))}
    assert {f"kept-{number}" for number in range(20)} <= kept
    assert short.short == 20


def test_a_writer_that_takes_nothing_is_answered_alike(both: tuple[Served, Served, str]) -> None:
    ordinary, short, path = both
    for each in (ordinary, short):
        each.writer._stopping = True
    answers = [told(each.send(post(path, alert("a")))) for each in (ordinary, short)]
    assert answers[0] == answers[1]
    assert b" 503 " in answers[1]
    assert b"retry-after: 2" in answers[1]


def test_an_alert_that_is_being_written_when_the_server_ends_is_answered(
    both: tuple[Served, Served, str], database: Database
) -> None:
    _, short, path = both
    held, go_on = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        held.set()
        go_on.wait(10)

    database.submit(hold)
    held.wait(10)
    answer: list[bytes] = []
    short.writer.got_one.clear()
    asking = threading.Thread(target=lambda: answer.append(short.send(post(path, alert("late")))))
    asking.start()
    assert short.writer.got_one.wait(10)
    short.server.should_exit = True
    time.sleep(0.3)
    go_on.set()
    asking.join(10)
    assert b" 202 " in answer[0]
    short.thread.join(10)
    assert not short.thread.is_alive()
