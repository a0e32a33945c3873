"""What the loop runs: handlers by kind, and what they are given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection

from tocsin.engine.deliveries import Delivery, Outcome

MOST_TRIES = 5
PAGE_PATIENCE = timedelta(seconds=60)
LEASE = timedelta(seconds=30)
_FIRST_BACKOFF = timedelta(seconds=1)
_LONGEST_BACKOFF = timedelta(minutes=5)


@dataclass(frozen=True)
class Job:
    """A claimed deadline or task, as its handler sees it. `due_at` is UTC; `attempt` counts from 1."""

    id: str
    kind: str
    subject_kind: str
    subject_id: str
    key: str
    payload: Mapping[str, Any]
    due_at: datetime
    attempt: int


JobHandler = Callable[[Connection, Job, datetime], None]


class Sender(Protocol):
    """How one kind of delivery is sent and its outcome recorded."""

    def prepare(self, connection: Connection, delivery: Delivery, now: datetime) -> Mapping[str, Any] | None:
        """In a transaction, just before sending: what to send, or None when it is not needed any more."""
        ...

    async def send(self, delivery: Delivery, prepared: Mapping[str, Any]) -> Outcome:
        """Outside any transaction: the call itself. An exception is an outcome 'retry' with its text."""
        ...

    def record(self, connection: Connection, delivery: Delivery, outcome: Outcome, now: datetime) -> None:
        """In a transaction: what the outcome means (also for outcomes whose lease was lost)."""
        ...


PageLastResort = Callable[[Connection, str, datetime], None]  # (connection, what is stuck in a sentence, now)
Drain = Callable[[], Awaitable[None]]


class Registry:
    """Handlers by kind; stages register theirs at start-up."""

    def __init__(self) -> None:
        self.tasks: dict[str, JobHandler] = {}
        self.deadlines: dict[str, JobHandler] = {}
        self.senders: dict[str, Sender] = {}
        self.lanes: dict[str, int] = {}
        self.at_once: set[str] = set()

    def task(self, kind: str, handler: JobHandler) -> None:
        """Handle tasks of a kind."""
        _once(self.tasks, kind)
        self.tasks[kind] = handler

    def deadline(self, kind: str, handler: JobHandler, *, at_once: bool = False) -> None:
        """Handle deadlines of a kind.

        `at_once`: one that a job makes due already may be done in that job's transaction. Only for handlers that lock
        nothing which stands before what the job may hold: see the order of locks.
        """
        _once(self.deadlines, kind)
        self.deadlines[kind] = handler
        if at_once:
            self.at_once.add(kind)

    def sender(self, kind: str, sender: Sender) -> None:
        """Send deliveries of a kind."""
        _once(self.senders, kind)
        self.senders[kind] = sender

    def lane(self, name: str, concurrency: int) -> None:
        """How many deliveries of a lane may be under way at once in this process (4 unless told)."""
        self.lanes[name] = concurrency


def _once(handlers: Mapping[str, object], kind: str) -> None:
    if kind in handlers:
        raise ValueError(f"two handlers for {kind!r}")


def backoff(attempt: int, jitter: float) -> timedelta:
    """How long after the `attempt`-th failure to wait: doubling from 1 s to 5 min, plus up to half by `jitter` (0–1)."""
    doubled: timedelta = _FIRST_BACKOFF * 2 ** min(attempt - 1, 20)
    base = min(doubled, _LONGEST_BACKOFF)
    return base + base * 0.5 * jitter
