"""The board of alerts: what a group consists of, who has what, what became of the last hour, what can be done."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.alerts.night import INTEGRATION
from tests.web.conftest import Browser
from tocsin.alerts.queries import board
from tocsin.alerts.usecases import fold_signals
from tocsin.alerts.usecases.heartbeats import beat
from tocsin.clock import SimulatedClock
from tocsin.identity.actor import SYSTEM
from tocsin.intake.signal import Signal
from tocsin.parts import Parts
from tocsin.web.pages.alert_groups import SHOWN, by_minute


def come(parts: Parts, service: str, pods: Sequence[str], **more: str) -> None:
    """Alerts of one service, one a pod."""
    signals = [
        Signal(
            f"{service}-{pod}", "firing", "critical", f"{service} fails", service=service, labels={"pod": pod, **more}
        )
        for pod in pods
    ]
    parts.database.write(lambda c, now: fold_signals(c, INTEGRATION, signals, now))
    asyncio.run(parts.loop.run_due())


def titles(page: str) -> list[str]:
    """Of the groups in their order."""
    return re.findall(r'<summary class="fold">.*?<b>([^<]+)</b>', page)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def in_rows(page: str) -> list[str]:
    """The pages that can be acknowledged in the groups' rows."""
    return re.findall(r"/pages/([0-9a-f-]{36})/acknowledge", page.partition("<tbody>")[2])


def counts(page: str) -> dict[str, int]:
    """The filters with their numbers."""
    return {name: int(number) for name, number in re.findall(r'<a class="filter"[^>]*>([^<]+)<i>(\d+)</i>', page)}


def funnel(page: str) -> dict[str, int]:
    found = re.findall(r"<li><span>([^<]+)</span><span class=\"funnel__bar\".*?<b class=\"num\">([\d,]+)</b>", page)
    return {name: int(number.replace(",", "")) for name, number in found}


def test_a_group_tells_its_alerts_apart_and_why_they_are_one(dana: Browser, parts: Parts) -> None:
    come(parts, "checkout-api", ("a", "b"), region="eu-3")
    page = dana.get("/alerts")
    assert "<code>pod=a</code>" in page and "<code>pod=b</code>" in page
    assert "Grouped because they share integration and service." in page
    (link,) = re.findall(r"/alerts/silence\?match=([^\"]+)\"", page)
    assert unquote(link).splitlines() == ["region=eu-3", "service=checkout-api"], "what both of them carry"
    assert "region=eu-3\nservice=checkout-api</textarea>" in dana.get(f"/alerts/silence?match={link}")


def test_what_is_silenced_says_until_when_and_why_and_stands_under_the_rest(dana: Browser, parts: Parts) -> None:
    come(parts, "batch", ("a",))
    come(parts, "checkout-api", ("a",))
    dana.send("/alerts/silence", match="service=batch", **{"for": "2h"}, reason="cleanup is running")
    page = dana.get("/alerts")
    assert counts(page) == {"Firing": 1, "Nobody has it": 1, "Mine": 0, "Quiet": 1}
    assert titles(page) == ["checkout-api fails", "batch fails"]
    row = page[page.index("<b>batch fails</b>") : page.index("</tbody>")]
    assert "cleanup is running, Dana Okafor" in row and "End silence" in row
    (silence,) = set(re.findall(r'name="silence" value="([^"]+)"', page))
    dana.send("/alerts/silence/end", silence=silence)
    assert counts(dana.get("/alerts"))["Firing"] == 2


def test_filters_show_their_groups_and_nothing_else(dana: Browser, parts: Parts) -> None:
    come(parts, "checkout-api", ("a",))
    come(parts, "ledger", ("a",))
    first = dana.get("/alerts")
    (mine, *_) = re.findall(r"/pages/([0-9a-f-]{36})/acknowledge", first)
    dana.send(f"/pages/{mine}/acknowledge")
    assert counts(dana.get("/alerts")) == {"Firing": 2, "Nobody has it": 1, "Mine": 1, "Quiet": 0}
    shown = {show: titles(dana.get(f"/alerts?show={show}")) for show in ("mine", "nobody")}
    assert len(shown["mine"]) == len(shown["nobody"]) == 1
    assert set(shown["mine"] + shown["nobody"]) == {"checkout-api fails", "ledger fails"}
    empty = dana.get("/alerts?show=quiet")
    assert "None of the open groups." in empty and "Show all" in empty
    assert len(titles(dana.get("/alerts?show=nonsense"))) == 2


