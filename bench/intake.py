"""How many alerts a second come in and are on disk; Alertmanager, which keeps them in memory, beside it."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import ms, percentile, spread
from bench.load import Load
from tocsin.demo.children import free_port
from tocsin.demo.client import answers
from tocsin.demo.installation import Installation

SHAPES = ((1, 1), (64, 1), (16, 100))  # connections, alerts a request
Figures = dict[tuple[int, int], list[float]]
_ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")


def run_load(url: str, connections: int, seconds: float, each: int, shape: str = "generic", rate: float = 0) -> Load:
    """Load from a process of its own, so that the client's work is not done between the measurements."""
    words = [url, str(connections), str(seconds), str(each), shape, str(rate)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", *words], capture_output=True, check=True, text=True, timeout=seconds + 60
    )
    return Load(**json.loads(done.stdout))


def measure(installation: Installation, seconds: float, runs: int) -> tuple[Figures, dict[tuple[int, int], str]]:
    """Alerts a second, durable, by shape and run; and the slowest hundredth of the last run's answers."""
    url = str(installation.client.post("/integrations", {"name": "bench", "sender": "generic"})["url"])
    return _measure(url, seconds, runs, "generic")


def measure_alertmanager(seconds: float, runs: int) -> Figures:
    """The same load at Alertmanager's own API; empty when it is not installed."""
    with _alertmanager() as url:
        return _measure(f"{url}/api/v2/alerts", seconds, runs, "alertmanager")[0] if url else {}


def rows(ours: Figures, slow: dict[tuple[int, int], str], theirs: Figures) -> list[tuple[str, str]]:
    """One row a shape: the share of Alertmanager's median first, which other machines share, then median (least–most)."""
    found = []
    for connections, each in SHAPES:
        mine, other = ours[connections, each], theirs.get((connections, each))
        share = f"{sorted(mine)[len(mine) // 2] / sorted(other)[len(other) // 2]:.2f} × Alertmanager: " if other else ""
        told = f"{share}{spread(mine)} alerts/s; {slow[connections, each]}"
        found.append((_named(connections, each), told))
    return found


def alertmanager_rows(theirs: Figures) -> list[str]:
    """What Alertmanager did, in memory."""
    if not theirs:
        return ["Alertmanager is not installed here, so there is nothing beside it."]
    told = "; ".join(f"{_named(*shape)}: {spread(values)}" for shape, values in theirs.items())
    return [f"Alertmanager (in memory), alerts/s — {told}."]


def _named(connections: int, each: int) -> str:
    return f"intake, {connections} connection{'s' * (connections > 1)}, {each} alert{'s' * (each > 1)} a request"


def _measure(url: str, seconds: float, runs: int, shape: str) -> tuple[Figures, dict[tuple[int, int], str]]:
    found: Figures = {}
    slow: dict[tuple[int, int], str] = {}
    for connections, each in SHAPES:
        run_load(url, connections, 0.5, each, shape)  # warm
        for _ in range(runs):
            load = run_load(url, connections, seconds, each, shape)
            found.setdefault((connections, each), []).append(load.accepted * each / load.took)
            refused = sum(load.statuses.values()) - load.accepted
            slow[connections, each] = f"p99 {ms(percentile(load.seconds, 0.99))}" + (
                f", {refused} refused" if refused else ""
            )
    return found, slow


@contextmanager
def _alertmanager() -> Iterator[str | None]:
    program = next((path for name in _ALERTMANAGER if (path := shutil.which(name))), None)
    if program is None:
        yield None
        return
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="alertmanager-") as directory:
        config = Path(directory) / "alertmanager.yml"
        config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config}",
                f"--storage.path={directory}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=error",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            end = time.monotonic() + 20
            while not answers(f"{url}/-/ready") and time.monotonic() < end:
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait()
