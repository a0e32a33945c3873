"""The machine that is measured on, and how figures are written."""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

_TURNS = 2_000_000


def conditions() -> list[str]:
    """The machine, how busy it is with other work, and how long its disk takes to make 4 KiB durable."""
    fsync = sorted(_fsync_seconds(Path.cwd()))
    one, five, _ = os.getloadavg()
    return [
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {os.cpu_count()} cores ({_processor()}), "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; client, server and database on the same machine.",
        "",
        f"fsync of 4 KiB: median {ms(statistics.median(fsync))}, 99th percentile {ms(percentile(fsync, 0.99))}. "
        f"Load average before the first figure: {one:.1f} (1 min), {five:.1f} (5 min).",
    ]


def loop_seconds() -> float:
    """How long a plain loop takes: the machine's own speed at the moment, which others on it change."""
    began = time.perf_counter()
    total = 0
    for number in range(_TURNS):
        total += number * number
    return time.perf_counter() - began


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median of several runs, with the least and the most."""
    told = f"{statistics.median(values):,.{digits}f}"
    return told if len(values) < 2 else f"{told} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ms(seconds: float) -> str:
    """Seconds, as milliseconds."""
    return f"{seconds * 1000:.1f} ms"


def _fsync_seconds(directory: Path) -> Iterator[float]:
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(200):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            yield time.perf_counter() - began


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
