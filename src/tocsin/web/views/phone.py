"""A page on a phone: what is wrong, who is next, one button."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tocsin.web.views.common import Choice, Clock, Spark


@dataclass(frozen=True)
class PhonePage:
    """One page as its person sees it. `action` is the URL below which the buttons post."""

    title: str
    who: str
    state: Literal["open", "yours", "theirs", "ended"]
    action: str
    fact: str = ""
    fact_number: str = ""
    spark: Spark | None = None
    marks: tuple[tuple[str, str, str], ...] = ()  # icon, strong words, the rest
    next_clock: Clock | None = None
    next_words: str = ""
    pass_to: str = ""
    took: str = ""
    holder: str = ""
    held_at: datetime | None = None
    ended_why: str = ""
    severities: tuple[Choice, ...] = ()
    suggested: str = ""
    suggestion: str = ""
    five: Clock | None = None
    may_declare: bool = False
    may_act: bool = True
    group: bool = False
    others: tuple[str, ...] = ()
    """Titles of the pages that the same message told of, and that are open too; once it is taken, that were taken with it."""
    helps: bool = False
    """Help is asked for: it can be declined."""
    incident: int = 0
    declares: str = ""
    csrf: str = ""
    refused: str = ""
