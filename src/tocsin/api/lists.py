"""Long answers in pages: `?limit=&cursor=`, and the opaque `next_cursor` of the answer before."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from tocsin.errors import Invalid

T = TypeVar("T")
MOST = 200

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
Cursor = Annotated[str | None, Query(description="The `next_cursor` of the answer before.")]


def write_cursor(place: Any) -> str:
    """Where a list goes on, as text that callers need not understand."""
    return base64.urlsafe_b64encode(json.dumps(place, default=str).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> Any:
    """The place that `write_cursor` was given, or None for the beginning. Invalid when it is not ours."""
    if cursor is None:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, UnicodeDecodeError):
        raise Invalid("this cursor was not given out here; leave it out to begin at the first page", "cursor") from None


def page_of(
    items: Sequence[T], limit: int, place: Callable[[T], Any], view: Callable[[T], Any] = lambda item: item
) -> dict[str, Any]:
    """One page of a list that was asked for `limit + 1` items: whether one more came says if there is a next page."""
    shown = items[:limit]
    more = len(items) > limit
    return {"items": [view(item) for item in shown], "next_cursor": write_cursor(place(shown[-1])) if more else None}


def slice_of(
    items: Sequence[T], limit: int, cursor: str | None, view: Callable[[T], Any] = lambda item: item
) -> dict[str, Any]:
    """One page of a list that is short enough to be read whole; the cursor counts."""
    start = read_cursor(cursor) or 0
    if not isinstance(start, int) or start < 0:
        raise Invalid("this cursor was not given out for this list", "cursor")
    more = len(items) > start + limit
    return {
        "items": [view(item) for item in items[start : start + limit]],
        "next_cursor": write_cursor(start + limit) if more else None,
    }
