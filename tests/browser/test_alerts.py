"""Alerts at a desk and on a phone: many taken at once, one given away, help asked for, old ones found."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_screens import nothing_is_wrong, sign_in
from tocsin.demo.installation import Installation

ORGANISATION = """
people:
  ada: {name: Ada Lind, email: ada@larkfield.example}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example}
teams: {shop: {name: Shop, members: [ada]}}
services:
  night: {name: Night batch, team: shop, maintenance: [{name: nightly close, hours: {begin: "02:00", end: "04:00"}}]}
organisation: {name: Larkfield, last_resort: [ada]}
"""
SERVICES = ("ledger", "search", "shop")


@pytest.fixture
def alerts(page: Page, tocsin: Installation, tmp_path: Path) -> tuple[Page, Installation]:
    """Signed in at Alerts, where three groups have nobody."""
    (tmp_path / "org").mkdir()
    (tmp_path / "org" / "larkfield.yaml").write_text(ORGANISATION)
    tocsin.tocsin("apply", str(tmp_path / "org"))
    for service in SERVICES:
        body = {"title": f"{service} fails", "dedup_key": service, "labels": {"service": service, "region": "eu-3"}}
        asked = urllib.request.Request(
            tocsin.alert_url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(asked, timeout=10).read()
    sign_in(page, tocsin)
    page.goto(f"{tocsin.url}/alerts")
    return page, tocsin


def test_many_are_taken_with_a_few_keys(alerts: tuple[Page, Installation]) -> None:
    page, _ = alerts
    expect(page.locator("tbody .verdict--fail")).to_have_count(3)
    nothing_is_wrong(page)
    page.keyboard.press("j")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+J")
    expect(page.get_by_role("button", name="Acknowledge 2")).to_be_visible()
    nothing_is_wrong(page)
    page.keyboard.press("x")
    expect(page.get_by_text("You have 2 pages.")).to_be_visible()
    expect(page.locator("tbody .verdict--fail")).to_have_count(1)
    page.keyboard.press("k")
    page.keyboard.press("x")  # nothing is selected: the one that has the focus
    expect(page.get_by_text("You have 1 page.")).to_be_visible()
    expect(page.locator("tbody .verdict--fail")).to_have_count(0)
    nothing_is_wrong(page)


def test_what_is_selected_stays_so_while_the_screen_lives(alerts: tuple[Page, Installation]) -> None:
    page, tocsin = alerts
    page.get_by_label("Select search fails").check()
    body = {"title": "gateway fails", "dedup_key": "gateway", "labels": {"service": "gateway"}}
    asked = urllib.request.Request(tocsin.alert_url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(asked, timeout=10).read()
    expect(page.get_by_label("Select gateway fails")).to_be_visible()
    expect(page.get_by_label("Select search fails")).to_be_checked()
    expect(page.get_by_role("button", name="Acknowledge 1")).to_be_visible()


def test_a_page_is_given_away_and_help_is_asked_for_and_declined(alerts: tuple[Page, Installation]) -> None:
    page, tocsin = alerts
    one = next(each for each in tocsin.client.get("/pages")["items"] if each["title"] == "ledger fails")
    page.goto(f"{tocsin.url}/pages/{one['id']}")
    page.get_by_role("link", name="Ask for help…").click()
    page.get_by_label("Who").select_option("kofi")
    page.get_by_label("What help is wanted").fill("is it the cache?")
    page.get_by_role("button", name="Page them").click()
    helper = page.get_by_role("region", name="Asked to help")
    expect(helper.get_by_text("No answer yet")).to_be_visible()
    nothing_is_wrong(page)
    helper.get_by_role("link", name="Kofi Mensah").click()
    page.get_by_role("link", name="Decline…").click()
    page.get_by_label("Why").fill("on a plane")
    page.get_by_role("button", name="I can't help").click()
    page.goto(f"{tocsin.url}/pages/{one['id']}")
    expect(helper.get_by_text("can't help: on a plane")).to_be_visible()
    page.get_by_role("link", name="Reassign…").click()
    page.get_by_label("Who").select_option("kofi")
    page.get_by_label("Why").fill("he wrote it")
    page.get_by_role("button", name="Give it to them").click()
    expect(page.get_by_text("to Kofi Mensah: he wrote it")).to_be_visible()
    nothing_is_wrong(page)


def test_an_alert_is_found_by_word_and_label(alerts: tuple[Page, Installation]) -> None:
    page, _ = alerts
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_label("Words or labels").fill("ledg region=eu-3")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody summary").click()
    expect(page.get_by_text("no routing rule matches", exact=False)).to_be_visible()
    nothing_is_wrong(page)
    page.get_by_label("Words or labels").fill("zebra")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No alert here")).to_be_visible()
    nothing_is_wrong(page)


def test_what_is_quiet_is_said_before_made_longer_and_ended_and_is_told_of_a_payload(
    alerts: tuple[Page, Installation],
) -> None:
    page, tocsin = alerts
    quiet = page.get_by_role("region", name="Quiet")
    expect(quiet.get_by_text("maintenance: nightly close")).to_be_visible()
    page.get_by_role("link", name="Silence…", exact=True).click()
    page.get_by_label("Labels").fill("service=ledger")
    page.get_by_label("From, UTC").fill("sat 22:00")
    page.get_by_label("Why").fill("migration")
    page.get_by_role("button", name="Silence", exact=True).click()
    mine = quiet.get_by_role("listitem").filter(has_text="service=ledger")
    expect(mine.get_by_text("migration, Ada Lind, from")).to_be_visible()
    mine.get_by_role("link", name="Change…").click()
    nothing_is_wrong(page)
    page.get_by_label("For, from now").fill("9d")
    page.get_by_label("Why").fill("migration, longer")
    page.get_by_role("button", name="Change it").click()
    expect(mine.get_by_text("migration, longer")).to_be_visible()
    nothing_is_wrong(page)
    (made,) = tocsin.client.get("/silences")["items"]
    assert made["starts_at"].endswith("T22:00:00Z")
    mine.get_by_role("button", name="End silence").click()
    expect(mine).to_have_count(0)
    assert tocsin.client.get("/silences")["items"] == []
    page.goto(f"{tocsin.url}/settings/integrations")
    page.get_by_role("link", name="Try a payload").first.click()
    body = {"title": "close is slow", "dedup_key": "n1", "service": "night"}
    page.get_by_label("A payload, as it would be sent").fill(json.dumps(body))
    page.get_by_label("As if it came at").fill("sat 03:00")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("maintenance of Night batch (nightly close)")).to_be_visible()
    nothing_is_wrong(page)


def test_a_group_is_called_over_on_the_screen_and_another_on_the_phone(alerts: tuple[Page, Installation]) -> None:
    page, tocsin = alerts
    expect(page.get_by_role("link", name="Firing 3")).to_be_visible()
    ledger = page.locator("summary").filter(has_text="ledger fails")
    ledger.click()
    opened = page.get_by_role("row").filter(has_text="Grouped because they share integration and service.")
    expect(opened).to_have_count(1)
    nothing_is_wrong(page)
    opened.get_by_role("link", name="It is over…").click()
    page.get_by_label("Why it is over").fill("restarted by hand")
    nothing_is_wrong(page)
    page.get_by_role("button", name="It is over").click()
    expect(page.get_by_text("Resolving", exact=True)).to_be_visible()
    page.get_by_role("link", name="Nobody has it 2").click()
    expect(ledger).to_have_count(0)
    expect(page.locator("summary").filter(has_text="search fails")).to_be_visible()
    page.get_by_role("link", name="Nobody has it 2").click()
    expect(ledger).to_be_visible()
    funnel = page.get_by_role("region", name="From alert to page, last hour")
    expect(funnel.get_by_role("listitem").filter(has_text="Pages sent")).to_contain_text("3")
    page.get_by_role("link", name="Mine 1").click()
    nothing_is_wrong(page)
    groups = {each["title"]: each for each in tocsin.client.get("/groups")["items"]}
    assert (groups["ledger fails"]["state"], groups["ledger fails"]["resolved_by"]) == ("closing", "ada")
    again = {"title": "ledger fails", "dedup_key": "ledger", "labels": {"service": "ledger", "region": "eu-3"}}
    asked = urllib.request.Request(tocsin.alert_url, json.dumps(again).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(asked, timeout=10).read()
    expect(page.get_by_text("Acknowledged", exact=True)).to_be_visible()
    link = next(
        found for found in re.findall(r"http://\S+/p/\S+", tocsin.output) if _title(page, found) == "search fails"
    )
    page.goto(link)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("button", name="Yes, it is over")).to_be_hidden()
    page.get_by_text("It is over…").click()
    nothing_is_wrong(page)
    page.get_by_role("button", name="Yes, it is over").click()
    expect(page.get_by_text("Nothing of it fires any more.", exact=False)).to_be_visible()
    expect(page.get_by_text("How bad is it?")).to_have_count(0)
    nothing_is_wrong(page)


def _title(page: Page, link: str) -> str:
    page.goto(link)
    return page.get_by_role("heading", level=1).inner_text()
