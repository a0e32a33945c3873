"""Runs a command as if Tocsin were not there, and remembers what happened.

On a terminal the command gets a terminal of its own, so colours, prompts and Ctrl-C work as ever; otherwise pipes,
with standard output and error kept apart on the way through. Signals are forwarded, the exit code is passed on.
"""

import contextlib
import getpass
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, Self

from tocsin.cli.offline.capture import BoundedOutput

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_CHUNK = 65536
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


@dataclass(frozen=True)
class Ran:
    """One finished command: who ran what, where, from when to when (UTC), and how it ended. Output is not masked yet."""

    who: str
    command: str
    host: str
    started_at: datetime
    ended_at: datetime
    exit_code: int
    output: str
    truncated: bool


def exact_command(arguments: Sequence[str]) -> str:
    """The command as one could paste it into a shell."""
    return shlex.join(arguments)


def who_and_where() -> tuple[str, str]:
    """The machine's own names for the person and the host."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry
        who = str(os.getuid())
    return os.environ.get("SUDO_USER") or who, socket.gethostname()


def run(arguments: Sequence[str], now: Callable[[], datetime]) -> Ran:
    """Run the command here and pass everything through; never raises for what the command does."""
    who, host = who_and_where()
    output = BoundedOutput()
    started_at = now()
    if shutil.which(arguments[0]) is None:
        code = NOT_EXECUTABLE if Path(arguments[0]).exists() else NOT_FOUND
        said = f"tocsin: {arguments[0]}: {'may not be executed' if code == NOT_EXECUTABLE else 'there is no such command'}\n"
        sys.stderr.write(said)
        output.write(said.encode())
    elif sys.stdin.isatty() and sys.stdout.isatty():
        code = _run_on_terminal(arguments, output)
    else:
        code = _run_on_pipes(arguments, output)
    return Ran(
        who=who,
        command=exact_command(arguments),
        host=host,
        started_at=started_at,
        ended_at=now(),
        exit_code=code,
        output=output.text(),
        truncated=output.truncated,
    )


def _run_on_pipes(arguments: Sequence[str], output: BoundedOutput) -> int:
    lock = threading.Lock()
    # A terminal's Ctrl-C reaches the command by itself: it shares our process group.
    with _Forwarding(left_out=(signal.SIGINT, signal.SIGQUIT) if sys.stdin.isatty() else ()) as forwarding:
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        forwarding.to(process.pid)

        def pass_on(source: BinaryIO, target: BinaryIO) -> None:
            while chunk := os.read(source.fileno(), _CHUNK):
                with lock:
                    output.write(chunk)
                try:
                    target.write(chunk)
                    target.flush()
                except (BrokenPipeError, ValueError):
                    # Our reader went away (`| head`): the command is to notice, as it would without us.
                    source.close()
                    return

        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            threading.Thread(target=pass_on, args=(process.stdout, sys.stdout.buffer), daemon=True),
            threading.Thread(target=pass_on, args=(process.stderr, sys.stderr.buffer), daemon=True),
        ]
        for reader in readers:
            reader.start()
        code = process.wait()
        # A daemon that it left behind may hold the pipe open: what it says later is not this command's.
        for reader in readers:
            reader.join(timeout=1)
    return _exit_code(code)


def _run_on_terminal(arguments: Sequence[str], output: BoundedOutput) -> int:
    ours, theirs = os.openpty()
    stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
    _copy_size(stdout, theirs)
    before = termios.tcgetattr(stdin)
    resized = signal.signal(signal.SIGWINCH, lambda *_: _copy_size(stdout, ours))
    try:
        tty.setraw(stdin)
        with _Forwarding(left_out=()) as forwarding:
            process = subprocess.Popen(
                arguments,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                preexec_fn=_own_terminal,  # noqa: PLW1509 - no thread runs here, and a session needs its terminal
            )
            forwarding.to(process.pid)
            os.close(theirs)
            _relay(stdin, stdout, ours, process, output)
            code = process.wait()
    finally:
        signal.signal(signal.SIGWINCH, resized)
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)
        os.close(ours)
    return _exit_code(code)


def _relay(stdin: int, stdout: int, ours: int, process: "subprocess.Popen[bytes]", output: BoundedOutput) -> None:
    watched = [stdin, ours]
    while True:
        ready, _, _ = select.select(watched, [], [], 0.5)
        if not ready and process.poll() is not None:
            return
        if stdin in ready:
            typed = os.read(stdin, _CHUNK)
            if typed:
                os.write(ours, typed)
            else:
                watched.remove(stdin)
        if ours in ready:
            try:
                chunk = os.read(ours, _CHUNK)
            except OSError:  # Linux says EIO when the last holder of the terminal has gone
                return
            if not chunk:
                return
            output.write(chunk)
            os.write(stdout, chunk)


def _own_terminal() -> None:
    import fcntl

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _copy_size(source: int, target: int) -> None:
    with contextlib.suppress(termios.error, OSError):
        termios.tcsetwinsize(target, termios.tcgetwinsize(source))


class _Forwarding:
    """Signals that come to us go to the command; those that come before it has started are kept for it."""

    def __init__(self, left_out: Sequence[signal.Signals]) -> None:
        self._left_out = left_out
        self._pid: int | None = None
        self._waiting: list[int] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._take) for number in _FORWARDED}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def to(self, pid: int) -> None:
        """The command has started."""
        self._pid = pid
        for number in self._waiting:
            self._take(number, None)

    def _take(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._pid is None:
            self._waiting.append(number)
        elif number not in self._left_out:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)


def _exit_code(code: int) -> int:
    return 128 - code if code < 0 else code
