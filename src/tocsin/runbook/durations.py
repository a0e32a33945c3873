"""Durations as people write them: read from a value, written back, and found in a sentence."""

import re
from dataclasses import dataclass
from datetime import timedelta

_UNITS = {
    "seconds": ("s", "sec", "secs", "second", "seconds"),
    "minutes": ("m", "min", "mins", "minute", "minutes"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "wk", "wks", "week", "weeks"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_SIZES = {unit: timedelta(**{unit: 1}) for unit in _UNITS}
NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ],
        start=1,
    )
} | {"thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90}

_UNIT = "|".join(sorted(_UNIT_OF, key=len, reverse=True))
_WORD = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
_GAP = r"[ \t\n\u00a0\u202f*_`\-\u2011]{0,4}"
_NUMBER = rf"(?:\d{{1,6}}(?:\.\d{{1,3}})?|\b(?:{_WORD})\b)"
_PART = re.compile(rf"(?P<number>{_NUMBER}){_GAP}(?P<unit>{_UNIT})(?![^\W\d]|%)", re.IGNORECASE)
_START = rf"(?<![\w.,:/$€£#§-])(?P<first>{_NUMBER})"
_RANGE = re.compile(
    rf"{_START}(?:{_GAP}(?P<first_unit>{_UNIT}))?"
    rf"[ \t\n\u00a0*_`]{{0,3}}(?:-|\u2010|\u2011|\u2012|\u2013|\u2014|to\b|and\b)"
    rf"[ \t\n\u00a0*_`]{{0,3}}(?P<second>{_NUMBER}){_GAP}(?P<unit>{_UNIT})(?![\w%])",
    re.IGNORECASE,
)
_SINGLE = re.compile(rf"{_START}{_GAP}(?P<unit>{_UNIT})(?![\w%])", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:[-\u2010-\u2014]|\bto\b)\s*", re.IGNORECASE)
_JOIN = re.compile(r"[ \t\n\u00a0]{1,2}(?:and[ \t\n]{1,2})?")
LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Span:
    """A duration range: from `low` to `high`, both included."""

    low: timedelta
    high: timedelta

    def __contains__(self, value: object) -> bool:
        return isinstance(value, timedelta) and self.low <= value <= self.high


@dataclass(frozen=True)
class Found:
    """A duration, or a range, found in a text: `value` is what it says, `start` and `end` where (characters)."""

    value: timedelta | Span
    start: int
    end: int
    text: str


def parse_duration(value: object) -> timedelta:
    """`15m`, `48 h`, `1h 30m`, `10 minutes` as a timedelta; ValueError names what is wrong."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, str):
        unit_hint = f"{value}m" if isinstance(value, int) and not isinstance(value, bool) else "15m"
        raise ValueError(f"{value!r} is no duration: write a number and a unit, for example {unit_hint}")
    text = value.strip()
    if len(text) > 60:
        raise ValueError("this is too long for a duration: write for example 15m or 48h")
    total, position = timedelta(0), 0
    last_size: timedelta | None = None
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            hint = "write a number and a unit (s, m, h, d, w), for example 15m or 48h"
            raise ValueError(f"{value!r} is no duration: {hint}")
        size = _SIZES[_UNIT_OF[part["unit"].lower()]]
        if last_size is not None and size >= last_size:
            raise ValueError(f"{value!r} is no duration: write the larger unit first, for example 1h 30m")
        total, last_size = total + _number(part["number"]) * size, size
        position = part.end()
        while position < len(text) and text[position] in " \t\u00a0\u202f":
            position += 1
    if last_size is None:
        raise ValueError("a duration is missing: write for example 15m")
    if not timedelta(0) < total <= LONGEST:
        raise ValueError(f"{value!r} is not between a second and a year: write for example 15m or 48h")
    return total


def parse_span(value: object) -> Span:
    """`30–60 min` or `30m to 1h` as a range; ValueError names what is wrong."""
    if isinstance(value, Span):
        return value
    sides = _SEPARATOR.split(value.strip()) if isinstance(value, str) and len(value) <= 60 else []
    try:
        if len(sides) != 2:
            raise ValueError
        high = parse_duration(sides[1])
        bare = re.fullmatch(_NUMBER, sides[0], re.IGNORECASE)
        unit = _PART.match(sides[1])
        low = _number(sides[0]) * _SIZES[_UNIT_OF[unit["unit"].lower()]] if bare and unit else parse_duration(sides[0])
    except ValueError:
        raise ValueError(f"{value!r} is no range of durations: write for example 30–60 min") from None
    if low >= high:
        raise ValueError(f"{value!r} is no range: the first must be the shorter one")
    return Span(low, high)


def find_durations(text: str) -> list[Found]:
    """Every duration and range that a sentence names, in order, with its place in the text."""
    found: list[Found] = []
    position = 0
    wide, single = _RANGE.search(text), _SINGLE.search(text)
    while True:
        if wide is not None and wide.start() < position:
            wide = _RANGE.search(text, position)
        if single is not None and single.start() < position:
            single = _SINGLE.search(text, position)
        if wide is None and single is None:
            return found
        if wide is not None and (single is None or wide.start() <= single.start()) and _is_range(wide):
            unit = _SIZES[_UNIT_OF[wide["unit"].lower()]]
            first_unit = _SIZES[_UNIT_OF[wide["first_unit"].lower()]] if wide["first_unit"] else unit
            value: timedelta | Span = Span(_number(wide["first"]) * first_unit, _number(wide["second"]) * unit)
            start, end = wide.start(), wide.end()
        elif single is not None:
            value, start, end = _compound(text, single)
        else:
            assert wide is not None
            position = wide.end("first")
            continue
        found.append(Found(value, start, end, text[start:end]))
        position = end


def format_duration(value: timedelta) -> str:
    """The short form that a block holds: `15m`, `48h`, `1h30m`; days from 3 days on."""
    seconds = int(value.total_seconds())
    if seconds % 86400 == 0 and seconds >= 3 * 86400:
        return f"{seconds // 86400}d"
    parts: list[str] = []
    for size, letter in ((3600, "h"), (60, "m"), (1, "s")):
        amount, seconds = divmod(seconds, size)
        if letter == "m" and not parts and not seconds and amount:
            return f"{amount}m"
        if amount:
            parts.append(f"{amount}{letter}")
    return "".join(parts) or "0s"


def say_duration(value: timedelta) -> str:
    """The form for people: `15 minutes`, `48 hours`, `1 hour 30 minutes`."""
    seconds = int(value.total_seconds())
    if seconds == 3600:
        return "60 minutes"
    sizes: tuple[tuple[int, str], ...] = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
    if seconds < 3 * 86400 or seconds % 86400:
        sizes = sizes[1:]
    parts = []
    for size, word in sizes:
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {word}{'' if amount == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def say_span(span: Span) -> str:
    """`30–60 minutes`, or `30 minutes to 2 hours` when the units differ."""
    low, high = say_duration(span.low).split(" "), say_duration(span.high).split(" ")
    if len(low) == len(high) == 2 and low[1].rstrip("s") == high[1].rstrip("s"):
        return f"{low[0]}–{high[0]} {high[1]}"
    return f"{' '.join(low)} to {' '.join(high)}"


def _is_range(match: re.Match[str]) -> bool:
    """`30 and 60 minutes` is a range only as `between 30 and 60`; `48 hours and 15 minutes` is a sum or a list."""
    return not (match["first_unit"] and re.search(r"\band\b", match[0], re.IGNORECASE))


def _compound(text: str, first: re.Match[str]) -> tuple[timedelta, int, int]:
    """Joins `1 h 30 min`: parts follow each other with ever smaller units."""
    size = _SIZES[_UNIT_OF[first["unit"].lower()]]
    total, end = _number(first["first"]) * size, first.end()
    while (join := _JOIN.match(text, end)) and (part := _PART.match(text, join.end())):
        smaller = _SIZES[_UNIT_OF[part["unit"].lower()]]
        if smaller >= size:
            break
        total, size, end = total + _number(part["number"]) * smaller, smaller, part.end()
    return total, first.start(), end


def _number(text: str) -> float:
    word = NUMBER_WORDS.get(text.lower())
    return float(word) if word is not None else float(text)
