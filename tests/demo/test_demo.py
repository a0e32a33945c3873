"""The demo plays to its end by itself, and leaves nothing behind, however it ends."""

import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tocsin.demo.children import Child


def played(directory: Path, *arguments: str) -> Child:
    """The demo, with its temporary files below `directory`."""
    directory.mkdir(exist_ok=True)
    command = [sys.executable, "-u", "-m", "tocsin.demo", "--own-rule", *arguments]
    return Child("the demo", command, env={"TMPDIR": str(directory)}, cwd=directory)


def left_behind(directory: Path) -> list[str]:
    """Files, and processes that work below the directory."""
    found = [str(path) for path in directory.glob("tocsin-demo-*")]
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment = process.info["environ"] or {}
        if environment.get("TMPDIR") == str(directory) and process.pid != psutil.Process().pid:
            found.append(" ".join(process.info["cmdline"] or [str(process.pid)]))
    return found


def ended(demo: Child, seconds: float) -> int | None:
    """Its exit code, once it has ended by itself."""
    end = time.monotonic() + seconds
    while demo.returncode is None and time.monotonic() < end:
        time.sleep(0.1)
    return demo.returncode


@pytest.mark.timeout(300)
def test_the_demo_plays_to_its_end(tmp_path: Path) -> None:
    with played(tmp_path / "demo", "--linger", "0", "--watch", "10", "--leave") as demo:
        demo.wait_for_line("nothing was changed", 240)
        assert ended(demo, 30) == 0, demo.output
        assert "refused: Held" in demo.output
        assert left_behind(tmp_path / "demo") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_the_middle_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with played(tmp_path / "demo", "--linger", "60") as demo:
        demo.wait_for_line("1/18", 60)
        demo.signal(number)
        assert ended(demo, 30) == 130, demo.output
        assert left_behind(tmp_path / "demo") == []
