"""A body's fields as most products send them: loosely typed, half of them optional, renamed now and then.

Each question names its field in what it raises, so that a refusal says where to look.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Never, TypeVar
from urllib.parse import parse_qsl

from tocsin.intake.reading import Wrong, read_json
from tocsin.intake.signal import Parsed, Signal, Unreadable, instant_of, storable

T = TypeVar("T")
_LONGEST_EPOCH = 10**15  # more than any time in milliseconds
_MILLISECONDS = 10**11  # from here on a number counts milliseconds
_BOTH_ZONES = re.compile(r"(?P<zone>[+-]\d\d:?\d\d)Z$")  # as the PagerDuty client of Python writes it


class Fields:
    """One object of a body. `path` is where it stands in the whole."""

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            raise Wrong(path, f"expected an object, got {_kind(value)}")
        self.all: Mapping[str, object] = value
        self.path = path

    def __contains__(self, name: str) -> bool:
        return self.all.get(name) is not None

    def place(self, name: str) -> str:
        """Where a field stands in the body."""
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, reason: str) -> Never:
        """Refuse for this field."""
        raise Wrong(self.place(name), reason)

    def text(self, *names: str) -> str:
        """The first of these fields that says something, stripped; numbers as text; "" when none does."""
        for name in names:
            value = self.all.get(name)
            if value is None or value == "":
                continue
            if isinstance(value, dict | list):
                self.wrong(name, f"expected text, got {_kind(value)}")
            found = storable(value if isinstance(value, str) else _plain(value)).strip()
            if found:
                return found
        return ""

    def required(self, *names: str) -> str:
        """As `text`, refusing when none of them says anything."""
        return self.text(*names) or self.wrong(names[0], "is missing")

    def fields(self, name: str) -> "Fields":
        """The object under that name; an empty one when it is missing."""
        value = self.all.get(name)
        return Fields({} if value is None else value, self.place(name))

    def each(self, name: str) -> Iterator["Fields"]:
        """The objects of the list under that name; what is no object in it is refused, a missing list is empty."""
        for index, item in enumerate(self.items(name)):
            yield Fields(item, f"{self.place(name)}[{index}]")

    def items(self, name: str) -> list[object]:
        """The list under that name; empty when it is missing."""
        value = self.all.get(name)
        if value is None:
            return []
        return value if isinstance(value, list) else self.wrong(name, f"expected a list, got {_kind(value)}")

    def one_of(self, name: str, meanings: Mapping[str, T], *, unless_said: T | None = None) -> T:
        """What the field's word means, compared in small letters; refused, with the words, when it is none of them."""
        word = self.text(name).lower()
        if word in meanings:
            return meanings[word]
        if word or unless_said is None:
            known = ", ".join(meanings)
            self.wrong(name, f"is {word[:100]!r}; known are {known}" if word else "is missing")
        return unless_said

    def moment(self, *names: str) -> datetime | None:
        """The first of these fields that is a time, in UTC; None when none is."""
        return next((found for name in names if (found := moment_of(self.all.get(name))) is not None), None)


def moment_of(value: object) -> datetime | None:
    """A time as senders write it: RFC 3339, or seconds or milliseconds since 1970. None for what is none of these.

    A time without a zone is not guessed. A sender's time only refines what arrival decides, so a bad one refuses nothing.
    """
    if isinstance(value, str):
        value = value.strip()
        if not value.isdecimal():
            return _written(value)
        value = int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LONGEST_EPOCH:
        return None
    seconds = value / 1000 if value >= _MILLISECONDS else value
    return instant_of(datetime.fromtimestamp(seconds, UTC))


def read_fields(body: bytes) -> Fields:
    """The body as one object: JSON, or a form. Unreadable when it is neither."""
    start = body.lstrip()[:1]
    if start and start not in b"{[\xef" and b"=" in body:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        if pairs:
            return Fields(dict(pairs))
    value = read_json(body)
    if not isinstance(value, dict):
        raise Unreadable("$", f"expected an object, got {_kind(value)}")
    return Fields(value)


def read_one(body: bytes, read: Callable[[Fields], Signal | Parsed]) -> Parsed:
    """The body, which is about one alert, read by a sender's `read`; what is wrong with it makes it Unreadable."""
    try:
        found = read(read_fields(body))
    except Wrong as wrong:
        raise Unreadable(wrong.field or "$", wrong.reason) from wrong
    except (RecursionError, OverflowError) as error:
        raise Unreadable("$", f"can't be read: {error}") from error
    return found if isinstance(found, Parsed) else Parsed((found,))


def _written(text: str) -> datetime | None:
    try:
        claimed = datetime.fromisoformat(_BOTH_ZONES.sub(r"\g<zone>", text))
        return instant_of(claimed) if claimed.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LONGEST_EPOCH:
        return str(int(value))
    return str(value)[:1000]


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
