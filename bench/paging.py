"""How long it takes from an alert's POST until its page stands at a person's webhook; and a storm of alerts."""

import re
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import psutil

from bench.figures import ms, percentile
from bench.intake import run_load
from tests.standins.receiver import Receiver
from tocsin.demo.client import request
from tocsin.demo.installation import Installation

Row = tuple[str, str]
_STORM, _STORM_LASTS = 100_000, 45.0  # alerts, seconds
_PAUSE = 0.1  # seconds between two pages
_WARM = 3  # pages before those that are timed: the first of a process compiles its statements
_RATE = 2_000  # alerts a second beside the timed ones, 20 a request


def delays(installation: Installation, receiver: Receiver, pages: int) -> list[Row]:
    """Idle, and while many alerts come in."""
    url = str(installation.client.post("/integrations", {"name": "delay", "sender": "generic"})["url"])
    noise = str(installation.client.post("/integrations", {"name": "noise", "sender": "generic"})["url"])
    _delays(url, receiver, _WARM, "warm")
    idle = _delays(url, receiver, pages, "idle")
    seconds = max(10.0, pages * 0.2)
    loader = threading.Thread(target=run_load, args=(noise, 8, seconds, 20, "generic", _RATE / 20))
    loader.start()
    time.sleep(1)
    busy = _delays(url, receiver, pages // 2, "busy", until=time.monotonic() + seconds - 2)
    loader.join()
    return [
        ("POST of an alert → page at the webhook, idle", _told(idle)),
        (f"the same while {_RATE:,} alerts/s come in", _told(busy)),
    ]


def storms(installation: Installation, receiver: Receiver) -> list[Row]:
    """One that comes within a minute, and one as fast as its alerts are taken."""
    browser = _signed_in(installation)
    rows = _storm(installation, receiver, browser, "storm within a minute", _STORM / _STORM_LASTS)
    return rows + _storm(installation, receiver, browser, "storm at full speed", 0)


def _storm(
    installation: Installation, receiver: Receiver, browser: OpenerDirector, name: str, rate: float
) -> list[Row]:
    """So many distinct alerts: when all are stored, how many pages, memory, the screens.

    `rate`: alerts a second; 0: all that it takes.
    """
    url = str(installation.client.post("/integrations", {"name": name, "sender": "generic"})["url"])
    before, began = len(receiver.received), time.perf_counter()
    peak: list[float] = [0.0]
    with _watching(installation, browser, peak) as seen:
        sent = 0
        while sent < _STORM:
            load = run_load(url, 16, _STORM_LASTS if rate else 2, 100, "generic", rate / 100)
            sent += load.accepted * 100
        took = time.perf_counter() - began
    came = receiver.received[before:]
    first = f"the first after {came[0].at - seen.began:.2f} s" if came else "none"
    return [
        (f"a {name}, distinct alerts of one group", f"{sent:,} stored in {took:.1f} s"),
        ("pages of it", f"{len(came)}, {first}"),
        ("the alerts' screen meanwhile, p99", _told_p99(seen.screen)),
        ("the API's list of alerts meanwhile, p99", _told_p99(seen.list)),
        ("memory at its highest (RSS)", f"{peak[0]:.0f} MiB"),
    ]


class _Seen:
    def __init__(self) -> None:
        self.screen: list[float] = []
        self.list: list[float] = []
        self.began = time.monotonic()
        self.over = threading.Event()


@contextmanager
def _watching(installation: Installation, browser: OpenerDirector, peak: list[float]) -> Iterator[_Seen]:
    seen = _Seen()
    process = psutil.Process(installation.child.pid)

    def watch() -> None:
        while not seen.over.wait(0.1):
            for found, ask in (
                (seen.screen, lambda: browser.open(f"{installation.url}/alerts", timeout=30).read()),
                (seen.list, lambda: installation.client.get("/alerts", limit="50")),
            ):
                began = time.perf_counter()
                ask()
                found.append(time.perf_counter() - began)
            peak[0] = max(peak[0], process.memory_info().rss / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        seen.over.set()
        watcher.join()


def _delays(url: str, receiver: Receiver, pages: int, word: str, until: float | None = None) -> list[float]:
    found: list[float] = []
    for number in range(pages):
        if until is not None and time.monotonic() > until:
            break
        title = f"{word}-{number:04d}x"
        time.sleep(_PAUSE)  # the page before has still to be written down as delivered
        began = time.monotonic()
        status, answer = request(
            "POST", url, {"dedup_key": title, "title": title, "severity": "critical", "labels": {"alertname": title}}
        )
        assert status < 300, answer
        came = receiver.wait_for(lambda one, title=title: title.encode() in one.body, 30)  # type: ignore[misc]
        found.append(came.at - began)
    return found


def _signed_in(installation: Installation) -> OpenerDirector:
    """A browser of the first administrator, by the link that the first start printed."""
    browser = build_opener(HTTPCookieProcessor())
    form = browser.open(installation.sign_in_link, timeout=10).read().decode()
    told = urlencode(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)).encode()
    browser.open(installation.sign_in_link, told, timeout=10).close()
    browser.open(f"{installation.url}/alerts", timeout=30).read()  # the first one loads its templates
    return browser


def _told_p99(found: list[float]) -> str:
    return f"{ms(percentile(found, 0.99))} ({len(found)} times)" if found else "–"


def _told(found: list[float]) -> str:
    return (
        f"p50 {ms(statistics.median(found))}, p99 {ms(percentile(found, 0.99))} ({len(found)} pages)" if found else "–"
    )


__all__ = ["delays", "storms"]
