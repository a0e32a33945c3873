"""Programs that the demo starts and always ends: their output is kept, their process groups end with us."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


class ChildFailed(RuntimeError):
    """A program ended or did not get ready; the message carries its last lines."""


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tocsin_command() -> list[str]:
    """How to run the installed `tocsin` of this very Python."""
    return [str(Path(sys.executable).with_name("tocsin"))]


class Child:
    """One program in its own process group, so that Ctrl-C reaches us first and we end it in order."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        echo: Callable[[str], None] | None = None,
    ) -> None:
        self.name = name
        self.lines: list[str] = []
        self._echo = echo
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"{name}-output", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id, which is also its group's."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll()

    @property
    def output(self) -> str:
        """Everything it has printed so far."""
        with self._changed:
            return "\n".join(self.lines)

    def wait_until(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for `ready()`; ChildFailed when it ends first or takes longer than `seconds`."""
        end = time.monotonic() + seconds
        while not ready():
            if self.returncode is not None:
                self._reader.join(2)
                raise ChildFailed(f"{self.name} ended with {self.returncode} before {what}:\n{self._tail()}")
            if time.monotonic() > end:
                raise ChildFailed(f"{self.name}: no {what} after {seconds:g} s:\n{self._tail()}")
            time.sleep(0.05)

    def wait_for_line(self, part: str, seconds: float = 20) -> str:
        """The first line that holds `part`, waiting for it if need be."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self.lines:
                    if part in line:
                        return line
                left = end - time.monotonic()
                if left <= 0 or (self._process.poll() is not None and not self._reader.is_alive()):
                    raise ChildFailed(f"{self.name} never printed {part!r}:\n{self._tail()}")
                self._changed.wait(min(left, 0.5))

    def stop(self, seconds: float = 10) -> int:
        """Ask it to end (SIGTERM), insist after `seconds`; returns its exit code."""
        if self.returncode is None:
            self.signal(signal.SIGTERM)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._reader.join(2)
        return int(self._process.wait())

    def kill(self) -> None:
        """End it at once, as a power cut would (SIGKILL to the whole group)."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _tail(self) -> str:
        return "\n".join(self.lines[-30:])

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                text = line.rstrip("\n")
                with self._changed:
                    self.lines.append(text)
                    self._changed.notify_all()
                if self._echo:
                    self._echo(text)
        with self._changed:
            self._changed.notify_all()
