"""One engine for one SQLite directory: a lock that a second one meets, with a sentence that says what to do."""

import fcntl
import os
from pathlib import Path
from typing import TextIO

from tocsin.errors import ConfigurationError


class DirectoryLock:
    """Held from `take` to `release`; the kernel frees it when the process dies, however it dies."""

    def __init__(self, data: Path) -> None:
        self._path = data / "engine.lock"
        self._file: TextIO | None = None

    def take(self) -> None:
        """Take the lock; ConfigurationError when another engine has it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise ConfigurationError(
                f"another Tocsin (process {holder}) already serves {self._path.parent}; stop it first, give this one "
                "another directory (TOCSIN_DATA), or use PostgreSQL (TOCSIN_DATABASE_URL) to run several"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give it back."""
        if self._file is not None:
            self._file.close()
            self._file = None
