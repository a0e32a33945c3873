"""A person's own rules: by which methods they are paged at which hour and for how bad a thing. Pure.

The first rule that fits decides. A rule without methods is quiet: the page goes to the next person, and its log says so.
What is critical or Sev1, or does not say how bad it is, pierces every quiet rule; so does the last resort.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, field_validator

from tocsin import wallclock

Severity = Literal["critical", "error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "error", "warning", "info")
MOST_RULES = 20
_OF_INCIDENTS: dict[str, Severity] = {"sev1": "critical", "sev2": "error", "sev3": "warning"}
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class Rule(BaseModel):
    """When it fits, these methods (their ids) in this order and no others; none: quiet.

    `hours` is a span of the person's own clock (`22:00-07:00` passes midnight), always when empty; `severities` are what
    it is for, any when empty (Sev1 counts as critical, Sev2 as error, Sev3 as warning).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: str = ""
    severities: tuple[Severity, ...] = ()
    methods: tuple[str, ...] = ()

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        span = re.sub(r"\s*[-–]\s*", "-", value.strip())
        span = re.sub(r"\b(\d):", r"0\1:", span)
        if span and not _HOURS.fullmatch(span):
            raise ValueError(f"'{value}' is no span of hours; write 22:00-07:00")
        if span and span[:5] == span[6:]:
            raise ValueError("a span begins and ends at different hours; leave it empty for the whole day")
        return span

    @property
    def is_quiet(self) -> bool:
        """Whether nothing rings where it fits."""
        return not self.methods

    def sentence(self) -> str:
        """When it fits, for people."""
        when = f"from {self.hours[:5]} to {self.hours[6:]}" if self.hours else "at any hour"
        *first, last = self.severities or ("",)
        return f"{when}, for {', '.join(first)}{' and ' if first else ''}{last}" if last else when


@dataclass(frozen=True)
class Choice:
    """The methods to use, by id and in order; `quiet` says why there are none."""

    methods: tuple[str, ...]
    quiet: str | None = None


def choose(
    rules: Iterable[Rule], usable: Sequence[str], severity: str | None, now: datetime, tz: ZoneInfo, *, pierces: bool
) -> Choice:
    """Which of the usable methods a page of that severity goes by now. `pierces`: whatever the rules say, it rings."""
    bad = how_bad(severity)
    loud = pierces or bad in (None, "critical")
    wall = wallclock.to_wall(now, tz).time()
    for rule in rules:
        if not _fits(rule, bad, wall):
            continue
        if rule.is_quiet:
            if loud:
                continue
            return Choice((), f"their own rule: quiet {rule.sentence()}")
        left = tuple(method for method in rule.methods if method in usable)
        if left:
            return Choice(left)
    return Choice(tuple(usable))


def how_bad(severity: str | None) -> Severity | None:
    """A page's severity on the scale of the rules; None when it does not say."""
    named = _OF_INCIDENTS.get(severity or "", severity)
    return next((known for known in SEVERITIES if known == named), None)


def _fits(rule: Rule, bad: Severity | None, wall: time) -> bool:
    if rule.severities and bad not in rule.severities:
        return False
    if not rule.hours:
        return True
    begins, ends = time.fromisoformat(rule.hours[:5]), time.fromisoformat(rule.hours[6:])
    return begins <= wall < ends if begins < ends else wall >= begins or wall < ends
