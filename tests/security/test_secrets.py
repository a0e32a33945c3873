"""What is told once stays untold: not in the log, not in the audit trail, not in later answers, not on the disk."""

import json
import re
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.security.restricted import WORD, Secret
from tests.security.test_restricted import api_paths, filled
from tests.security.world import World
from tests.standins.methods import code_in
from tests.standins.smtp import SmtpStandin
from tocsin.demo.installation import Installation

PASSWORD = "correct horse battery staple"
HOOK = "/hook/SECRET-IN-ADDRESS"
TOPIC = "topic-SECRET"


def test_no_secret_is_in_the_log_on_the_disk_or_told_again(server: Installation, smtp: SmtpStandin) -> None:
    """A whole run of the real program, in which every kind of secret is made and used."""
    told_at_start = server.child.output
    client, secrets = server.client, {"the administrator's token": server.token or ""}
    link = server.sign_in_link
    secrets["the first sign-in link"] = link.rpartition("/")[2]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar := CookieJar()))
    browser.open(link, urlencode({"password": PASSWORD}).encode())
    secrets["the session"] = next(cookie.value or "" for cookie in jar if cookie.name == "tocsin_session")
    assert secrets["the session"]
    secrets["the password"] = PASSWORD
    secrets["the first integration"] = server.alert_url.rpartition("/")[2]
    made = ask(client.url, "POST", "/integrations", server.token, {"name": "two", "sender": "generic"})
    secrets["an integration"] = made["url"].rpartition("/")[2]
    rotated = ask(client.url, "POST", f"/integrations/{made['id']}/rotate", server.token, {})
    secrets["a rotated integration"] = rotated["url"].rpartition("/")[2]
    secrets["an invitation"] = ask(
        client.url, "POST", "/invitations", server.token, {"person": "dana", "name": "Dana", "email": "dana@larkfield.example"}
    )["link"].rpartition("/")[2]  # fmt: skip
    secrets["a token"] = ask(
        client.url, "POST", "/tokens", server.token, {"name": "x", "scopes": ["respond"]}, key="k"
    )["token"]
    again = ask(client.url, "POST", "/tokens", server.token, {"name": "x", "scopes": ["respond"]}, key="k")
    assert again["token"] is None, "an answer given again holds no secret"
    hook = ask(
        client.url,
        "POST",
        "/people/ada/methods",
        server.token,
        {"kind": "webhook", "target": f"http://127.0.0.1:9{HOOK}"},
    )
    secrets["a webhook's secret"] = hook["secret"]
    secrets["a webhook's address"] = HOOK
    ask(
        client.url,
        "POST",
        "/people/ada/methods",
        server.token,
        {"kind": "ntfy", "target": f"http://127.0.0.1:9/{TOPIC}"},
    )
    secrets["an ntfy topic"] = TOPIC
    mail = ask(
        client.url, "POST", "/people/ada/methods", server.token, {"kind": "email", "target": "ada@larkfield.example"}
    )
    came = smtp.wait_for(lambda each: code_in(each.text) is not None)
    secrets["a code"] = code = code_in(came.text) or ""
    ask(client.url, "POST", f"/methods/{mail['id']}/verify", server.token, {"code": code})
    for wrong in ("nothing", "x" * 43):
        for path in (f"/in/{wrong}", f"/p/{wrong}"):
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(
                    urllib.request.Request(client.url + path, b"{}", {"Content-Type": "application/json"})
                )
    alert = json.dumps({"title": "x", "dedup_key": "x"}).encode()
    urllib.request.urlopen(urllib.request.Request(rotated["url"], alert, {"Content-Type": "application/json"})).read()
    page = smtp.wait_for(lambda each: "/p/" in each.text)
    secrets["a page's link"] = linked = re.findall(r"/p/(\S+)", page.text)[0]
    urllib.request.urlopen(f"{client.url}/p/{linked}").read()

    later = ""
    for path in (
        "/audit?limit=200",
        "/integrations",
        "/tokens",
        "/people/ada/methods",
        "/people",
        "/me",
        "/pages?state=all",
    ):
        later += json.dumps(ask(client.url, "GET", path, server.token))
    assert {name for name, value in secrets.items() if value in later} == set()

    server.stop()
    # the screen method prints a page with its link for whoever watches the server; nothing else may tell it
    log = "\n".join(line for line in server.output.splitlines() if not line.startswith("     acknowledge: "))
    printed_once = {"the first sign-in link", "the first integration"}
    assert {name for name, value in secrets.items() if value in log and name not in printed_once} == set()
    for name in printed_once:
        assert secrets[name] not in log.replace(told_at_start, ""), name

    if server.database_url.startswith("sqlite"):
        stored = b"".join(path.read_bytes() for path in Path(server.directory, "data").glob("tocsin.db*"))
        kept_open = {"a page's link"}  # a link is its page and person, signed; nothing of it needs to be stored
        assert {name for name, value in secrets.items() if value.encode() in stored} <= kept_open
        assert b"$argon2id$" in stored
    key = Path(server.directory, "data", "installation.key")
    assert key.stat().st_mode & 0o077 == 0


def test_no_address_of_the_api_tells_a_secret_that_was_told_once(world: World, secret: Secret) -> None:
    mira = world.session("mira")
    told = {
        "token": mira.call("POST", "/tokens", {"name": "t", "scopes": ["read"]})["token"],
        "integration": mira.call("POST", "/integrations", {"name": "secretive"})["url"].rpartition("/")[2],
        "invitation": mira.call(
            "POST", "/invitations", {"person": "newcomer", "name": "N", "email": "newcomer@larkfield.example"}
        )["link"].rpartition("/")[2],
        "webhook": mira.call(
            "POST", "/people/mira/methods", {"kind": "webhook", "target": f"https://a.example/{WORD}-hook"}
        )["secret"],
    }
    wrong = []
    for visitor in (mira, world.session("dana")):
        for route in api_paths(world, "get"):
            for place in filled(route, secret):
                text = visitor.api("GET", place).text
                wrong += [(visitor.name, place, name) for name, value in told.items() if value in text]
        methods = visitor.api("GET", "/people/mira/methods").text
        assert f"{WORD}-hook" not in methods
    assert not wrong


def ask(base: str, method: str, path: str, token: str | None, body: Any = None, key: str = "") -> Any:
    """One request to the real server's API."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"} | (
        {"Idempotency-Key": key} if key else {}
    )
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{base}/api/v1{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())
