"""A real Chromium for the tests of what a person sees."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.standins.programs import needs_chromium
from tests.standins.started import Started
from tocsin.demo.installation import Installation

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_AXE = Path(__file__).parent / "axe" / "axe.min.js"
_SETTLED = """() => Promise.race([
    new Promise((done) => setTimeout(done, 500)),
    Promise.allSettled(document.getAnimations()
        .filter((each) => each.effect.getComputedTiming().endTime !== Infinity).map((each) => each.finished)),
])"""


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Started:
    """A Tocsin after its first start, to begin others with."""
    return Started(tmp_path_factory.mktemp("started"))


@pytest.fixture
def tocsin(started: Started, tmp_path: Path) -> Iterator[Installation]:
    """A Tocsin of its own on SQLite, where nothing has happened yet."""
    installation = started.again(tmp_path / "tocsin")
    try:
        yield installation.start()
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    program = needs_chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield launched
        launched.close()


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["1440px", "390px"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page, on a desk's screen and on a phone's. A script that fails fails the test."""
    width, height = request.param
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": height}, has_touch=width < 500)
    errors: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.set_default_timeout(10_000)
    yield opened
    context.close()
    assert errors == [], f"scripts failed on the page: {errors}"


def accessibility_findings(page: Page) -> list[str]:
    """What axe-core objects to on the page as it stands, one line each."""
    page.evaluate(_SETTLED)  # a colour on its way is neither the one nor the other
    page.evaluate(_AXE.read_text())
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['html'][:160]} "
        f"{' '.join(each['message'] for each in node['any'])[:200]}"
        for one in found
        for node in one["nodes"]
    ]
