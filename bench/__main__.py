"""`make bench`: measures on this machine and prints a table; `--write` puts it into bench/README.md."""

import argparse
import asyncio
import os
import platform
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench import oncall
from bench.load import Load, alertmanager_body, post_for
from tests.standins.methods import verified_webhook
from tests.standins.postgres import PostgresCluster
from tests.standins.receiver import Receiver
from tocsin.demo.children import tocsin_command
from tocsin.demo.client import request
from tocsin.demo.installation import Installation
from tocsin.store import migrate

_README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
Row = tuple[str, str]


def main() -> None:
    """Measure on both engines."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--seconds", type=float, default=10, help="length of each intake run")
    parser.add_argument("--pages", type=int, default=100, help="alerts timed from POST to page")
    parser.add_argument("--write", action="store_true", help="put the figures into bench/README.md")
    arguments = parser.parse_args()
    lines = [*_conditions(), "", "| what | SQLite | PostgreSQL |", "| --- | --- | --- |"]
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        sqlite = _measure(Path(directory) / "sqlite", None, arguments.seconds, arguments.pages)
        with _postgresql() as url:
            postgresql = _measure(Path(directory) / "postgresql", url, arguments.seconds, arguments.pages)
        schedules = f"sqlite:///{Path(directory) / 'schedules.db'}"
        migrate.upgrade(schedules)
        sqlite += oncall.rows(schedules)
        with _postgresql() as url:
            postgresql += oncall.rows(url)
        lines += [
            f"| {what} | {figure} | {other} |" for (what, figure), (_, other) in zip(sqlite, postgresql, strict=True)
        ]
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        whole = _README.read_text()
        before, after = whole.split(_BEGIN)[0], whole.split(_END)[1]
        _README.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


def _conditions() -> list[str]:
    fsync = sorted(_fsync_seconds(Path.cwd()))
    machine = (
        f"Measured {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({_processor()}), "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; client, server and database on the same machine."
    )
    return [
        machine,
        "",
        f"fsync of 4 KiB: median {_ms(statistics.median(fsync))}, 99th percentile {_ms(_percentile(fsync, 0.99))}.",
    ]


def _measure(directory: Path, database_url: str | None, seconds: float, pages: int) -> list[Row]:
    installation = Installation(directory, database_url=database_url)
    receiver = Receiver().start()
    try:
        rows = [("first start until ready", f"{_timed(installation.start):.1f} s")]
        rows.append(("memory, idle (PSS)", _memory(installation)))
        installation.stop()
        rows.append(("second start until ready", f"{_timed(installation.start):.1f} s"))
        rows += _command_line(installation)
        verified_webhook(installation.client, receiver, "ada")
        rows += _page_delay(installation, receiver, pages)
        url = str(installation.client.post("/integrations", {"name": "bench", "sender": "alertmanager"})["url"])
        for connections, each in ((1, 1), (32, 1), (4, 100)):
            load = asyncio.run(post_for(url, connections, seconds, each))
            rows.append((f"intake, {connections} connections, {each} alerts a request", _intake(load, each)))
        rows.append(("memory after that (PSS)", _memory(installation)))
    finally:
        installation.stop()
        receiver.stop()
    return rows


def _page_delay(installation: Installation, receiver: Receiver, pages: int) -> list[Row]:
    url = str(installation.client.post("/integrations", {"name": "delay", "sender": "alertmanager"})["url"])
    delays = []
    for number in range(pages):
        title = f"delay-{number:04d}x"
        body = alertmanager_body([title], alertname=title).replace(b'"service": "bench", ', b"")
        began = time.monotonic()
        _post_raw(url, body)
        came = receiver.wait_for(lambda one, title=title: title.encode() in one.body, 30)  # type: ignore[misc]
        delays.append(came.at - began)
    delays.sort()
    return [
        ("POST of an alert → page at the webhook, median", _ms(statistics.median(delays))),
        ("the same, 99th percentile", _ms(_percentile(delays, 0.99))),
    ]


def _post_raw(url: str, body: bytes) -> None:
    import json

    status, answer = request("POST", url, json.loads(body))
    assert status < 300, answer


def _command_line(installation: Installation) -> list[Row]:
    rows = []
    for words in (["--version"], ["oncall", "now"]):
        spent = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [*tocsin_command(), *words], env=installation.environment(), capture_output=True, check=True, timeout=30
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        rows.append((f"`tocsin {' '.join(words)}`, CPU time", _ms(statistics.median(spent))))
    return rows


def _intake(load: Load, each: int) -> str:
    slow = _percentile(sorted(load.seconds), 0.99)
    refused = sum(load.statuses.values()) - load.accepted
    told = f"{load.accepted * each / load.took:,.0f} alerts/s durable, p99 {_ms(slow)}"
    return told + (f", {refused} refused" if refused else "")


def _memory(installation: Installation) -> str:
    processes = [psutil.Process(installation.child.pid)]
    processes += processes[0].children(recursive=True)
    return f"{sum(process.memory_full_info().pss for process in processes) / 2**20:.0f} MiB"


@contextmanager
def _postgresql() -> Iterator[str]:
    cluster = PostgresCluster(durable=True)
    name = cluster.create(migrate.upgrade, f"bench {time.time_ns()}")
    try:
        yield cluster.url(name)
    finally:
        cluster.drop(name)
        cluster.stop()


def _fsync_seconds(directory: Path) -> Iterator[float]:
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            yield time.perf_counter() - began


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    main()
