"""A responder walks the story in a real browser, at a desk and on a phone; axe-core finds nothing on the way."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import accessibility_findings
from tests.standins.health import Health
from tocsin.demo.client import Client, request
from tocsin.demo.installation import Installation
from tocsin.demo.organisation import Pace, write_organisation
from tocsin.demo.own_rule import webhook_body

# whoever has a schedule now for the first time is told so on the same screen: the alert's own page is the one
_PAGED = re.compile(r"card payments fail\n\s+acknowledge: (\S+)")
_TOO_WIDE = """() => document.documentElement.scrollWidth <= window.innerWidth + 1 ? [] :
    [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > window.innerWidth + 1)
        .slice(0, 5).map(one => one.outerHTML.slice(0, 200))"""


@pytest.fixture
def shop() -> Iterator[Health]:
    """The shop as its recovery check sees it."""
    server = Health().start()
    yield server
    server.stop()


@pytest.fixture
def tocsin(tmp_path: Path, shop: Health) -> Iterator[Installation]:
    """The shop's Tocsin, with a short runbook, and its first alert."""
    installation = Installation(tmp_path / "tocsin")
    try:
        installation.start()
        files = write_organisation(
            tmp_path / "files", prometheus=None, shop=shop.url, pace=Pace(hold=4, watch=8, sample=5)
        )
        applied = installation.tocsin("apply", str(files))
        assert applied.returncode == 0, applied.stderr
        yield installation
    finally:
        installation.stop()


def clean(page: Page, name: str) -> None:
    """The page as it stands: nothing for axe-core to object to, and nothing that must be scrolled sideways."""
    expect(page.locator("h1").first).to_be_attached()
    assert accessibility_findings(page) == [], name
    assert page.evaluate(_TOO_WIDE) == [], f"{name} must be scrolled sideways"


def press(page: Page, action: str, fields: dict[str, str] | None = None) -> None:
    """Fill and send the first form with this action, as a person would, and wait for the page that follows."""
    form = page.locator(f'form[action$="{action}"]:visible').first
    for name, value in (fields or {}).items():
        form.locator(f'[name="{name}"]').first.fill(value)
    form.locator("button:not([type=button]):visible").last.click()
    page.wait_for_load_state("networkidle" if "/live" not in page.content() else "load")


def until(happened: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait for a fact."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"{what} did not come about within {seconds:g} s"
        time.sleep(0.3)


def test_a_responder_walks_the_story(page: Page, tocsin: Installation) -> None:
    client = tocsin.client
    page.goto(tocsin.sign_in_link)
    clean(page, "sign-in link")
    page.locator("main button, form button").first.click()
    page.wait_for_url("**/setup")
    clean(page, "set up")

    alert_url = str(client.post("/integrations", {"name": "shop", "sender": "alertmanager"})["url"])
    assert request("POST", alert_url, webhook_body(0.4, datetime.now(UTC), None))[0] < 300
    until(lambda: _PAGED.search(tocsin.output) is not None, "the page on the screen", 20)
    page.goto(_PAGED.findall(tocsin.output)[0])
    clean(page, "the phone's page")
    page.get_by_role("button", name="Acknowledge").click()
    until(lambda: not rings(client), "the acknowledgement", 20)
    page.wait_for_timeout(300)
    clean(page, "acknowledged")

    page.goto(f"{tocsin.url}/alerts")
    clean(page, "alerts")
    group = client.get("/groups", state="open")["items"][0]["id"]
    declared = {"title": "Card payments fail", "severity": 2, "services": ["checkout"], "group_ids": [group]}
    client.post("/incidents", declared)
    page.goto(f"{tocsin.url}/incidents/1")
    clean(page, "the room's first five minutes")
    page.locator("form:has(input[name=role][value=commander]) button").first.click()
    until(lambda: client.get("/incidents/1")["roles"].get("commander", {}).get("person") == "ada", "command", 20)

    page.goto(f"{tocsin.url}/incidents/1")
    words = {"know": "Card payments fail.", "doing": "We roll back.", "next": "The numbers."}
    press(page, "/do/update", words)
    until(lambda: "update_posted" in kinds(tocsin), "the update", 20)
    opened = client.post("/incidents/1/decisions", {"command": "shopctl rollback", "expected": "payments go through"})
    result = {"actual": "they do", "matched": "matched"}
    client.post(f"/incidents/1/decisions/{opened['decision_id']}/result", result)
    page.goto(f"{tocsin.url}/incidents/1")
    clean(page, "the room while mitigating")

    until(lambda: "watch_passed" in kinds(tocsin), "the end of the watch", 90)
    page.goto(f"{tocsin.url}/incidents/1")
    clean(page, "the room when the watch is over")
    client.post("/incidents/1/phase", {"phase": "resolved"})
    until(lambda: "postmortem_drafted" in kinds(tocsin), "the draft", 20)
    page.goto(f"{tocsin.url}/incidents/1")
    clean(page, "the room after the end")

    page.goto(f"{tocsin.url}/postmortems/1")
    clean(page, "the postmortem")
    expect(page.locator("main")).to_contain_text("they do")
    page.goto(f"{tocsin.url}/status")
    clean(page, "the status page")


def rings(client: Client) -> list[str]:
    """Titles of the pages that nobody has taken yet; what is only told, as a change of shifts, rings nobody."""
    open_pages = client.get("/pages", state="open")["items"]
    told = [str(each["title"]) for each in open_pages if each["urgency"] == "notify"]
    assert all("Communications now" in title for title in told), "a change of shifts, and nothing else, is only told"
    return [str(each["title"]) for each in open_pages if each["urgency"] != "notify"]


def kinds(tocsin: Installation) -> set[str]:
    """The kinds of entries on the incident's timeline."""
    return {str(entry["kind"]) for entry in tocsin.client.get("/incidents/1/timeline", limit="200")["items"]}
