"""`tocsin` as a person types it: a process of its own with its own XDG directories."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Tocsin = Callable[..., subprocess.CompletedProcess[str]]
PROGRAM = str(Path(sys.executable).with_name("tocsin"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where this person's configuration, state and cache are."""
    return tmp_path / "home"


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The environment of a person who has no server yet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "XDG_"))}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
    }


@pytest.fixture
def tocsin(environment: dict[str, str], tmp_path: Path) -> Tocsin:
    """Run the command line; extra keywords are more environment."""

    def run(*arguments: str, text: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments],
            env=environment | more,
            cwd=tmp_path,
            input=text if text is not None else "",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
