"""What people write, checked before it becomes a fact: neither empty nor endless, and storable on both engines."""

from datetime import datetime, timedelta

from tocsin.errors import Invalid

LONGEST_TITLE = 200
LONGEST_TEXT = 20_000
_AHEAD = timedelta(minutes=5)  # how far a teller's own clock may be ahead of ours


def text_of(value: str, field: str, longest: int = LONGEST_TEXT) -> str:
    """The text without the space around it; Invalid when it is empty, too long or can't be stored."""
    text = value.strip()
    if not text:
        raise Invalid(f"{field} is empty; write what happened", field)
    if len(text) > longest:
        raise Invalid(f"{field} has {len(text)} characters; at most {longest} are allowed", field)
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid(f"{field} holds a character that no text may have (NUL or half of a pair)", field)
    return text


def optional_text(value: str | None, field: str, longest: int = LONGEST_TEXT) -> str | None:
    """The text, or None when there is none or only space."""
    return text_of(value, field, longest) if value and value.strip() else None


def title_of(value: str, field: str = "title") -> str:
    """A text of one line."""
    return text_of(" ".join(value.split()), field, LONGEST_TITLE)


def told_instant(at: datetime | None, field: str, now: datetime) -> datetime | None:
    """When something happened, as somebody tells it (aware). What is a little ahead of our clock is taken as now."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise Invalid(f"{field} names no time zone; write it in UTC, such as 2026-11-19T14:05:00Z", field)
    if at > now + _AHEAD:
        raise Invalid(f"{field} lies in the future; only what has happened can be told", field)
    return min(at, now)
