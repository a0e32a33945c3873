"""Pages by Apprise: the services that have no method of their own, within the house's rules."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.paging.conftest import Night
from tests.standins.gotify import GOTIFY_TOKEN, GotifyStandin
from tests.standins.smtp import SmtpStandin
from tocsin.clients import apprise
from tocsin.clients.addresses import Allowed
from tocsin.clock import SimulatedClock
from tocsin.errors import Invalid
from tocsin.paging.methods import kind_named
from tocsin.store.database import Database

LOOPBACK = Allowed.parse(["127.0.0.1"])


@pytest.fixture
def gotify() -> Iterator[GotifyStandin]:
    standin = GotifyStandin()
    standin.start()
    yield standin
    standin.stop()


@pytest.fixture
def night(database: Database, clock: SimulatedClock, smtp: SmtpStandin) -> Iterator[Night]:
    made = Night(database, clock, smtp)
    yield made
    made.close()


def address(gotify: GotifyStandin, token: str = GOTIFY_TOKEN) -> str:
    return f"gotify://{gotify.url.removeprefix('http://')}/{token}"


def test_a_page_goes_out_with_its_link(night: Night, gotify: GotifyStandin) -> None:
    night.method("dana", "apprise", address(gotify))
    night.group()
    (sent,) = gotify.sent
    assert sent["title"] == "Checkout is failing"
    assert "Acknowledge: https://tocsin.example/p/" in sent["message"]
    assert night.texts("receipt")


def test_what_the_service_refuses_gives_way_to_mail_and_says_why(
    night: Night, gotify: GotifyStandin, smtp: SmtpStandin
) -> None:
    night.method("dana", "apprise", address(gotify, "wrong.token.of.x"))
    night.mail("dana")
    night.group()
    assert "401" in str(night.texts("failed")[0])
    assert "wrong.token" not in str(night.texts("failed")[0])
    assert smtp.to("dana@example.com")


def test_a_service_that_is_down_is_tried_again(night: Night, gotify: GotifyStandin) -> None:
    night.method("dana", "apprise", address(gotify))
    gotify.answer_with(503)
    night.group()
    gotify.answer_with(200)
    night.pass_time(seconds=10)
    assert gotify.sent


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("", "looks like"),
        ("pover", "looks like"),
        ("nothing://x", "can't send"),
        ("gotify://", "can't send"),
        ("pover://only-a-user", "can't send"),
        ("syslog://", "does not go over HTTP"),
        ("mailto://user:pass@gmail.com", "does not go over HTTP"),
        ("json://a b/", "looks like"),
    ],
)
def test_an_address_that_is_none_is_refused_by_name(told: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        kind_named("apprise").check(told)


def test_screens_show_the_service_alone() -> None:
    assert kind_named("apprise").shown("gotify://host/secret-token") == "gotify://…"


def test_nothing_inside_is_reached_unless_the_operator_allows_it(gotify: GotifyStandin) -> None:
    sent = apprise.send(address(gotify), "title", "text", urgent=True, allowed=Allowed())
    assert not sent.ok
    assert sent.for_good
    assert "not a public address" in sent.error
    assert not gotify.sent


def test_a_redirect_leads_inside_neither(gotify: GotifyStandin) -> None:
    target = f"{gotify.url}/message"

    class Sends(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(307)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.2", 0), Sends)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"gotify://127.0.0.2:{server.server_address[1]}/{GOTIFY_TOKEN}"
    try:
        sent = apprise.send(url, "title", "text", urgent=True, allowed=Allowed.parse(["127.0.0.2"]))
    finally:
        server.shutdown()
        server.server_close()
    assert "127.0.0.1, which is not a public address" in sent.error
    assert not gotify.sent


def test_two_at_once_have_each_their_own_rules(gotify: GotifyStandin) -> None:
    results: list[bool] = []

    def send(allowed: Allowed) -> None:
        results.append(apprise.send(address(gotify), "title", "text", urgent=False, allowed=allowed).ok)

    threads = [threading.Thread(target=send, args=(each,)) for each in (LOOPBACK, Allowed()) * 5]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(results) == [False] * 5 + [True] * 5
    assert len(gotify.sent) == 5
