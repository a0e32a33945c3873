"""Where the command line keeps things, after the XDG base directory specification."""

import os
from pathlib import Path

_NAME = "tocsin"


def config_directory() -> Path:
    """Who we are to which server: `$XDG_CONFIG_HOME/tocsin`."""
    return _base("XDG_CONFIG_HOME", ".config")


def state_directory() -> Path:
    """What must not be lost: spool, scratch documents, captured evidence: `$XDG_STATE_HOME/tocsin`."""
    return _base("XDG_STATE_HOME", ".local/state")


def cache_directory() -> Path:
    """What can be asked again: `$XDG_CACHE_HOME/tocsin`."""
    return _base("XDG_CACHE_HOME", ".cache")


def write_durably(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a private file so that it is whole or absent, and still there after the power went."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make a rename or removal in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _base(variable: str, default: str) -> Path:
    # The specification says that a relative path is to be ignored.
    said = Path(os.environ.get(variable, ""))
    return (said if said.is_absolute() else Path.home() / default) / _NAME
