"""What was told while the server was away: kept on disk, handed over later in order, never twice.

One fsync'd JSON file for each command. A file is removed only after the server has answered; when the answer was lost,
the same `Idempotency-Key` goes again and the server does nothing twice. What the server refuses is kept aside with the reason.
"""

import contextlib
import fcntl
import functools
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tocsin.cli.errors import Away, NotTaken, Refused, TokenRefused
from tocsin.cli.offline.places import state_directory, sync_directory, write_durably
from tocsin.ids import new_id

INCIDENT = "{incident}"
UNKNOWN_TOKEN = 401
_KEEPING = ".keeping"
_HANDING_OVER = ".handing-over"
# Two locks, so that what is told now never waits for what is being sent; taken in this order: handing over, keeping.


HeldUp = Literal["away", "failing", "token", "incident"]


@dataclass(frozen=True)
class Told:
    """One command for the server: a POST to `path` below /api/v1.

    `path` may hold `{incident}`, which is filled in when the incident is known, and `{answer}`, which is filled in
    with the field `answer_field` of the server's answer to the command `answer_of`. `held_up` is why an attempt to hand
    it over has failed; None while there was none.
    """

    path: str
    body: dict[str, Any]
    command_id: str = field(default_factory=new_id)
    incident: str | None = None
    answer_of: str | None = None
    answer_field: str = "id"
    server: str | None = None
    told_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    title: str = ""
    held_up: HeldUp | None = None

    def needs_incident(self) -> bool:
        """Whether it can't be handed over before someone says which incident it belongs to."""
        return INCIDENT in self.path and not self.incident


@dataclass(frozen=True)
class HandedOver:
    """What came of one attempt to empty the spool."""

    sent: tuple[Told, ...] = ()
    refused: tuple[tuple[Told, str], ...] = ()
    token_refused: tuple[tuple[Told, TokenRefused], ...] = ()
    waiting: int = 0
    without_incident: int = 0
    why_waiting: str = ""
    server_answers: bool = True


Post = Callable[[str, dict[str, Any], str], dict[str, Any]]
"""(path, body, command_id) -> the server's answer; raises Away, NotTaken, TokenRefused or Refused."""


