"""The browser and axe-core work here, and axe-core does find what is wrong."""

from playwright.sync_api import Page

from tests.browser.conftest import accessibility_findings


def test_axe_finds_an_image_without_words(page: Page) -> None:
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><img src='data:,'></main>")
    assert any(finding.startswith("image-alt") for finding in accessibility_findings(page))


def test_axe_is_content_with_a_plain_page(page: Page) -> None:
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><p>words</p></main>")
    assert accessibility_findings(page) == []
