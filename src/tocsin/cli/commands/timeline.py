"""The timeline as lines: oldest happening first, long runs of alerts and system entries folded as in the room."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tocsin.cli.commands.telling import who_did

FOLD_FROM = 6
_FOLDED = frozenset({"alert", "system"})
_LATE = timedelta(minutes=2)


def in_order(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """As it happened, not as it was written down; of one moment, in the order of writing."""
    return sorted(items, key=lambda one: (datetime.fromisoformat(one["happened_at"]), one["seq"]))


def timeline_lines(items: Sequence[dict[str, Any]], *, everything: bool = False) -> Iterator[str]:
    """A line for each entry; a run of six or more alert and system entries is one, unless `everything` is asked for."""
    run: list[dict[str, Any]] = []
    for one in [*items, None]:
        if one is not None and one.get("category") in _FOLDED and not everything:
            run.append(one)
            continue
        if len(run) >= FOLD_FROM:
            yield _folded(run)
        else:
            yield from map(_line, run)
        run = []
        if one is not None:
            yield _line(one)


def _line(one: dict[str, Any]) -> str:
    late = datetime.fromisoformat(one["recorded_at"]) - datetime.fromisoformat(one["happened_at"])
    written = f" (written down {_clock(one['recorded_at'])})" if late > _LATE else ""
    return f"{one['seq']:>4}  {_utc(one['happened_at'])}  {who_did(one)}{written}"


def _folded(run: Sequence[dict[str, Any]]) -> str:
    alerts = sum(one["category"] == "alert" for one in run)
    counts = ((alerts, "alert"), (len(run) - alerts, "system"))
    said = " and ".join(f"{count} {kind} {'entry' if count == 1 else 'entries'}" for count, kind in counts if count)
    until = _clock(run[-1]["happened_at"])
    return f"   …  {_utc(run[0]['happened_at'])}  {said} until {until}; --all shows them"


def _utc(text: str) -> str:
    return text[:19].replace("T", " ") + "Z"


def _clock(text: str) -> str:
    return text[11:19] + "Z"