def test_the_last_hour_from_alerts_to_pages(dana: Browser, parts: Parts) -> None:
    assert "In the last hour no alert came in." in words(dana.get("/alerts"))
    come(parts, "checkout-api", tuple("abcdef"))
    come(parts, "ledger", ("a",))
    dana.send("/alerts/silence", match="service=batch", **{"for": "2h"}, reason="cleanup")
    come(parts, "batch", ("a", "b"))
    page = dana.get("/alerts")
    assert funnel(page) == {"Alerts received": 9, "Groups they opened": 3, "Groups that page": 3, "Pages sent": 2}
    assert "In the last hour 9 alerts became 2 pages. 2 were silenced." in words(page)


def test_a_late_heartbeat_stands_first_among_what_is_heard_of(
    dana: Browser, parts: Parts, clock: SimulatedClock
) -> None:
    dana.send("/settings/heartbeats/new", name="Nightly backup", every="5m", grace="1m", severity="error")
    assert "Nightly backup nothing yet" in words(dana.get("/alerts"))
    (secret,) = re.findall(r"/heartbeat/([\w-]+)", dana.get("/settings/heartbeats"))
    parts.database.write(lambda c, now: beat(c, secret, now))
    clock.advance(timedelta(minutes=7))
    asyncio.run(parts.loop.run_due())
    sources = words(dana.get("/alerts")).partition("Sources")[2]
    assert sources.strip().startswith("Nightly backup heartbeat is late 7 min ago")


def test_of_many_groups_the_first_are_drawn_and_what_nobody_has_leads_them(
    dana: Browser, parts: Parts, clock: SimulatedClock
) -> None:
    come(parts, "first", ("a",))
    for number in range(31):
        clock.advance(timedelta(seconds=1))
        come(parts, f"service-{number}", ("a",))
    newest, *_ = in_rows(dana.get("/alerts"))
    dana.send(f"/pages/{newest}/acknowledge")
    page = dana.get("/alerts")
    assert len(titles(page)) == 30 and titles(page)[0] == "service-29 fails"
    assert "service-30 fails" not in titles(page), "somebody has the newest"
    assert counts(page) == {"Firing": 32, "Nobody has it": 31, "Mine": 1, "Quiet": 0}, "of all, drawn or not"
    assert "2 groups more" in words(page)
    every = dana.get("/alerts?all=1")
    assert titles(every)[-2:] == ["first fails", "service-30 fails"] and "groups more" not in words(every)
    assert titles(dana.get("/alerts?show=mine")) == ["service-30 fails"]
    assert "/alerts?show=nobody&amp;all=1" in dana.get("/alerts?show=nobody")


def test_the_overview_names_first_what_nobody_has(dana: Browser, parts: Parts, clock: SimulatedClock) -> None:
    for number in range(8):
        clock.advance(timedelta(seconds=1))
        come(parts, f"service-{number}", ("a",))
    for page in in_rows(dana.get("/alerts"))[:7]:
        dana.send(f"/pages/{page}/acknowledge")
    overview = words(dana.get("/"))
    assert "service-0 fails" in overview and "8 groups, 1 not acknowledged" in overview


def test_the_strip_ends_where_an_alert_was_over_whoever_said_so(
    dana: Browser, parts: Parts, clock: SimulatedClock
) -> None:
    come(parts, "checkout-api", ("a", "b"))
    clock.advance(timedelta(minutes=10))
    over = Signal("checkout-api-a", "resolved", "critical", "checkout-api fails", service="checkout-api")
    parts.database.write(lambda c, now: fold_signals(c, INTEGRATION, [over], now))  # says not when
    clock.advance(timedelta(minutes=5))

    def fired(connection: Connection) -> tuple[int, ...]:
        (group,) = board.groups_now(connection, SYSTEM)
        return by_minute(board.spans(connection, [group.id], clock.now() - SHOWN)[group.id], clock.now())

    assert parts.database.read(fired) == (*[0] * 15, *[2] * 11, *[1] * 4)


@given(st.lists(st.tuples(st.integers(-90, 29), st.none() | st.integers(0, 60)), max_size=8))
def test_a_minute_counts_what_fired_in_it(fired: list[tuple[int, int | None]]) -> None:
    """Each alert from a minute, for so many minutes or until now; half a minute past, so that edges are plain."""
    now = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)
    began = [now - timedelta(minutes=29.5 - first) for first, _ in fired]
    ended = [None if took is None else at + timedelta(minutes=took) for at, (_, took) in zip(began, fired, strict=True)]
    for minute, count in enumerate(by_minute(list(zip(began, ended, strict=True)), now)):
        assert count == sum(first <= minute <= (29 if took is None else first + took) for first, took in fired)