class Spool:
    """The directory of commands not yet handed over. Several processes may use it at once."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or state_directory() / "spool"

    def keep(self, told: Told) -> Told:
        """Make the command durable. After this returned it is not lost."""
        with self._locked(_KEEPING):
            write_durably(self.directory / f"{self._next_place():020d}-{told.command_id}.json", _dump(told))
        return told

    def waiting(self) -> list[Told]:
        """What is not handed over yet, in the order in which it was told."""
        return [told for _, told in self._files()]

    def is_empty(self) -> bool:
        """Whether nothing waits; costs one look at a directory."""
        return not any(_places(self.directory))

    def attach(self, incident: str) -> int:
        """Say which incident those that know none belong to; returns how many."""
        with self._locked(_HANDING_OVER), self._locked(_KEEPING):
            unattached = [(path, told) for path, told in self._files() if told.needs_incident()]
            for path, told in unattached:
                write_durably(path, _dump(replace(told, incident=incident)))
            return len(unattached)

    def hand_over(self, post: Post, server: str, only_incident: Callable[[], str | None] = lambda: None) -> HandedOver:
        """Send what waits for `server`, oldest first, until it is away or nothing is left.

        `only_incident` is asked once when something knows no incident: the one that it must be, or None. A token that
        does not reach so far (403) holds up that one command; one that is no good (401) holds up all.
        """
        outcome = _Outcome(functools.cache(only_incident))
        with self._locked(_HANDING_OVER):
            for path, told in self._files():
                if told.server is not None and told.server != server:
                    continue
                if outcome.stopped_by:
                    self._hold_up(path, told, _reason(outcome.stopped_by))
                elif outcome.bad_token:
                    self._hold_up(path, told, "token")
                    outcome.token_refused.append((told, outcome.bad_token))
                else:
                    self._send(path, told, post, outcome)
            left = self._files()
            self._forget_answers({told.answer_of for _, told in left if told.answer_of})
        stop = outcome.stopped_by
        return HandedOver(
            sent=tuple(outcome.sent),
            refused=tuple(outcome.refused),
            token_refused=tuple(outcome.token_refused),
            waiting=len(left),
            without_incident=sum(told.needs_incident() and told.held_up == "incident" for _, told in left),
            why_waiting=str(stop or ""),
            server_answers=stop is None or isinstance(stop, NotTaken),
        )

    def _send(self, path: Path, kept: Told, post: Post, outcome: "_Outcome") -> None:
        told = kept
        try:
            if told.needs_incident():
                incident = outcome.only_incident()
                if incident is None:
                    self._hold_up(path, told, "incident")
                    return
                told = replace(told, incident=incident)
            answer = post(*self._filled(told), told.command_id)
        except TokenRefused as error:
            self._hold_up(path, kept, "token")
            outcome.token_refused.append((kept, error))
            outcome.bad_token = error if error.status == UNKNOWN_TOKEN else None
        except Away as error:
            self._hold_up(path, kept, _reason(error))
            outcome.stopped_by = error
        except Refused as error:
            outcome.refused.append((told, str(error)))
            self._set_aside(path, told, str(error))
        except _NotYet:
            self._hold_up(path, kept, "token")  # only that holds up one command and lets those after it go
        else:
            self._answered(path, told, answer)
            outcome.sent.append(told)

    def withdraw(self, command_id: str) -> bool:
        """Take back what was not handed over; False when it is not here any more."""
        with self._locked(_HANDING_OVER):
            for path in _places(self.directory):
                if _id_of(path) == command_id:
                    path.unlink()
                    sync_directory(self.directory)
                    return True
        return False

    def answer_to(self, command_id: str) -> dict[str, Any] | None:
        """What the server answered to a command that others here wait for."""
        path = self.directory / "answers" / f"{command_id}.json"
        with contextlib.suppress(FileNotFoundError):
            answer: dict[str, Any] = json.loads(path.read_bytes())
            return answer
        return None

    def refused(self) -> list[dict[str, Any]]:
        """What the server would not take, with its reason; kept until a person removes it."""
        return [json.loads(path.read_bytes()) for path in _places(self.directory / "refused")]

    def _hold_up(self, path: Path, told: Told, why: HeldUp) -> None:
        if told.held_up != why:
            write_durably(path, _dump(replace(told, held_up=why)))

    def _filled(self, told: Told) -> tuple[str, dict[str, Any]]:
        path = told.path.replace(INCIDENT, told.incident or "")
        if told.answer_of:
            if (self.directory / "refused").exists() and any(
                _id_of(place) == told.answer_of for place in _places(self.directory / "refused")
            ):
                raise Refused("what it belongs to was refused")
            answer = self.answer_to(told.answer_of)
            if answer is None:
                raise _NotYet
            path = path.replace("{answer}", str(answer[told.answer_field]))
        return path, told.body

    def _answered(self, path: Path, told: Told, answer: dict[str, Any]) -> None:
        # The answer first: whoever waits for it must find it even if we die between the two steps.
        write_durably(self.directory / "answers" / f"{told.command_id}.json", json.dumps(answer).encode())
        path.unlink()
        sync_directory(self.directory)

    def _set_aside(self, path: Path, told: Told, reason: str) -> None:
        write_durably(
            self.directory / "refused" / path.name,
            json.dumps({**asdict(told), "refused_because": reason}, indent=1).encode(),
        )
        path.unlink()
        sync_directory(self.directory)

    def _forget_answers(self, needed: set[str]) -> None:
        old = time.time() - 7 * 24 * 3600
        for path in _places(self.directory / "answers"):
            with contextlib.suppress(FileNotFoundError):
                if path.stem not in needed and path.stat().st_mtime < old:
                    path.unlink()

    def _files(self) -> list[tuple[Path, Told]]:
        read: list[tuple[Path, Told]] = []
        for path in _places(self.directory):
            with contextlib.suppress(FileNotFoundError):
                read.append((path, Told(**json.loads(path.read_bytes()))))
        return read

    def _next_place(self) -> int:
        # Order is that of telling, also when the machine's clock was set back in between.
        last = max((int(path.name[:20]) for path in _places(self.directory)), default=0)
        return max(time.time_ns() // 1000, last + 1)

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.directory / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@dataclass
class _Outcome:
    """What has come of the attempt so far."""

    only_incident: Callable[[], str | None]
    sent: list[Told] = field(default_factory=list)
    refused: list[tuple[Told, str]] = field(default_factory=list)
    token_refused: list[tuple[Told, TokenRefused]] = field(default_factory=list)
    bad_token: TokenRefused | None = None
    stopped_by: Away | None = None


class _NotYet(Exception):
    """What it refers to has not been answered yet."""


def _places(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
    except FileNotFoundError:
        return []


def _reason(stop: Away) -> HeldUp:
    return "failing" if isinstance(stop, NotTaken) else "away"


def _id_of(path: Path) -> str:
    return path.stem[21:]


def _dump(told: Told) -> bytes:
    return json.dumps(asdict(told), ensure_ascii=False, indent=1).encode()
