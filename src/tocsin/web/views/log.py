"""The room's log: entries, and long runs folded to one line."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.web.views.common import Verdict


@dataclass(frozen=True)
class EntryView:
    """One line of the timeline."""

    seq: int
    at: datetime
    offset: str
    category: str
    icon: str
    who: str
    text: str
    severity: int = 0
    verdict: Verdict | None = None
    detail: str = ""
    command: str = ""
    expected: str = ""
    quote: str = ""
    late_note: str = ""
    fresh: bool = False


@dataclass(frozen=True)
class Fold:
    """A run of alerts and system entries, in one line."""

    text: str
    entries: tuple[EntryView, ...]
