"""The last answers to "may I deploy?", each with its date, for when the server can't be asked."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tocsin.cli.offline.places import cache_directory, write_durably


@dataclass(frozen=True)
class KnownAnswer:
    """What the server said about a service, and when (UTC)."""

    held: bool
    reason: str
    asked_at: datetime


def remember(server: str, service: str, change: str | None, answer: KnownAnswer) -> None:
    """Keep the answer; failing to keep it must not fail a deploy."""
    content = {**asdict(answer), "asked_at": answer.asked_at.isoformat()}
    try:
        write_durably(_place(server, service, change), json.dumps(content).encode())
    except OSError:
        return


def recall(server: str, service: str, change: str | None) -> KnownAnswer | None:
    """The last answer for exactly this question, or None."""
    try:
        content = json.loads(_place(server, service, change).read_bytes())
        return KnownAnswer(content["held"], content["reason"], datetime.fromisoformat(content["asked_at"]))
    except (OSError, ValueError, KeyError):
        return None


def in_words(age: timedelta) -> str:
    """`3 min`, `2 h 5 min`, `4 days`: how old something is."""
    seconds = max(int(age.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} days"


def _place(server: str, service: str, change: str | None) -> Path:
    name = hashlib.sha256(json.dumps([server, service, change]).encode()).hexdigest()[:32]
    return cache_directory() / "freeze" / f"{name}.json"
