"""What rings on every screen: what pages first and in red, what only tells as a note."""

import asyncio

from tests.web.conftest import Browser
from tocsin.organisation.model.fields import Target
from tocsin.paging.page import OpenPage
from tocsin.paging.usecases import open_page
from tocsin.parts import Parts


def ring(parts: Parts, title: str, urgency: str) -> None:
    asked = OpenPage(subject_kind="person", title=title, urgency=urgency, to=(Target(person="dana"),))  # type: ignore[arg-type]
    parts.database.write(lambda c, now: open_page(c, asked, now))
    asyncio.run(parts.loop.run_due())


def test_a_note_is_told_as_one_and_a_page_comes_before_it(dana: Browser, parts: Parts, larkfield: None) -> None:
    ring(parts, "You have Checkout now", "notify")
    page = dana.get("/alerts")
    assert "A note for you: You have Checkout now" in page
    assert "Nobody has it yet" not in page
    ring(parts, "Card payments fail", "page")
    assert "A page for you: Card payments fail" in dana.get("/alerts")
