"""The whole evening with scripts off: every step is a plain form that posts and leads somewhere."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_walk import until
from tocsin.demo.installation import Installation


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def kinds(tocsin: Installation) -> set[str]:
    """The kinds of entries on the incident's timeline."""
    return {str(entry["kind"]) for entry in tocsin.client.get("/incidents/1/timeline", limit="200")["items"]}


def form(page: Page, link: str, button: str, **fields: str) -> None:
    """Follow a link to a form's own page, fill it in and send it."""
    page.get_by_role("link", name=link).first.click()
    fill(page, **fields)
    page.locator("main form").get_by_role("button", name=button, exact=True).click()
    page.wait_for_load_state()


def fill(page: Page, **fields: str) -> None:
    """Fill the fields of the form that this page is."""
    for name, value in fields.items():
        field = page.locator(f'main form [name="{name}"]:not([type=hidden])').first
        kind = field.evaluate("one => one.type")
        if kind == "radio":
            page.locator(f'main form [name="{name}"][value="{value}"]').check()
        elif kind == "checkbox":
            field.check()
        elif kind == "select-one":
            field.select_option(value)
        else:
            field.fill(value)


def in_room(page: Page, tocsin: Installation) -> None:
    page.goto(f"{tocsin.url}/incidents/1")


def test_an_evening_without_scripts(plain: Page, tocsin: Installation) -> None:
    page = plain
    page.goto(tocsin.sign_in_link)
    page.get_by_role("button", name="Sign in").click()
    body = json.dumps({"title": "Card payments fail", "dedup_key": "c1", "severity": "critical"}).encode()
    request = urllib.request.Request(tocsin.alert_url, body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
    until(lambda: "acknowledge: " in tocsin.output, "the page on the screen", 20)

    link = re.findall(r"acknowledge: (\S+)", tocsin.output)[0]
    page.goto(link)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("How bad is it?")).to_be_visible()
    page.goto(f"{tocsin.url}/alerts")
    page.locator("summary").filter(has_text="Card payments fail").click()
    form(page, "Snooze…", "Snooze", **{"for": "30m"})
    expect(page.get_by_text("Quiet until then.")).to_be_visible()

    page.goto(link)
    page.get_by_role("button", name="Sev2").click()
    expect(page.get_by_text("INC-1 is open.")).to_be_visible()
    page.goto(f"{tocsin.url}/")
    form(page, "Declare incident", "Declare", title="Search is slow", severity="3")
    expect(page).to_have_url(f"{tocsin.url}/incidents/2")
    in_room(page, tocsin)
    page.locator("form:has(input[name=role][value=commander]) button").first.click()
    expect(page.locator("#roles")).to_contain_text("Hand over command")
    page.get_by_role("button", name="No flag helps").click()
    until(lambda: "flag_answered" in kinds(tocsin), "the tick", 10)
    page.get_by_label("Add to the timeline").fill("/at -5m the pool was full")
    page.get_by_role("button", name="Add entry").click()
    expect(page.locator("#entries")).to_contain_text("the pool was full")

    words = {"know": "Card payments fail.", "doing": "We roll back.", "next": "The numbers."}
    for name, value in words.items():
        page.locator(f'#comms form [name="{name}"]').last.fill(value)
    page.get_by_role("button", name="Post update").click()
    expect(page.get_by_text("Posted.")).to_be_visible()
    page.locator("#escalation").get_by_role("button", name="No", exact=True).first.click()
    until(lambda: "escalation_answered" in kinds(tocsin), "the answer", 10)

    form(page, "Log a decision", "Log it", title="Roll back", command="deploy undo", expected="failures below 1%")
    form(page, "Say the result", "Close the decision", actual="0.3%", matched="matched")
    expect(page.locator("#decisions")).to_contain_text("Matched")

    for phase in ("restoring", "watching", "resolved"):
        page.goto(f"{tocsin.url}/incidents/1/do/override")
        fill(page, phase=phase, reason="Seen by a person; no check is set up")
        page.locator("main form").get_by_role("button").last.click()
        page.wait_for_load_state()
        now = tocsin.client.get("/incidents/1")["phase"]
        assert now in ({phase} if phase != "resolved" else {"resolved", "review"}), page.locator("main").inner_text()
    until(lambda: "postmortem_drafted" in kinds(tocsin), "the draft", 20)

    in_room(page, tocsin)
    form(page, "Note", "Note it", title="Test with the real pool", kind="tests", owner="ada", due="2030-01-31")
    page.goto(f"{tocsin.url}/postmortems/1")
    for _ in range(5):
        page.locator(".artifacts").get_by_role("link").first.click()
        page.locator('main form [name="missing"]').check()
        page.locator("main form").get_by_role("button").last.click()
        page.wait_for_load_state()
    page.get_by_role("button", name="Publish").first.click()
    expect(page.get_by_text("Published").first).to_be_visible()
    assert tocsin.client.get("/incidents/1")["phase"] in {"review", "closed"}
