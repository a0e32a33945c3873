"""The scratch document of an incident that has no room yet: a Markdown file named by its UTC minute."""

from datetime import UTC, datetime
from pathlib import Path

from tocsin.cli.offline.places import state_directory

_TEMPLATE = """# Incident {minute}

Started {minute} (UTC) by {who} on {host}. Tocsin was not asked; `tocsin scratch --attach INC-NUMBER` hands this over later.

- What is wrong, since when:
- Who is affected:
- Commander:
- What changed just before:

## Timeline (UTC)

- {clock} Scratch document begun
"""


def minute_name(now: datetime) -> str:
    """`2026-11-19T14:08Z`: the UTC minute, as the runbook names scratch documents."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def begin(now: datetime, who: str, host: str, directory: Path | None = None) -> Path:
    """Create `incident-2026-11-19T14:08Z.md`; a second one in the same minute gets `-2`. Returns its path."""
    folder = directory or default_directory()
    folder.mkdir(parents=True, exist_ok=True)
    minute = minute_name(now)
    text = _TEMPLATE.format(minute=minute, who=who, host=host, clock=_clock(now))
    number = 1
    while True:
        path = folder / (f"incident-{minute}.md" if number == 1 else f"incident-{minute}-{number}.md")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
            return path
        except FileExistsError:
            number += 1


def latest(directory: Path | None = None) -> Path | None:
    """The scratch document begun last, or None."""
    folder = directory or default_directory()
    return max(folder.glob("incident-*.md"), key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)


def add(path: Path, now: datetime, text: str) -> None:
    """Append one line with its UTC time."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"- {_clock(now)} {' '.join(text.split())}\n")


def default_directory() -> Path:
    """Where scratch documents are when nothing else is said."""
    return state_directory() / "scratch"


def _clock(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%H:%M:%SZ")
