"""Text that no database of ours can hold is refused at the door, with its place: NUL, and halves of surrogate pairs."""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import Request

from tocsin.errors import Invalid, NotFound

_HINTS = (b"\\u0000", b"\\ud", b"\\uD", b"\0")


async def refuse_unstorable(request: Request) -> None:
    """Raise Invalid naming the field, or NotFound for a path: such a thing is in no table."""
    if not is_storable(request.url.path) or not all(is_storable(str(each)) for each in request.path_params.values()):
        raise NotFound("there is no such thing: the path holds a character that no text may have")
    for name, value in request.query_params.multi_items():
        if not is_storable(name + value):
            raise Invalid(f"{name!r} holds a character that no text may have (NUL or half of a pair)", name)
    body = await request.body()
    # Walking every body would cost; one that can hold such a character shows it in its bytes.
    if not any(hint in body for hint in _HINTS):
        return
    try:
        parsed = json.loads(body)
    except ValueError:
        return  # refused as unreadable by who parses it
    for place in _unstorable(parsed, ""):
        raise Invalid(f"{place or 'the body'} holds a character that no text may have (NUL or half of a pair)", place)


def is_storable(text: str) -> bool:
    """Whether both engines can keep the text."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _unstorable(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, str):
        if not is_storable(value):
            yield place
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unstorable(each, f"{place}.{index}" if place else str(index))
    elif isinstance(value, dict):
        for name, each in value.items():
            below = f"{place}.{name}" if place else name
            if not is_storable(name):
                yield place
            yield from _unstorable(each, below)
