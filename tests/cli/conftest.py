"""`tocsin` as a person types it: a process of its own with its own XDG directories."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.api.conftest import ORGANISATION, token_for
from tocsin.api.app import build_api
from tocsin.app import make_parts
from tocsin.clock import SystemClock
from tocsin.demo.children import free_port
from tocsin.identity.actor import SYSTEM, Right
from tocsin.identity.keys import KEYS, Keys
from tocsin.organisation.usecases import ApplyFiles, apply_files
from tocsin.settings import Settings
from tocsin.store.database import Database

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


class Served:
    """The API on a port, which can be away and come back on the same data."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        parts = make_parts(Settings(public_url=self.url), database.clock, database, keys)
        self._app = Starlette(routes=[Mount("/api/v1", build_api(parts))])
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Answer from now on."""
        self._server = uvicorn.Server(uvicorn.Config(self._app, port=self.port, log_level="warning"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        """Be away."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(10)
            self._server = None


@pytest.fixture
def real_database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    """SQLite on the real clock, with the small shop applied; the engines differ below, not here."""
    path = tmp_path / "tocsin.db"
    shutil.copy(migrated_sqlite, path)
    database = Database.open(f"sqlite:///{path}", SystemClock(), {KEYS: Keys.generate()})
    database.write(lambda c, now: apply_files(c, SYSTEM, ApplyFiles({"all.yaml": ORGANISATION}), now))
    yield database
    database.close()


@pytest.fixture
def served(real_database: Database) -> Iterator[Served]:
    keys = real_database.context[KEYS]
    assert isinstance(keys, Keys)
    server = Served(real_database, keys)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def dana(tocsin: Tocsin, served: Served, real_database: Database) -> Tocsin:
    """`tocsin` as Dana, an administrator."""
    return _as(tocsin, served, token_for(real_database, "dana", Right.ADMIN))


@pytest.fixture
def kofi(tocsin: Tocsin, served: Served, real_database: Database) -> Tocsin:
    """`tocsin` as Kofi, a responder."""
    return _as(tocsin, served, token_for(real_database, "kofi", Right.RESPONDER, "respond"))


def _as(tocsin: Tocsin, served: Served, header: dict[str, str]) -> Tocsin:
    token = header["Authorization"].removeprefix("Bearer ")

    def run(*arguments: str, text: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return tocsin(*arguments, text=text, **{"TOCSIN_URL": served.url, "TOCSIN_TOKEN": token, **more})

    return run


def ok(done: subprocess.CompletedProcess[str], code: int = 0) -> str:
    """What it printed, after a look at its exit code."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def as_json(done: subprocess.CompletedProcess[str], code: int = 0) -> Any:
    """What it answered to a program."""
    return json.loads(ok(done, code))


@pytest.fixture
def incident(dana: Tocsin) -> str:
    made = as_json(dana("declare", "Checkout answers 500", "-s", "2", "--service", "checkout-api", "--json"))
    return f"INC-{made['incident']['number']}"


def timeline(tocsin: Tocsin, incident: str) -> str:
    """The timeline as the command line prints it."""
    return ok(tocsin("incidents", "timeline", incident))
