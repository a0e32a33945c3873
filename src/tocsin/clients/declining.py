"""How an outside service says no, the same for all of them: for good, or not now."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tocsin.clients.addresses import AddressRefused
from tocsin.clients.guarded_http import SECONDS, Answer, GuardedHttp, Unreachable

_LONGEST_WAIT = 300.0  # seconds: a page is worth another try before that, whatever a service asks for


class Declined(Exception):
    """The service did not take it. `permanent`: another try can't help. `retry_after`: seconds that it asked for."""

    def __init__(self, message: str, *, permanent: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.retry_after = min(retry_after, _LONGEST_WAIT) if retry_after is not None else None


def seconds_of(value: object) -> float | None:
    """A wait as services write it, in seconds; None for what is no number."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def retry_after(answer: Answer) -> float | None:
    """The wait that the header Retry-After asks for."""
    return seconds_of(answer.headers.get("retry-after"))


async def ask(
    http: GuardedHttp,
    method: str,
    url: str,
    *,
    service: str,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    wait: Callable[[Answer], float | None] = retry_after,
    seconds: float = SECONDS,
) -> Answer:
    """Call a service; an Answer of any status below 500 but 429. Declined for no answer, overload and their own faults."""
    try:
        answer = await http.call(method, url, content=content, headers=headers, seconds=seconds)
    except AddressRefused as error:
        raise Declined(error.message, permanent=True) from error
    except Unreachable as error:
        raise Declined(error.message, permanent=False) from error
    if answer.status == 429 or answer.status >= 500:
        said = f"{service} answered {answer.status}: {' '.join(answer.text.split())[:200]}"
        raise Declined(said, permanent=False, retry_after=wait(answer))
    return answer


def as_json(body: Any) -> tuple[bytes, dict[str, str]]:
    """A body and the header that names its kind."""
    return json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json; charset=utf-8"}


def said_by(answer: Answer) -> Mapping[str, Any]:
    """The answer's JSON object; an empty one for anything else."""
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
