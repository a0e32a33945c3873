"""What a subject says by itself: whether something began or is over, how bad it is, and what it is about. Pure.

`[FIRING:1] Disk full on db-1`, `Re: RESOLVED: Disk full on db-1` and `Disk full on db-1 is OK` are about one thing.
"""

import re
from dataclasses import dataclass

from tocsin.intake.signal import DEFAULT_SEVERITY, Severity, Status, severity_of

_OVER = "resolved recovered recovery ok okay up closed cleared clear normal fixed solved"
_BAD = "critical crit fatal emergency disaster error err major warning warn minor info p1 p2 p3 p4 p5 sev1 sev2 sev3"
_BEGUN = f"alert alerting alarm firing problem triggered down failed failure open opened new {_BAD}"
_STATUS: dict[str, Status] = {
    **dict.fromkeys(_BEGUN.split(), "firing"),
    **dict.fromkeys(_OVER.split(), "resolved"),
}
_WORDS = "|".join(sorted(_STATUS, key=len, reverse=True))
_REPLY = re.compile(r"\s*(?:re|fwd?|aw|wg|sv|vs|antw|tr|rv)(?:\[\d{1,3}\])?\s*:\s*", re.IGNORECASE)
# a word counts where it is set off: in brackets or asterisks, or by a colon, a dash or a bar after it
_FIRST = re.compile(
    rf"\s*(?:[\[(<{{*]+\s*(?P<set>{_WORDS})\b(?::?\s*\d{{1,5}})?\s*[\])>}}*]*\s*[:|–-]*"
    rf"|(?P<off>{_WORDS})\b\s*(?::|\||–|-(?=\s)))\s*",
    re.IGNORECASE,
)
_LAST = re.compile(
    rf"\s*(?:(?:\bis(?:\s+now)?(?:\s+back\s+to)?|\bhas(?:\s+been)?|[:|–]|\s-)\s*(?P<off>{_WORDS})|[\[(*]+\s*(?P<set>{_WORDS})\s*[\])*]+)"
    r"\s*[.!*]*\s*$",
    re.IGNORECASE,
)
_INNER = re.compile(
    rf"(?:\[\s*(?P<set>{_WORDS})\b(?::?\s*\d{{1,5}})?\s*\]|(?<=\])\s*(?P<off>{_WORDS})\s*:)\s*", re.IGNORECASE
)
_MOST = 10


@dataclass(frozen=True)
class Said:
    """What a subject says. `about` is what is left without replies' and states' words; it may be empty."""

    about: str
    status: Status
    severity: Severity


def read_subject(subject: str) -> Said:
    """By its words; without any it is something that began."""
    rest, words = _without_first(subject)
    for _ in range(_MOST):
        found = _LAST.search(rest)
        if not found:
            break
        words.append((found["set"] or found["off"]).lower())
        rest = rest[: found.start()]
    if found := _INNER.search(rest):
        words.append((found["set"] or found["off"]).lower())
        rest = f"{rest[: found.start()]} {rest[found.end() :]}"
    status: Status = _STATUS[words[0]] if words else "firing"
    bad = next((severity_of(word) for word in words if word in _BAD.split()), DEFAULT_SEVERITY)
    return Said(" ".join(rest.strip(" *").split()), status, bad)


def _without_first(subject: str) -> tuple[str, list[str]]:
    words: list[str] = []
    rest = subject
    for _ in range(_MOST):
        if found := _REPLY.match(rest):
            rest = rest[found.end() :]
        elif found := _FIRST.match(rest):
            words.append((found["set"] or found["off"]).lower())
            rest = rest[found.end() :]
        else:
            break
    return rest, words


def key_of(about: str) -> str:
    """The dedup key of what a subject is about: in small letters, as different mail programs write it."""
    return about.casefold()
