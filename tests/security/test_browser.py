"""What a browser must never be made to do: run what somebody wrote, go where somebody sent it, leak where it was."""

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from markdown_it import MarkdownIt

from tests.security.restricted import alert
from tests.security.world import World, opened
from tocsin.identity.accounts import set_password
from tocsin.identity.actor import Right, person
from tocsin.identity.keys import keys_of
from tocsin.paging.links import make_token
from tocsin.web.markdown import prose
from tocsin.web.pages.registry import SCREENS

RAW = '<script>pwned()</script><img src=x onerror="pwned()"><a href="javascript:pwned()">x</a>"\'><svg onload=pwned()>'
MARKED = f"{RAW} [go](javascript:pwned()) ![x](javascript:pwned()) <javascript:pwned()> x{{{{7*7}}}}x ${{7*7}}x"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="pwned()"><script>pwned()</script></svg>'


class Looking(HTMLParser):
    """Everything on a page that a browser would run or go to."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.bare_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and not given.get("src", "").startswith("/static/"):
            self.wrong.append(f"<script {given}>")
        if tag in ("iframe", "object", "embed", "base") or (tag == "meta" and "http-equiv" in given):
            self.wrong.append(f"<{tag} {given}>")
        for name, value in given.items():
            if name.startswith("on"):
                self.wrong.append(f"<{tag} {name}={value!r}>")
            scheme = urlsplit(value.strip()).scheme.lower() if name in ("href", "src", "action", "formaction") else ""
            if scheme not in ("", "http", "https", "mailto", "tel"):
                self.wrong.append(f"<{tag} {name}={value!r}>")


def found_in(text: str) -> list[str]:
    """What of a page a browser would run."""
    looking = Looking()
    looking.feed(text)
    return [
        each for each in looking.wrong if "pwned" in each or "<script" in each or each.startswith(("<iframe", "<base"))
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[World]:
    """A shop of its own: what a page escapes does not depend on the engine."""
    data = tmp_path_factory.mktemp("browser")
    shutil.copy(migrated_sqlite, data / "tocsin.db")
    with opened(f"sqlite:///{data / 'tocsin.db'}", data) as made:
        yield made


@pytest.fixture(scope="module")
def hostile(shop: World) -> dict[str, str]:
    """An incident in which every text is an attack; the ids of what hangs on it."""
    dana, mira = shop.session("dana"), shop.session("mira")
    made = mira.call("POST", "/integrations", {"name": RAW, "sender": "generic"})
    integration = made["id"]
    url = str(made["url"]).removeprefix("http://tocsin.example")
    answer = shop.client.post(
        url,
        json={
            "dedup_key": RAW, "title": MARKED, "description": MARKED, "severity": "critical", "service": "checkout-api",
            "labels": {RAW: MARKED, "x": RAW}, "annotations": {"runbook_url": "javascript:pwned()", RAW: RAW},
            "links": [{"url": "javascript:pwned()", "title": RAW}, {"url": 'https://example.com/?a="><script>', "title": RAW}],
        },
    )  # fmt: skip
    assert answer.status_code in (200, 202)
    alert(shop, url, "free", MARKED)
    groups = dana.call("GET", "/groups")["items"]
    assert len(groups) == 2
    dana.call(
        "POST",
        "/changes",
        {
            "service": "checkout-api",
            "summary": MARKED,
            "version": RAW,
            "author": RAW,
            "undo": RAW,
            "link": 'https://example.com/"onmouseover="pwned()',
        },
    )
    mira.call("POST", "/silences", {"match": {"x": RAW}, "for": "5m", "reason": MARKED})
    title = MARKED[:190]
    number = dana.call(
        "POST", "/incidents",
        {"title": title, "severity": 1, "services": ["checkout-api"], "group_ids": [groups[0]["id"]], "labels": {"x": RAW}},
    )["incident"]["number"]  # fmt: skip
    at = f"/incidents/{number}"
    shop.settle()
    for path, body in (
        ("/roles", {"role": "commander"}), ("/notes", {"text": MARKED}), ("/symptoms", {"text": MARKED}),
        ("/impact", {"customers": MARKED}), ("/freeze", {"services": ["checkout-api"], "reason": MARKED}),
        ("/links", {"url": "https://example.com/?q=\"'onclick=pwned()", "title": RAW}),
        ("/updates", {"known": MARKED, "doing": MARKED, "next": MARKED}),
        ("/updates", {
            "audience": "external", "known": MARKED, "doing": MARKED, "next": MARKED, "headline": RAW, "alone_reason": RAW,
        }),
        ("/vendors", {"vendor": "paylane", "reference": RAW, "contact": RAW}),
        ("/checks", {"name": RAW, "kind": "person", "query": MARKED, "id": "hostile"}),
        ("/decisions", {"command": f"```\n</code></pre>{MARKED}", "expected": MARKED, "by": "10m", "title": RAW}),
        ("/followups", {"title": MARKED, "what": "tests"}), ("/flags", {"note": MARKED}),
        ("/artifacts", {"what": "logs", "available": True, "title": RAW, "url": 'https://example.com/"onclick="pwned()'}),
    ):  # fmt: skip
        dana.call("POST", at + path, body)
    for section in ("summary", "root_cause"):
        dana.api("PUT", f"{at}/postmortem", {"section": section, "text": MARKED})
    kept = {}
    for media_type in ("image/svg+xml", "text/html"):
        made = dana.call("POST", f"{at}/evidence", {"title": f'{RAW}".svg', "text": SVG, "media_type": media_type})
        kept[media_type] = made["evidence_id"]
    for update in dana.call("GET", at)["comms"]["proposed"]:
        mira.api("POST", f"{at}/updates/{update}/approve", {"reason": "x"})
    page = mira.call("POST", "/pages", {"to": "dana", "text": MARKED, "detail": MARKED, "incident": number})
    mira.call("POST", f"/pages/{page['id']}/notes", {"text": MARKED})
    free = next(each for each in dana.call("GET", "/pages?state=all")["items"] if not each["incident"])
    shop.settle()
    ids = {
        "number": str(number),
        "page": page["id"],
        "free": free["id"],
        "svg": kept["image/svg+xml"],
        "html": kept["text/html"],
    }
    return {
        **ids,
        "evidence": ids["svg"],
        "service": "checkout-api",
        "integration": integration,
        "schedule": "checkout",
    }


def screens(hostile: dict[str, str]) -> list[str]:
    """Every screen that shows something of it."""
    found = []
    for screen in SCREENS:
        path = screen.path
        for name, value in hostile.items():
            path = path.replace(f"{{{name}}}", value).replace(f"{{{name}:int}}", value)
        found.append(path)
    return [
        *found,
        "/alerts?tab=history",
        "/incidents?q=%22%3E%3Cscript%3Epwned()%3C/script%3E",
        f"/pages/{hostile['free']}",
    ]


def test_nothing_that_somebody_wrote_runs_on_any_screen(shop: World, hostile: dict[str, str]) -> None:
    mira, wrong, shown = shop.session("mira"), {}, 0
    for place in screens(hostile):
        answer = mira.ask("GET", place)
        # a schedule that comes from files is not edited here
        wanted = 409 if place == "/oncall/schedules/checkout/edit" else 200
        assert answer.status_code == wanted or place.startswith("/runbook/services/"), place
        if "html" in answer.headers["content-type"]:
            shown += "pwned" in answer.text
            if found := found_in(answer.text):
                wrong[place] = found
            assert "x49x" not in answer.text, place
    assert not wrong
    assert shown > 8, "the texts do stand on the screens"


def test_nor_on_what_strangers_see(shop: World, hostile: dict[str, str]) -> None:
    nobody = shop.nobody()
    token = shop.database.read(lambda c: make_token(keys_of(c), hostile["page"], "dana"))
    for place in (
        f"/p/{token}",
        "/status",
        "/sign-in?next=%22%3E%3Cscript%3Epwned()%3C/script%3E",
        "/sign-in/%3Cscript%3E",
        "/p/%3Cscript%3E",
    ):
        assert not found_in(nobody.ask("GET", place).text), place
    assert "pwned" in nobody.ask("GET", "/status").text


def test_exported_markdown_runs_nothing_either(shop: World, hostile: dict[str, str]) -> None:
    dana = shop.session("dana")
    careless = MarkdownIt("commonmark", {"html": True}).enable("table")
    careless.validateLink = lambda url: True  # type: ignore[method-assign]
    for place in (f"/incidents/{hostile['number']}/document.md", f"/incidents/{hostile['number']}/postmortem.md"):
        text = dana.api("GET", place).text
        assert "pwned" in text
        assert not found_in(str(prose(text))), place
        assert not [each for each in found_in(careless.render(text)) if "javascript:" not in each], place


@pytest.mark.parametrize("kind", ["svg", "html"])
def test_evidence_is_kept_never_shown(shop: World, hostile: dict[str, str], kind: str) -> None:
    dana = shop.session("dana")
    for place in (f"/evidence/{hostile[kind]}", f"/api/v1/incidents/{hostile['number']}/evidence/{hostile[kind]}"):
        answer = dana.ask("GET", place)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (
            "script-src" not in answer.headers["content-security-policy"]
            or "'self'" in answer.headers["content-security-policy"]
        )


def test_every_answer_carries_the_headers(shop: World, hostile: dict[str, str]) -> None:
    token = shop.database.read(lambda c: make_token(keys_of(c), hostile["page"], "dana"))
    places = [
        "/sign-in",
        "/status",
        f"/p/{token}",
        "/p/nothing",
        "/sign-in/nothing",
        "/nothing-there",
        "/api/v1/me",
        "/api/v1/docs",
    ]
    for visitor in (shop.nobody(), shop.session("mira")):
        for place in (*places, *screens(hostile)):
            answer = visitor.ask("GET", place)
            if answer.status_code == 404 and place == "/nothing-there":
                continue
            headers, policy = answer.headers, answer.headers.get("content-security-policy", "")
            assert "default-src 'none'" in policy, place
            assert "unsafe-eval" not in policy, place
            assert "script-src" not in policy or "script-src 'self';" in policy, place
            assert "frame-ancestors 'none'" in policy or "sandbox" in policy, place
            assert headers.get("x-content-type-options") == "nosniff", place
            assert headers.get("referrer-policy") in ("same-origin", "no-referrer"), place
            assert "no-store" in headers.get("cache-control", "") or place == "/status", place


def test_the_addresses_that_carry_secrets_are_told_to_nobody(shop: World, hostile: dict[str, str]) -> None:
    token = shop.database.read(lambda c: make_token(keys_of(c), hostile["page"], "dana"))
    for place in (f"/p/{token}", "/sign-in/some-secret-link"):
        assert shop.nobody().ask("GET", place).headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:pwned()",
     "/%0d%0aLocation: https://evil.example", "http:evil.example", " //evil.example", "///evil.example", "/\n/evil.example"],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(shop: World, elsewhere: str) -> None:
    shop.database.write(
        lambda c, now: set_password(c, person("vera", "Vera", Right.VIEWER), "vera", "correct horse battery", now)
    )
    form = {"email": "vera@larkfield.example", "password": "correct horse battery", "next": elsewhere}
    answer = shop.nobody().ask("POST", "/sign-in", data=form)
    assert answer.status_code == 303
    place = answer.headers["location"]
    assert place.startswith("/") and not place.startswith(("//", "/\\")), place
    assert "\r" not in place and "\n" not in place
    shown = shop.nobody().ask("GET", "/sign-in", params={"next": elsewhere}).text
    told = re.search(r'name="next" value="([^"]*)"', shown)
    assert told and told[1].startswith("/") and not told[1].startswith(("//", "/\\"))


def test_a_refused_button_leads_back_to_us_only(shop: World, hostile: dict[str, str]) -> None:
    mira = shop.session("mira")
    for came_from in (
        "https://evil.example/",
        "http://tocsin.example//evil.example",
        "http://tocsin.example.evil.example/",
    ):
        answer = mira.ask(
            "POST",
            f"/incidents/{hostile['number']}/do/resolve",
            data={"csrf": mira.csrf},
            headers={"Referer": came_from},
        )
        place = answer.headers.get("location", "/")
        assert place.startswith("/") and not place.startswith("//"), place


@pytest.mark.parametrize(
    ("public", "base"),
    [("https://tocsin.example", "http://tocsin.example"), ("http://tocsin.example", "https://tocsin.example")],
)
def test_the_session_cookie_is_kept_from_scripts_other_sites_and_plain_http(
    tmp_path: Path, migrated_sqlite: Path, public: str, base: str
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "tocsin.db")
    with opened(f"sqlite:///{tmp_path / 'tocsin.db'}", tmp_path, public_url=public) as made:
        made.database.write(
            lambda c, now: set_password(c, person("vera", "Vera", Right.VIEWER), "vera", "correct horse battery", now)
        )
        form = {"email": "vera@larkfield.example", "password": "correct horse battery"}
        answer = made.client.post(f"{base}/sign-in", data=form, follow_redirects=False)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("tocsin_session=")
        assert {"httponly", "samesite=lax", "secure"} <= {part.strip().lower() for part in cookie.split(";")}
        if base.startswith("https"):
            assert "max-age" in answer.headers["strict-transport-security"]


def test_another_sites_sign_in_form_is_refused(shop: World) -> None:
    form = {"email": "vera@larkfield.example", "password": "correct horse battery"}
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = shop.nobody().ask("POST", "/sign-in", data=form, headers=header)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
