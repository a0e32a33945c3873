"""`make bench`: measures on this machine and prints a table; `--write` puts it into bench/README.md."""

import argparse
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench import intake, paging, stored
from bench.figures import conditions, ms
from tests.standins.methods import verified_webhook
from tests.standins.postgres import PostgresCluster
from tests.standins.receiver import Receiver
from tocsin.demo.children import tocsin_command
from tocsin.demo.installation import Installation
from tocsin.store import migrate

_README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"
_QUIET_SECONDS = 10
Row = tuple[str, str]


def main() -> None:
    """Measure on both engines, Alertmanager beside them."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--seconds", type=float, default=5, help="length of each intake run")
    parser.add_argument("--runs", type=int, default=3, help="intake runs of each shape")
    parser.add_argument("--pages", type=int, default=100, help="alerts timed from POST to page")
    parser.add_argument("--stored", type=int, default=stored.MANY, help="alerts stored for lists and searches")
    parser.add_argument("--write", action="store_true", help="put the figures into bench/README.md")
    arguments = parser.parse_args()
    lines = conditions()
    theirs = intake.measure_alertmanager(arguments.seconds, arguments.runs)
    lines += ["", *intake.alertmanager_rows(theirs), "", "| what | SQLite | PostgreSQL |", "| --- | --- | --- |"]
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        sqlite = _measure(Path(directory) / "sqlite", None, arguments, theirs)
        with _postgresql() as url:
            postgresql = _measure(Path(directory) / "postgresql", url, arguments, theirs)
        lines += [
            f"| {what} | {figure} | {other} |" for (what, figure), (_, other) in zip(sqlite, postgresql, strict=True)
        ]
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        whole = _README.read_text()
        before, after = whole.split(_BEGIN)[0], whole.split(_END)[1]
        _README.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}")


def _measure(
    directory: Path, database_url: str | None, arguments: argparse.Namespace, theirs: intake.Figures
) -> list[Row]:
    installation = Installation(directory, database_url=database_url)
    receiver = Receiver().start()
    try:
        rows = [("first start until ready", f"{_timed(installation.start):.1f} s")]
        installation.stop()
        rows.append(("second start until ready", f"{_timed(installation.start):.1f} s"))
        rows += _idle(installation)
        rows += _command_line(installation)
        verified_webhook(installation.client, receiver, "ada")
        rows += paging.delays(installation, receiver, arguments.pages)
        rows += intake.rows(*intake.measure(installation, arguments.seconds, arguments.runs), theirs)
        rows += paging.storm(installation, receiver)
        rows += stored.measure(installation, arguments.stored)
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


@contextmanager
def _postgresql() -> Iterator[str]:
    cluster = PostgresCluster(durable=True)
    name = cluster.create(migrate.upgrade, f"bench {time.time_ns()}")
    try:
        yield cluster.url(name)
    finally:
        cluster.drop(name)
        cluster.stop()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
