"""A person's first evening in a real browser, at a desk and on a phone: sign in, be paged, declare, act, see it live.

Runs on SQLite alone: what differs between the engines lies below the web face and is proved there.
"""

import json
import re
import time
import urllib.request

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import accessibility_findings
from tocsin.demo.installation import Installation

SCREENS = (
    "/",
    "/incidents",
    "/incidents/1",
    "/alerts",
    "/oncall",
    "/oncall/simulate?at=sat 03:00",
    "/runbook",
    "/postmortems",
    "/postmortems/1",
    "/catalog",
    "/settings",
    "/settings/me",
    "/settings/people",
    "/settings/integrations",
    "/settings/set-aside",
    "/settings/audit",
    "/proof",
    "/more",
    "/setup",
    "/status",
    "/sign-in",
    "/incidents/1/print",
    "/incidents/1/do/decide",
    "/incidents/1/do/severity",
    "/incidents/new",
)


def fire(tocsin: Installation, title: str, key: str) -> None:
    """A sender's alert."""
    body = json.dumps({"title": title, "dedup_key": key, "severity": "critical"}).encode()
    request = urllib.request.Request(tocsin.alert_url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status < 300


def page_link(tocsin: Installation) -> str:
    """The acknowledge link that the server prints."""
    for _ in range(100):
        if found := re.search(r"http://\S+/p/\S+", tocsin.output):
            return found[0]
        time.sleep(0.1)
    raise AssertionError("no link was printed")


def sign_in(page: Page, tocsin: Installation) -> None:
    page.goto(tocsin.sign_in_link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/setup")


def declare(page: Page, tocsin: Installation, title: str) -> None:
    page.goto(f"{tocsin.url}/incidents/new")
    page.get_by_label("What customers notice").fill(title)
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Declare", exact=True).click()
    page.wait_for_url("**/incidents/1")


def nothing_is_wrong(page: Page) -> None:
    """No accessibility finding, and no sideways scrolling of the page."""
    assert accessibility_findings(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


def test_an_open_tab_rings_and_one_click_acknowledges(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    page.goto(tocsin.url)
    expect(page.get_by_text("Nothing is on fire").first).to_be_visible()
    fire(tocsin, "Card payments fail", "c1")
    ring = page.get_by_role("region", name="Pages for you")
    expect(ring.get_by_text("Card payments fail")).to_be_visible()
    nothing_is_wrong(page)
    ring.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("has it", exact=False).first).to_be_visible()
    expect(page.get_by_role("region", name="Pages for you")).to_be_hidden()
    nothing_is_wrong(page)


def test_the_link_on_a_phone_changes_nothing_until_its_button_is_pressed(page: Page, tocsin: Installation) -> None:
    fire(tocsin, "Card payments fail", "c1")
    link = page_link(tocsin)
    page.goto(link)
    page.goto(link)
    expect(page.get_by_text("Nobody has it yet.")).to_be_visible()
    nothing_is_wrong(page)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("How bad is it?")).to_be_visible()
    nothing_is_wrong(page)
    page.get_by_role("button", name="Sev2").click()
    expect(page.get_by_text("INC-1 is open.")).to_be_visible()
    nothing_is_wrong(page)


def test_an_acknowledge_without_connection_waits_on_the_phone(page: Page, tocsin: Installation) -> None:
    fire(tocsin, "Card payments fail", "c1")
    page.goto(page_link(tocsin))
    page.context.set_offline(True)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Not yet received by Tocsin.")).to_be_visible()
    nothing_is_wrong(page)
    page.context.set_offline(False)
    expect(page.get_by_text("How bad is it?")).to_be_visible(timeout=15_000)


def test_what_another_does_appears_in_the_room_by_itself(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    declare(page, tocsin, "Card payments fail")
    page.wait_for_timeout(500)
    tocsin.client.call("POST", "/incidents/1/notes", {"text": "the pool was already full"})
    expect(page.get_by_text("the pool was already full")).to_be_visible()
    tocsin.client.call("POST", "/incidents/1/severity", {"severity": 2, "reason": "half recovered"})
    expect(page.locator("#room-head").get_by_text("Sev2").first).to_be_visible()


def test_what_is_being_written_is_never_swapped_away(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    declare(page, tocsin, "Card payments fail")
    box = page.get_by_label("What we know")
    box.fill("half a sentence")
    tocsin.client.call("POST", "/incidents/1/notes", {"text": "meanwhile"})
    expect(page.get_by_text("meanwhile")).to_be_visible()
    expect(box).to_have_value("half a sentence")


def open_dialog(page: Page, link: str) -> Locator:
    """Press a link that opens a form over the page."""
    page.get_by_role("link", name=link).click()
    dialog = page.get_by_role("dialog", name="Form")
    expect(dialog).to_be_visible()
    return dialog


def test_a_decision_is_logged_in_a_dialog_and_answered(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    declare(page, tocsin, "Card payments fail")
    dialog = open_dialog(page, "Log a decision")
    dialog.get_by_label("What, in words").fill("Roll back")
    dialog.get_by_label("Exact command or change").fill("kubectl rollout undo deploy/checkout-api")
    dialog.get_by_label("What do you expect?").fill("failures below 1%")
    nothing_is_wrong(page)
    dialog.get_by_role("button", name="Log it").click()
    expect(page.get_by_text("Measuring")).to_be_visible()
    open_dialog(page, "Say the result")
    dialog.get_by_label("What happened").fill("0.3%")
    dialog.get_by_label("Matched", exact=True).check()
    dialog.get_by_role("button", name="Close the decision").click()
    expect(page.locator("#decisions").get_by_text("Matched")).to_be_visible()


def test_every_screen_is_accessible_and_fits_while_an_incident_runs(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    fire(tocsin, "Disk almost full", "d1")
    declare(page, tocsin, "Card payments fail")
    for path in SCREENS:
        page.goto(f"{tocsin.url}{path}")
        nothing_is_wrong(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    for path in ("/", "/incidents/1", "/status"):
        page.goto(f"{tocsin.url}{path}")
        nothing_is_wrong(page)


def test_keys_lead_where_they_say(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    page.goto(tocsin.url)
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/oncall")
    page.wait_for_load_state()
    page.keyboard.press("d")
    expect(page.get_by_role("dialog", name="Form").get_by_label("What customers notice")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_keys_work_in_the_very_moment_a_dialog_closes(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    page.goto(tocsin.url)
    page.keyboard.press("d")
    expect(page.get_by_role("dialog", name="Form").get_by_label("What customers notice")).to_be_focused()
    page.evaluate(
        """() => {
            document.querySelector("#dialog").close();
            const stillFocused = document.activeElement;
            stillFocused.dispatchEvent(new KeyboardEvent("keydown", {key: "?", bubbles: true, cancelable: true}));
        }"""
    )
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_a_form_that_comes_after_escape_stays_away(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    page.goto(tocsin.url)
    held: list[Route] = []
    page.route("**/incidents/new", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks what it is given
    page.keyboard.press("d")
    page.wait_for_timeout(200)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    held[0].continue_()
    page.wait_for_timeout(500)
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    expect(page.get_by_role("dialog", name="Form")).to_be_hidden()
    assert page.url.rstrip("/") == tocsin.url, "nor does the page go there"


def test_nothing_is_swapped_between_press_and_click(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    declare(page, tocsin, "Card payments fail")
    page.wait_for_timeout(1_000)
    link = page.locator("#decisions").get_by_role("link", name="Log a decision")
    link.scroll_into_view_if_needed()
    box = link.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    tocsin.client.call("POST", "/incidents/1/notes", {"text": "somebody else's note"})
    tocsin.client.call("POST", "/incidents/1/decisions", {"title": "Roll back", "command": "undo", "expected": "less"})
    page.wait_for_timeout(1_500)
    expect(page.get_by_text("somebody else's note")).to_be_hidden()
    page.mouse.up()
    expect(page.get_by_role("dialog", name="Form").get_by_label("What, in words")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("somebody else's note")).to_be_visible()


def test_a_slash_command_leads_to_its_form_filled_in_and_back_to_a_live_room(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    declare(page, tocsin, "Card payments fail")
    box = page.get_by_label("Add to the timeline")
    box.fill("/decision kubectl rollout undo deploy/checkout-api")
    box.press("Enter")
    page.wait_for_url("**/do/decide*")
    expect(page.get_by_label("Exact command or change")).to_have_value("kubectl rollout undo deploy/checkout-api")
    nothing_is_wrong(page)
    page.get_by_label("What, in words").fill("Roll back")
    page.get_by_label("What do you expect?").fill("failures below 1%")
    page.get_by_role("button", name="Log it").click()
    expect(page.get_by_text("Measuring")).to_be_visible()
    box.fill("/var/log was full")
    box.press("Enter")
    expect(page.locator("#entries").get_by_text("/var/log was full")).to_be_visible()
    tocsin.client.call("POST", "/incidents/1/notes", {"text": "seen live"})
    expect(page.get_by_text("seen live")).to_be_visible()


def test_what_was_done_too_quickly_is_undone_from_its_toast(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    declare(page, tocsin, "Card payments fail")
    page.locator("form:has(input[name=role][value=commander]) button").first.click()
    toast = page.locator("[data-toast]")
    expect(toast).to_contain_text("has it.")
    nothing_is_wrong(page)
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-toast]")).to_contain_text("Nobody has it now.")
    assert "commander" not in tocsin.client.get("/incidents/1")["roles"]


def test_what_is_snoozed_no_longer_calls_for_somebody(page: Page, tocsin: Installation) -> None:
    sign_in(page, tocsin)
    fire(tocsin, "Disk almost full", "d1")
    page.goto(f"{tocsin.url}/alerts")
    loud = page.locator("main .btn--crit", has_text="Acknowledge")
    expect(loud).to_have_count(1)
    page.locator("summary").filter(has_text="Disk almost full").click()
    page.get_by_role("link", name="Snooze…").first.click()
    dialog = page.get_by_role("dialog", name="Form")
    dialog.locator('[name="for"]').fill("30m")
    dialog.get_by_role("button", name="Snooze", exact=True).click()
    expect(page.locator("main")).to_contain_text("Snoozed to")
    expect(loud).to_have_count(0)
