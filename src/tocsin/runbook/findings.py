"""What is wrong in a runbook, in the form that a person can act on, and the one error that reading may raise."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from tocsin.errors import Invalid, Mistake


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake: its line (from 1) in the Markdown, what is wrong, how to fix it, its section (`5.1` or '')."""

    line: int
    what: str
    fix: str = ""
    section: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}" + (f" (§{self.section})" if self.section else "")
        return f"{place}: {self.what}" + (f" {self.fix}" if self.fix else "")


class RunbookError(Invalid):
    """The runbook can't be used; `findings` holds every mistake at once, in the order of its lines."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(set(findings)))
        count = len(self.findings)
        head = f"The runbook has {count} mistake{'' if count == 1 else 's'}."
        super().__init__(
            "\n".join([head, *map(str, self.findings)]),
            mistakes=tuple(Mistake(f"line {finding.line}", str(finding)) for finding in self.findings),
        )


def nearest(name: str, valid: Iterable[str]) -> str:
    """A sentence with the nearest valid name, or with all of them when none is near and they are few."""
    names = sorted(set(valid))
    close = get_close_matches(name[:80].lower(), [each.lower() for each in names], n=1, cutoff=0.6)
    for each in names:
        if close and each.lower() == close[0]:
            return f"Did you mean '{each}'?"
    if not names:
        return ""
    return f"Write one of: {', '.join(names)}." if len(names) <= 24 else ""
