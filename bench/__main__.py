"""`make bench`: measures on this machine and prints a table; `--write` puts it into bench/README.md."""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psutil

from bench import intake, oncall, paging, stored
from bench.figures import conditions, loop_seconds, ms, spread
from tests.standins.methods import verified_webhook
from tests.standins.postgres import PostgresCluster
from tests.standins.receiver import Receiver
from tocsin.demo.children import tocsin_command
from tocsin.demo.installation import Installation
from tocsin.store import migrate

_README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
_QUIET_SECONDS = 10
SECTIONS = ("oncall", "start", "pages", "intake", "storm", "stored")
ENGINES = ("SQLite", "PostgreSQL")
TARGETS = (
    ("a year of one schedule", "50 ms"),
    ("who is on call now", "1,000 ms"),
    ("second start", "2 s"),
    ("idle", "120 MB, 1 %"),
    ("POST of an alert → page", "p50 15 ms, p99 60 ms"),
    ("the same while", "p99 500 ms"),
    ("intake, 1 connection,", "1,500"),
    ("intake, 64 connections,", "10,000 / 6,000"),
    ("intake, 16 connections,", "45,000 / 30,000"),
    ("a storm", "60 s"),
    ("pages of it", "1 a group, within 1 s"),
    ("the alerts' screen meanwhile", "p99 300 ms"),
    ("memory at its highest", "400 MB"),
    ("with them, API", "p99 50 ms"),
)
Row = tuple[str, str]


def main() -> None:
    """Measure on both engines, Alertmanager beside them."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--seconds", type=float, default=3, help="length of each intake run")
    parser.add_argument("--runs", type=int, default=5, help="intake runs of each shape")
    parser.add_argument("--pages", type=int, default=100, help="alerts timed from POST to page")
    parser.add_argument("--stored", type=int, default=stored.MANY, help="alerts stored for lists and searches")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="some sections alone")
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=ENGINES, help="one database alone")
    parser.add_argument("--write", action="store_true", help="put the figures into bench/README.md")
    arguments = parser.parse_args()
    began, lines = time.monotonic(), conditions()
    theirs = intake.measure_alertmanager(arguments.seconds, arguments.runs) if "intake" in arguments.only else {}
    if theirs:
        lines += ["", *intake.alertmanager_rows(theirs)]
    columns: list[list[Row]] = []
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        for engine in arguments.engine:
            with _postgresql() if engine == "PostgreSQL" else nullcontext() as cluster:
                columns.append(_measure(Path(directory) / engine, cluster, arguments, theirs))
    lines += ["", f"| what | target | {' | '.join(arguments.engine)} |", "| --- | --- |" + " --- |" * len(columns)]
    for rows in zip(*columns, strict=True):
        what = rows[0][0]
        lines.append(f"| {what} | {_target(what)} | {' | '.join(figure for _, figure in rows)} |")
    lines += [
        "",
        f"It took {(time.monotonic() - began) / 60:.0f} min; load average at its end: {os.getloadavg()[0]:.1f}.",
    ]
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        whole = _README.read_text()
        before, after = whole.split(_BEGIN)[0], whole.split(_END)[1]
        _README.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


def _target(what: str) -> str:
    """What it is meant to be: for SQLite, and after a slash for PostgreSQL where that differs."""
    return next((target for start, target in TARGETS if what.startswith(start)), "")


def _measure(
    directory: Path, cluster: PostgresCluster | None, arguments: argparse.Namespace, theirs: intake.Figures
) -> list[Row]:
    only, rows = arguments.only, list[Row]()
    if "oncall" in only:
        with _migrated(directory / "schedules.db", cluster) as url:
            rows += oncall.rows(url)
    with _migrated(directory / "tocsin.db", cluster) if cluster else nullcontext() as database_url:
        hidden = {"PYTHONPATH": str(_without_what_tests_bring(directory))}
        rows += _served(Installation(directory, database_url=database_url, env=hidden), arguments, theirs)
    return rows


def _served(installation: Installation, arguments: argparse.Namespace, theirs: intake.Figures) -> list[Row]:
    only, rows = arguments.only, list[Row]()
    receiver, speeds = Receiver().start(), list[str]()

    def begins(section: str) -> None:
        speeds.append(f"{section} {min(loop_seconds() for _ in range(3)) * 1000:.0f}")

    try:
        begins("start")
        started = [("first start until ready", f"{_timed(installation.start):.1f} s")]
        if "start" in only:
            again = []
            for _ in range(3):
                installation.stop()
                again.append(_timed(installation.start))
            rows += [*started, ("second start until ready", f"{spread(again, 2)} s")]
            rows += _idle(installation)
            rows += _command_line(installation)
        if {"pages", "storm"} & set(only):
            verified_webhook(installation.client, receiver, "ada")
        if "pages" in only:
            begins("pages")
            rows += paging.delays(installation, receiver, arguments.pages)
        if "intake" in only:
            begins("intake")
            rows += intake.rows(*intake.measure(installation, arguments.seconds, arguments.runs), theirs)
        if "storm" in only:
            begins("storm")
            rows += paging.storms(installation, receiver)
        if "stored" in only:
            begins("stored")
            rows += stored.measure(installation, arguments.stored)
        begins("end")
        rows.append(("a plain loop of Python before each section, ms", ", ".join(speeds)))
        rows.append(("memory after all that (PSS)", f"{_memory(installation):.0f} MiB"))
    finally:
        installation.stop()
        receiver.stop()
    return rows


def _idle(installation: Installation) -> list[Row]:
    process = psutil.Process(installation.child.pid)
    time.sleep(2)
    before = process.cpu_times()
    time.sleep(_QUIET_SECONDS)
    after = process.cpu_times()
    used = (after.user + after.system - before.user - before.system) / _QUIET_SECONDS
    resident = process.memory_info().rss / 2**20
    return [("idle: memory, CPU", f"RSS {resident:.0f} MiB (PSS {_memory(installation):.0f}), {used:.1%}")]


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
        rows.append((f"`tocsin {' '.join(words)}`, CPU time", ms(statistics.median(spent))))
    return rows


def _memory(installation: Installation) -> float:
    processes = [psutil.Process(installation.child.pid)]
    processes += processes[0].children(recursive=True)
    return float(sum(process.memory_full_info().pss for process in processes) / 2**20)


def _without_what_tests_bring(directory: Path) -> Path:
    """A directory that hides packages which an installation has not, and which others load where they find them."""
    hidden = directory / "hidden"
    for name in ("rich", "pygments"):
        (hidden / name).mkdir(parents=True)
        (hidden / name / "__init__.py").write_text("raise ImportError('only the tests need it')\n")
    return hidden


@contextmanager
def _postgresql() -> Iterator[PostgresCluster]:
    cluster = PostgresCluster(durable=True)
    try:
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def _migrated(path: Path, cluster: PostgresCluster | None) -> Iterator[str]:
    """An empty database with the schema: this file, or one of the cluster's."""
    if cluster is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        migrate.upgrade(f"sqlite:///{path}")
        yield f"sqlite:///{path}"
        return
    name = cluster.create(migrate.upgrade, f"bench {time.time_ns()}")
    try:
        yield cluster.url(name)
    finally:
        cluster.drop(name)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
