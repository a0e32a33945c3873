"""One message from a sender, in Tocsin's own words, and what could not be put into them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import msgspec

Severity = Literal["critical", "error", "warning", "info"]
Status = Literal["firing", "resolved"]
AskKind = Literal["acknowledge", "unacknowledge", "note", "snooze", "assign", "change"]
SEVERITIES: tuple[Severity, ...] = ("critical", "error", "warning", "info")
DEFAULT_SEVERITY: Severity = "error"

LONGEST_KEY = 500
LONGEST_TITLE = 500
LONGEST_VALUE = 4000
_LONGEST_LABEL = 200
_LONGEST_NAME = 200
_DIGEST = 32
_SYNONYMS: dict[str, Severity] = {
    **dict.fromkeys(("critical", "crit", "fatal", "emergency", "emerg", "disaster", "page", "p1", "sev1"), "critical"),
    **dict.fromkeys(("error", "err", "major", "high", "p2", "sev2"), "error"),
    **dict.fromkeys(("warning", "warn", "minor", "average", "medium", "low", "p3", "p4", "sev3"), "warning"),
    **dict.fromkeys(("info", "information", "informational", "notice", "none", "debug", "ok", "p5"), "info"),
}
# What PostgreSQL's text can't hold (NUL) and UTF-8 can't encode (lone surrogates).
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_OLDEST, _NEWEST = 1971, 9998


class Link(msgspec.Struct, frozen=True):
    """Where to look: a title and an http(s) address."""

    title: str
    url: str


class Signal(msgspec.Struct, frozen=True):
    """What one message says about one condition. (A struct: made many thousand times a second.)

    `started_at` and `ended_at` are UTC and as the sender claims them; None where it did not say. `service` is what
    the sender says it is about, not yet looked up in the catalogue.
    """

    dedup_key: str
    status: Status
    severity: Severity
    title: str
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)
    links: tuple[Link, ...] = ()
    service: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class SetAside:
    """A part of a body that could not be understood: where (`alerts[3].fingerprint`), why, and the part itself.

    `content` is a body of its own, which the same sender's parser can read again once it has learnt to.
    """

    place: str
    reason: str
    content: str


@dataclass(frozen=True)
class Ask:
    """What a sender asks for beside an alert's beginning and end; a stage further down the street does it.

    `what` is about the alert of `dedup_key`, except for `change`, which reports one to the change feed. `by` is who
    asked, in the sender's words; `more` is what only one kind needs.
    """

    what: AskKind
    dedup_key: str = ""
    by: str = ""
    text: str = ""
    until: datetime | None = None
    more: Mapping[str, str] = field(default_factory=dict)


class Parsed(msgspec.Struct, frozen=True):
    """What a body held: signals, what was set aside, how many alerts the sender says it left out, and what it asks."""

    signals: tuple[Signal, ...]
    set_aside: tuple[SetAside, ...] = ()
    left_out: int = 0
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True)
class IntegrationRef:
    """The integration that a signal came by."""

    id: str
    name: str
    sender: str
    service: str | None = None
    mapping: str | None = field(default=None, repr=False)


class Received(msgspec.Struct, frozen=True):
    """A signal and the integration that it came by."""

    integration: IntegrationRef
    signal: Signal


class Unreadable(Exception):
    """A body that can't be read at all; `place` is `line 3, column 7`, `byte 12` or a field's path."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


def storable(text: str) -> str:
    """The text with what no database can hold replaced by U+FFFD."""
    if text.isascii() and "\x00" not in text:  # nearly all: knowing it costs nothing
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def clipped(text: str, longest: int = LONGEST_VALUE) -> str:
    """Storable, and at most `longest` characters, with an ellipsis where some were cut."""
    text = storable(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def bounded_key(text: str) -> str:
    """A key that an index can hold: one that is too long, or has unstorable characters, ends in its own digest."""
    if len(text) <= LONGEST_KEY and storable(text) == text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{storable(text)[: LONGEST_KEY - _DIGEST - 1]}#{digest}"


def severity_of(word: str | None) -> Severity:
    """A sender's word as one of the four; what is unknown or missing is an error, so that somebody is paged."""
    if not word:
        return DEFAULT_SEVERITY
    return _SYNONYMS.get(word) or _SYNONYMS.get(word.strip().lower(), DEFAULT_SEVERITY)


def instant_of(claimed: datetime | None) -> datetime | None:
    """A claimed time in UTC; None for none, for Go's zero time, and for years in which nothing can have fired."""
    if claimed is None or not _OLDEST <= claimed.year <= _NEWEST:
        return None
    return claimed.astimezone(UTC)


def texts_of(values: Mapping[str, object]) -> dict[str, str]:
    """Names and values as storable text; numbers and nested values as their JSON, null as absent."""
    if not values or _are_plain_texts(values):
        return dict(values)  # type: ignore[arg-type]
    found: dict[str, str] = {}
    for name, value in values.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        found[clipped(name, _LONGEST_NAME)] = clipped(text)
    return found


def _are_plain_texts(values: Mapping[str, object]) -> bool:
    """Whether all are short, plain texts already, as nearly always: seen of all at once, since it is asked so often."""
    try:
        names, texts = "".join(values), "".join(values.values())  # type: ignore[arg-type]
    except TypeError:
        return False
    short = len(names) <= _LONGEST_NAME and len(texts) <= LONGEST_VALUE
    return short and names.isascii() and texts.isascii() and "\x00" not in names and "\x00" not in texts


def details_of(values: Mapping[str, object]) -> tuple[dict[str, str], dict[str, str]]:
    """A sender's own details: those of one short line as labels, which rules can match; the rest as annotations."""
    texts = texts_of(values)
    short = {
        name
        for name, text in texts.items()
        if len(text) <= _LONGEST_LABEL and "\n" not in text and text[:1] not in "{["
    }
    labels = {name: text for name, text in texts.items() if name in short and text}
    return labels, {name: text for name, text in texts.items() if name not in short}


def link_of(title: str, url: str) -> Link | None:
    """A link, if the address is one that a browser may open: http or https, nothing else."""
    return Link(clipped(title, 200), storable(url)) if re.match(r"https?://[^\s/]", url) and len(url) <= 2000 else None


def links_of(pairs: Sequence[tuple[str, str]]) -> tuple[Link, ...]:
    """The good ones among (title, address), each address once."""
    found = [link for title, url in pairs if url and (link := link_of(title, url))]
    return tuple({link.url: link for link in reversed(found)}.values())[::-1]
