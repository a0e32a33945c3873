"""On call as people use it, at a desk and on a phone: ask, make a schedule, override a shift, simulate a page."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_screens import nothing_is_wrong, sign_in
from tocsin.demo.installation import Installation

ORGANISATION = """
organisation: {name: Larkfield, last_resort: [ada], default_policy: payments}
people:
  ada: {name: Ada Lind, email: ada@larkfield.example, time_zone: Europe/Stockholm}
  kofi: {name: Kofi Mensah, email: kofi@larkfield.example, time_zone: Africa/Accra}
  mara: {name: Mara Lindqvist, email: mara@larkfield.example, time_zone: Europe/Stockholm}
teams: {payments: {name: Payments, members: [ada, kofi, mara]}}
schedules:
  payments:
    name: Payments
    team: payments
    rotations:
      - {people: [mara, kofi], starts: 2026-01-05, time_zone: Europe/Stockholm, name: Nights,
         hours: {begin: "20:00", end: "08:00"}}
      - {people: [ada, mara, kofi], every: 1 day, starts: 2026-01-05, time_zone: UTC}
policies:
  payments: {name: Payments, steps: [{page: [{schedule: payments}]}]}
"""


@pytest.fixture(scope="module")
def tocsin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A Tocsin of its own, with people and a schedule from files."""
    directory = tmp_path_factory.mktemp("oncall")
    installation = Installation(directory / "tocsin")
    installation.start()
    (directory / "files").mkdir()
    (directory / "files/oncall.yaml").write_text(ORGANISATION)
    done = installation.tocsin("apply", str(directory / "files"))
    assert done.returncode == 0, done.stderr + done.stdout
    yield installation
    installation.stop()


@pytest.fixture(scope="module")
def cookies(browser: Browser, tocsin: Installation) -> Any:
    """Ada's, who signed in once."""
    context = browser.new_context()
    sign_in(context.new_page(), tocsin)
    found = context.cookies()
    context.close()
    return found


@pytest.fixture
def ada(page: Page, cookies: Any) -> Page:
    """Ada's browser, at a desk and on a phone."""
    page.context.add_cookies(cookies)
    return page


