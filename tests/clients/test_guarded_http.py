"""What a user can make Tocsin call: the public world and what the operator allowed; nothing else in disguise."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.standins.receiver import Received, Receiver, Refusal
from tocsin.clients.addresses import AddressRefused, Allowed, check_address, check_url, shown
from tocsin.clients.guarded_http import GuardedHttp, Unreachable
from tocsin.errors import ConfigurationError

LOOPBACK = Allowed.parse(["127.0.0.0/8"])


class Names:
    """A name server for the test; counts what it is asked."""

    def __init__(self, **names: str) -> None:
        self.names = {name.replace("_", "."): address for name, address in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.names.get(host, host).split()


class Redirecting(Receiver):
    """Answers every request with a redirect."""

    def __init__(self, to: str, status: int = 302) -> None:
        super().__init__()
        self.to, self.redirect_status = to, status
        self.seen: list[Received] = []

    def _handler(self) -> Any:
        standin = self
        base = super()._handler()

        class Handler(base):  # type: ignore[misc, valid-type]
            def _take(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                standin.seen.append(Received(self.command, self.path, headers, self.rfile.read(length)))
                self.send_response(standin.redirect_status)
                self.send_header("Location", standin.to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = _take  # noqa: N815

        return Handler


class Echo(Receiver):
    """Answers 200 to everything with what it got."""

    def judge(self, request: Received) -> Mapping[str, Any]:
        return {"method": request.method, "headers": dict(request.headers), "body": request.body.decode()}


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
    ],
)
def test_special_addresses_are_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="not a public address"):
        check_address("hooks.example", address, Allowed())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_public_addresses_are_called(address: str) -> None:
    check_address("hooks.example", address, Allowed())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "http://", "//x", "http://[::1", "x"])
def test_only_web_addresses_are_called(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url)


def test_the_operator_allows_hosts_patterns_and_networks() -> None:
    allowed = Allowed.parse(["prometheus.internal", "*.lan", "10.0.0.0/8", "::1"])
    check_address("Prometheus.Internal", "192.168.1.1", allowed)
    check_address("db.lan", "192.168.1.1", allowed)
    check_address("x", "10.9.9.9", allowed)
    check_address("x", "::ffff:10.9.9.9", allowed)
    check_address("x", "::1", allowed)
    with pytest.raises(AddressRefused):
        check_address("evil-lan", "192.168.1.1", allowed)
    with pytest.raises(ConfigurationError, match=r"10\.0\.0\.0/99"):
        Allowed.parse(["10.0.0.0/99"])


def test_a_message_never_shows_a_secret_of_the_address() -> None:
    assert shown("https://user:pw@hooks.example/T0/secret?token=1") == "https://hooks.example/…"


def test_loopback_is_refused_unless_allowed(receiver: Receiver) -> None:
    with pytest.raises(AddressRefused, match="outgoing_allow"):
        asyncio.run(GuardedHttp().post_json(receiver.url, {}))
    assert asyncio.run(GuardedHttp(LOOPBACK).post_json(receiver.url + "/hook", {"a": 1})).ok
    assert [request.json for request in receiver.received] == [{"a": 1}]


def test_one_bad_address_among_several_refuses_the_name() -> None:
    names = Names(mixed_example="93.184.216.34 10.0.0.1")
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        asyncio.run(GuardedHttp(resolve=names).get("http://mixed.example/"))


def test_the_name_is_asked_once_and_the_connection_goes_to_what_was_checked() -> None:
    echo = Echo().start()
    try:
        port = echo.url.rpartition(":")[2]
        names = Names(front_test="127.0.0.1")
        answer = asyncio.run(GuardedHttp(Allowed.parse(["front.test"]), names).get(f"http://front.test:{port}/x"))
        assert answer.json()["headers"]["host"] == f"front.test:{port}"
        assert names.asked == ["front.test"]
    finally:
        echo.stop()


def test_a_redirect_to_a_private_address_is_refused(receiver: Receiver) -> None:
    front = Redirecting(receiver.url + "/inside").start()
    try:
        port = front.url.rpartition(":")[2]
        http = GuardedHttp(Allowed.parse(["front.test"]), Names(front_test="127.0.0.1"))
        with pytest.raises(AddressRefused):
            asyncio.run(http.get(f"http://front.test:{port}/"))
        assert receiver.received == [] and len(front.seen) == 1
        front.to = "file:///etc/passwd"
        with pytest.raises(AddressRefused):
            asyncio.run(http.get(f"http://front.test:{port}/"))
    finally:
        front.stop()


def test_a_redirect_keeps_the_body_with_307_and_drops_credentials_for_another_origin() -> None:
    echo = Echo().start()
    front = Redirecting(echo.url + "/to", status=307).start()
    try:
        answer = asyncio.run(
            GuardedHttp(LOOPBACK).post_json(front.url, {"a": 1}, headers={"Authorization": "Bearer x"})
        )
        got = answer.json()
        assert front.seen[0].headers["authorization"] == "Bearer x"
        assert json.loads(got["body"]) == {"a": 1} and "authorization" not in got["headers"]
        front.redirect_status = 302
        assert asyncio.run(GuardedHttp(LOOPBACK).post_json(front.url, {})).status == 302
    finally:
        front.stop()
        echo.stop()


def test_a_ring_of_redirects_ends() -> None:
    front = Redirecting("/again").start()
    try:
        with pytest.raises(Unreachable, match="more than 5 times"):
            asyncio.run(GuardedHttp(LOOPBACK).get(front.url))
    finally:
        front.stop()


def test_no_answer_is_said_with_the_host_and_not_the_secret(receiver: Receiver) -> None:
    receiver.hang()
    with pytest.raises(Unreachable, match=r"did not answer within 0\.2 s") as raised:
        asyncio.run(GuardedHttp(LOOPBACK).call("POST", receiver.url + "/sekrit", content=b"{}", seconds=0.2))
    receiver.go_on()
    assert "sekrit" not in raised.value.message
    receiver.stop()
    with pytest.raises(Unreachable):
        asyncio.run(GuardedHttp(LOOPBACK).get(receiver.url))


def test_refusals_are_answers() -> None:
    class Refusing(Receiver):
        def judge(self, request: Received) -> Mapping[str, Any]:
            raise Refusal(410, {"gone": True})

    server = Refusing().start()
    try:
        answer = asyncio.run(GuardedHttp(LOOPBACK).post_json(server.url, {}))
        assert (answer.status, answer.ok, answer.json()) == (410, False, {"gone": True})
    finally:
        server.stop()
