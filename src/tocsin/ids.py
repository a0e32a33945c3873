"""Identifiers: UUIDv7 as text (RFC 9562 §5.7), so ids made later sort later."""

import os
import time
import uuid

_RANDOM_BITS = 74


def new_id() -> str:
    """A new UUIDv7 as 36 characters of text; sorts by its millisecond of creation."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big") & ((1 << _RANDOM_BITS) - 1)
    value = (millis & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= (random >> 62) << 64
    value |= 0b10 << 62
    value |= random & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))


def is_id(text: str) -> bool:
    """Whether the text has the shape of an id; what has not can be in no table."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
