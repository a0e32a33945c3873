"""No address that a user can set leads to what trusts whoever can reach it."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.security.world import World, opened
from tests.standins.receiver import Receiver
from tocsin.clients.addresses import Allowed
from tocsin.clients.guarded_http import GuardedHttp
from tocsin.recovery.sources import measure
from tocsin.timeline.facts.recovery import CheckSpec

INSIDE = (
    "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "2130706433", "0x7f.1",
    "169.254.169.254", "[::ffff:169.254.169.254]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fe80::1]",
    "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "[::]", "224.0.0.1", "255.255.255.255",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[World]:
    """A shop whose operator allowed no private address."""
    data = tmp_path_factory.mktemp("outgoing")
    shutil.copy(migrated_sqlite, data / "tocsin.db")
    with opened(f"sqlite:///{data / 'tocsin.db'}", data) as made:
        yield made


def spec(kind: str, url: str) -> CheckSpec:
    """A check that would call the address."""
    query, source = (url, None) if kind == "http" else ("up", url)
    return CheckSpec(id="x", name="x", kind=kind, query=query, source=source, comparator="<", threshold=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["http", "promql"])
@pytest.mark.parametrize("host", INSIDE)
def test_a_check_does_not_reach_inside(shop: World, kind: str, host: str) -> None:
    assert shop.client.portal is not None
    url = f"http://{host}:9/latest/meta-data"
    sample = shop.client.portal.call(measure, shop.parts.http, spec(kind, url), None, shop.clock.now())
    assert sample.verdict == "no_data"
    assert "not a public address" in sample.detail or "can't be found" in sample.detail, sample


@pytest.mark.parametrize("kind", ["http", "promql"])
def test_a_redirect_does_not_lead_inside_either(shop: World, receiver: Receiver, kind: str) -> None:
    """The operator allowed one host by its name; what it redirects to is judged anew."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1" if host == "front.example" else host]

    front = _Front(f"{receiver.url}/inside").start()
    guarded = GuardedHttp(Allowed.parse(["front.example"]), resolve)
    assert shop.client.portal is not None
    url = front.url.replace("127.0.0.1", "front.example")
    sample = shop.client.portal.call(measure, guarded, spec(kind, url), None, shop.clock.now())
    front.stop()
    assert sample.verdict == "no_data"
    assert "not a public address" in sample.detail or "answered 302" in sample.detail
    assert not receiver.received


@pytest.mark.parametrize("kind", ["webhook", "ntfy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254"])
def test_no_code_and_no_page_is_sent_inside(shop: World, receiver: Receiver, kind: str, host: str) -> None:
    dana = shop.session("dana")
    url = receiver.url.replace("127.0.0.1", host) + "/topic"
    made = dana.api("POST", "/people/dana/methods", {"kind": kind, "target": url})
    if made.status_code < 400:
        shop.settle()
        shop.session("mira").call("POST", f"/methods/{made.json()['id']}/vouch")
        dana.call("POST", "/pages", {"to": "dana", "text": "x"})
        shop.settle()
        shop.pass_time(timedelta(minutes=2))
        dana.call("DELETE", f"/methods/{made.json()['id']}")
    assert not receiver.received


@pytest.mark.parametrize(
    "url",
    [
        "javascript:pwned()",
        "data:text/html,x",
        "file:///etc/passwd",
        "//evil.example",
        "ftp://a.example",
        "https://",
        "gopher://127.0.0.1",
    ],
)
def test_links_are_web_addresses(shop: World, url: str) -> None:
    dana = shop.session("dana")
    number = dana.call("POST", "/incidents", {"title": "x", "severity": 3})["incident"]["number"]
    for path, body in (
        (f"/incidents/{number}/links", {"url": url}),
        (f"/incidents/{number}/artifacts", {"what": "logs", "available": True, "url": url}),
        ("/changes", {"service": "ledger", "summary": "x", "link": url}),
        ("/people/dana/methods", {"kind": "webhook", "target": url}),
        ("/people/dana/methods", {"kind": "ntfy", "target": url}),
    ):
        answer = dana.api("POST", path, body)
        assert answer.status_code == 422, (path, answer.text)


class _Front(Receiver):
    """Sends everybody elsewhere."""

    def __init__(self, to: str) -> None:
        self.to = to
        super().__init__()

    def _handler(self):  # type: ignore[no-untyped-def]
        to, base = self.to, super()._handler()

        class Handler(base):  # type: ignore[misc, valid-type]
            def _take(self) -> None:
                self.send_response(302)
                self.send_header("Location", to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = _take  # noqa: N815

        return Handler