def press(page: Page, name: str) -> None:
    """A button of the editor, each of which loads the page again."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).first.click()


def test_who_is_on_call_at_a_moment_is_a_link_that_can_be_shared(ada: Page, tocsin: Installation) -> None:
    page = ada
    page.goto(f"{tocsin.url}/oncall")
    asked = page.get_by_role("form", name="Who is on call at a given time")
    asked.get_by_label("Who is on call at").fill("2026-12-06 12:00")
    asked.get_by_role("button", name="Ask").click()
    page.wait_for_url("**/oncall?at=2026-12-06**")
    answer = asked.locator("div", has_text="Payments").last
    expect(answer).to_contain_text("Kofi Mensah")
    nothing_is_wrong(page)
    page.goto(page.url)
    expect(page.get_by_role("textbox", name="Who is on call at")).to_have_value("2026-12-06 12:00")


def test_a_schedule_from_files_shows_its_layers_and_where_it_stands(ada: Page, tocsin: Installation) -> None:
    page = ada
    page.goto(f"{tocsin.url}/oncall")
    page.get_by_role("link", name="Payments", exact=True).first.click()
    expect(page.get_by_text("Mara Lindqvist and Kofi Mensah take turns of 1 week")).to_be_visible()
    expect(page.get_by_text("oncall.yaml:")).to_be_visible()
    expect(page.get_by_role("link", name="Change it")).to_have_count(0)
    nothing_is_wrong(page)


def test_a_schedule_is_made_and_changed_with_a_preview_before_it_is_saved(ada: Page, tocsin: Installation) -> None:
    page = ada
    name = f"Ledger nights {page.evaluate('innerWidth')}"
    page.goto(f"{tocsin.url}/oncall")
    page.get_by_role("link", name="New schedule").click()
    page.get_by_label("Name", exact=True).fill(name)
    press(page, "Add a rotation")
    page.get_by_label("Add somebody to Rotation 1").select_option("kofi")
    press(page, "Add to Rotation 1")
    page.get_by_label("Add somebody to Rotation 1").select_option("mara")
    press(page, "Preview")
    expect(page.locator("#changes")).to_contain_text("Kofi Mensah instead of nobody")
    nothing_is_wrong(page)
    press(page, "Save")
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    page.get_by_role("link", name="Change it").click()
    page.get_by_label("Add somebody to Rotation 1").select_option("ada")
    press(page, "Move Mara Lindqvist up")
    expect(page.locator("#changes")).to_contain_text("Mara Lindqvist instead of Kofi Mensah")
    expect(page.locator(".editpeople li b")).to_have_text(["Mara Lindqvist", "Kofi Mensah", "Ada Lind"])
    press(page, "Only in some hours… for Rotation 1")
    expect(page.get_by_role("heading", name="Nobody is on call", level=3)).to_be_visible()
    nothing_is_wrong(page)
    page.get_by_label("A turn lasts").fill("five minutes")
    press(page, "Save")
    expect(page.get_by_text("a turn lasts an hour to a year", exact=False)).to_be_visible()
    nothing_is_wrong(page)
    page.get_by_label("A turn lasts").fill("2 days")
    press(page, "Save")
    expect(page.get_by_text("take turns of 2 days", exact=False)).to_be_visible()


def test_an_override_is_set_changed_and_taken_back(ada: Page, tocsin: Installation) -> None:
    page = ada
    page.goto(f"{tocsin.url}/oncall/override?schedule=payments&person=kofi")
    day, hour = page.locator("[name=ends_on]"), page.locator("[name=ends_at]")
    time = hour.input_value()
    assert time, "the end is the shift's end"
    day.fill("2030-01-01")
    assert hour.input_value() == time, "changing a day never changes a time"
    nothing_is_wrong(page)
    page.locator("[name=ends_at]").fill("")
    page.goto(f"{tocsin.url}/oncall/override?schedule=payments&person=kofi")
    page.locator("[name=reason]").fill("dentist")
    page.get_by_role("button", name="Set override").click()
    page.wait_for_url("**/oncall")
    expect(page.get_by_text("Kofi Mensah has Payments").first).to_be_visible()
    nothing_is_wrong(page)
    page.goto(f"{tocsin.url}/oncall")
    page.get_by_role("link", name="Change: Kofi Mensah has Payments").click()
    page.locator("[name=person]").last.select_option("mara")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Mara Lindqvist has Payments").first).to_be_visible()
    page.get_by_role("button", name="Take back").first.click()
    expect(page.get_by_text("Mara Lindqvist has Payments")).to_have_count(0)


def test_a_page_is_simulated(ada: Page, tocsin: Installation) -> None:
    page = ada
    page.goto(f"{tocsin.url}/oncall")
    page.get_by_role("link", name="Who would hear a page, and when? Try it").click()
    page.get_by_label("A page for").select_option("payments")
    page.get_by_label("comes at").fill("sat 03:00")
    page.get_by_role("button", name="Simulate").click()
    steps = page.get_by_role("heading", name="If it came", exact=False)
    expect(steps).to_be_visible()
    expect(page.get_by_text("Step 1", exact=True)).to_be_visible()
    nothing_is_wrong(page)


def test_a_shift_is_handed_over_with_a_note(ada: Page, tocsin: Installation) -> None:
    width = ada.evaluate("innerWidth")
    page, words = ada, f"The queue drains slowly, seen at {width}."
    page.goto(f"{tocsin.url}/oncall")
    page.get_by_role("link", name="Handover: what is open").click()
    expect(page.get_by_role("heading", name="Handover", level=1)).to_be_visible()
    page.get_by_label("A note").fill(words)
    page.get_by_role("button", name="Add the note").click()
    expect(page.get_by_text(words)).to_be_visible()
    nothing_is_wrong(page)
    body: dict[str, Any] = {
        "name": f"Watch {width}",
        "rotations": [{"people": ["kofi"], "starts": "2026-01-05", "time_zone": "UTC"}],
    }
    watch = f"watch-{width}"  # one of its own: what was handed over at the other width stays out of it
    tocsin.client.call("PUT", f"/schedules/{watch}", body)
    to_ada = [{**body["rotations"][0], "people": ["ada"]}]
    tocsin.client.call("PUT", f"/schedules/{watch}", {**body, "rotations": to_ada})
    page.goto(f"{tocsin.url}/oncall/handover?schedule={watch}")
    for _ in range(50):
        if page.get_by_role("button", name="I have read it").is_visible():
            break
        page.wait_for_timeout(200)
        page.reload()
    nothing_is_wrong(page)
    page.get_by_role("button", name="I have read it").click()
    expect(page.get_by_text("Read by Ada Lind")).to_be_visible()
    tocsin.client.call("DELETE", f"/schedules/{watch}")


def test_who_learns_shadows_and_ends_it(ada: Page, tocsin: Installation) -> None:
    ada.goto(f"{tocsin.url}/oncall")
    learning = ada.get_by_role("region", name="Learning")
    ada.get_by_role("link", name="Shadow…").click()
    ada.locator("[name=person]").select_option("kofi")
    ada.get_by_label("Until").fill("+3h")
    nothing_is_wrong(ada)
    ada.get_by_role("button", name="Shadow", exact=True).click()
    mine = learning.get_by_role("listitem").filter(has_text="Kofi Mensah")
    expect(mine).to_be_visible()
    nothing_is_wrong(ada)
    mine.get_by_role("button", name="End").click()
    expect(mine).to_have_count(0)


def test_a_calendar_is_read_into_a_schedule(ada: Page, tocsin: Installation) -> None:
    """Its address is refused as one inside; the screen says so, and shows the address to nobody."""
    ada.goto(f"{tocsin.url}/oncall/schedules/new")
    name = f"Imported {ada.viewport_size['width'] if ada.viewport_size else 0}"
    ada.get_by_label("Name", exact=True).fill(name)
    ada.get_by_label("Calendar that says who is on call").fill("http://127.0.0.1:9/secret-4711/basic.ics")
    press(ada, "Save")
    expect(ada.get_by_role("heading", name=name)).to_be_visible()
    expect(ada.get_by_text("can't be read").first).to_be_visible(timeout=15_000)
    assert "secret-4711" not in ada.content()
    nothing_is_wrong(ada)
