"""Identifiers: UUIDv7 as text (RFC 9562 §5.7), so ids made later sort later."""

import os
import time
import uuid
from collections.abc import Iterator

_DIGITS = 19  # of random hexadecimal; one of them says the variant and keeps two bits
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def new_id() -> str:
    """A new UUIDv7 as 36 characters of text; sorts by its millisecond of creation."""
    return next(new_ids(1))


def new_ids(count: int) -> Iterator[str]:
    """As many new ids at once: the clock and the source of randomness are asked once for all."""
    millis = f"{time.time_ns() // 1_000_000 & ((1 << 48) - 1):012x}"
    head = f"{millis[:8]}-{millis[8:]}-7"
    random = os.urandom(count * 10).hex()
    for start in range(0, count * 20, 20):
        some = random[start : start + _DIGITS]
        yield f"{head}{some[:3]}-{_VARIANT[some[3]]}{some[4:7]}-{some[7:]}"


def is_id(text: str) -> bool:
    """Whether the text has the shape of an id; what has not can be in no table."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
