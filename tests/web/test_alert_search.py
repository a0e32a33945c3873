"""Alerts are looked for on their own screen."""

from tests.alerts.night import signal
from tests.web.conftest import Browser
from tocsin.alerts.usecases import fold_signals
from tocsin.intake.signal import IntegrationRef
from tocsin.store.database import Database

BY = IntegrationRef("i", "shop", "generic")


def test_an_alert_is_found_by_word_and_label_with_why_it_paged(dana: Browser, database: Database) -> None:
    some = [signal(f"k{number}", title=f"Pod {number} <restarts>", labels={"region": "eu-3"}) for number in range(60)]
    database.write(lambda c, now: fold_signals(c, BY, some, now))
    page = dana.get("/alerts/search?q=pod region=eu-3")
    assert page.count("&lt;restarts&gt;") == 50
    assert "no routing rule matches" in page
    older = page[page.index("/alerts/search?q=pod+region") :].split('"')[0].replace("&amp;", "&")
    assert dana.get(older).count("&lt;restarts&gt;") == 10
    assert dana.get("/alerts/search?q=pod+17").count("&lt;restarts&gt;") == 1
    assert "No alert here" in dana.get("/alerts/search?q=pod&state=resolved")


def test_what_can_not_be_sought_is_said(dana: Browser) -> None:
    many = "+".join(f"word{number}" for number in range(13))
    assert "At most 12 words can be sought at once." in dana.get(f"/alerts/search?q={many}")
    assert "kept for 365 days" in dana.get("/alerts/search?q=&state=nonsense")
