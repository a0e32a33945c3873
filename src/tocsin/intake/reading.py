"""Reading JSON that may be broken: what can be read is kept, and what can't is named by its place."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from tocsin.intake.signal import Parsed, SetAside, Signal, Unreadable, clipped, storable

T = TypeVar("T")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PATH = re.compile(r" - at `\$?(?P<path>[^`]*)`$")


@dataclass(frozen=True)
class Wrong(Exception):
    """One part of a body is wrong: the field's path inside that part, and why."""

    field: str
    reason: str


def read_json(body: bytes) -> object:
    """The body as plain values, forgiving bad UTF-8 and lone surrogates; Unreadable, with line and column, if not JSON."""
    text = body.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "replace")
    if not text.strip():
        raise Unreadable("line 1, column 1", "the body is empty; send JSON")
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}, column {error.colno}", f"this is no JSON: {error.msg}") from error
    except RecursionError as error:
        raise Unreadable("line 1, column 1", "the JSON is nested too deeply") from error
    except ValueError as error:
        raise Unreadable("line 1, column 1", f"this is no JSON: {error}") from error
    return value


def convert(value: object, into: type[T]) -> T:
    """The plain value as a typed one; Wrong, with the field's path, when it does not fit."""
    try:
        return msgspec.convert(value, into)
    except msgspec.ValidationError as error:
        raise wrong_of(error) from error
    except UnicodeError as error:  # a lone surrogate where one of few words is expected
        raise Wrong("$", "holds half of a character (a lone surrogate)") from error
    except (RecursionError, OverflowError) as error:
        raise Wrong("", str(error)) from error


def wrong_of(error: msgspec.ValidationError) -> Wrong:
    """The path and the reason out of msgspec's message."""
    text = str(error)
    found = _PATH.search(text)
    reason = (text[: found.start()] if found else text).replace("`", "'")
    missing = re.fullmatch(r"Object missing required field '([^']*)'", reason)
    path = found["path"].removeprefix(".") if found else ""
    if missing:
        return Wrong(_join(path, missing[1]), "is missing")
    return Wrong(path, reason[:1].lower() + reason[1:])


def read_each(
    items: Sequence[object],
    read: Callable[[object], Signal],
    place: Callable[[int], str],
    alone: Callable[[object], Mapping[str, object]],
) -> Parsed:
    """Each item as a signal, or set aside with its place and with a body that holds it `alone`."""
    signals: list[Signal] = []
    set_aside: list[SetAside] = []
    for index, item in enumerate(items):
        try:
            signals.append(read(item))
        except Wrong as wrong:
            set_aside.append(
                SetAside(clipped(_join(place(index), wrong.field)), clipped(wrong.reason), _as_text(alone(item)))
            )
        except RecursionError:
            set_aside.append(SetAside(place(index), "is nested too deeply", storable(str(type(item)))))
    return Parsed(tuple(signals), tuple(set_aside))


def _join(stem: str, path: str) -> str:
    if not stem or not path or path.startswith("["):
        return f"{stem}{path}"
    return f"{stem}.{path}"


def _as_text(value: object) -> str:
    # ASCII, so that NUL and lone surrogates stay the escapes that they came as
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
