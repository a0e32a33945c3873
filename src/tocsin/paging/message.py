"""What a person is told, before a method gives it its form. Pure.

What is restricted shows next to nothing outside: that somebody is needed, and the link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

_MOST_NAMED, _LONGEST_NAMED = 10, 100  # pages in one message, and characters of each
Kind = Literal["page", "over", "told", "code", "test"]
"""`told`: for learning alone, nothing to answer."""


@dataclass(frozen=True)
class Message:
    """One message to one person. `key` is its idempotency key; `thread` that of the page it belongs to.

    `link` opens the page on a phone; without one there is nothing to open. `at` is UTC.
    """

    kind: Kind
    title: str
    lines: tuple[str, ...]
    key: str
    at: datetime
    link: str | None = None
    thread: str | None = None
    urgent: bool = False
    severity: str | None = None
    page_id: str | None = None
    again: bool = False
    reply_code: str | None = None
    """Digits by which a typed reply names this page."""
    delivery: str | None = None
    """The delivery's id, so that what the provider says later finds it."""

    @property
    def text(self) -> str:
        """Its lines, without the title."""
        return "\n".join(self.lines)

    def packed(self) -> dict[str, Any]:
        """As a mapping, for the way from `prepare` to `send`."""
        return asdict(self)

    @classmethod
    def unpacked(cls, values: Mapping[str, Any]) -> "Message":
        """From `packed`."""
        return cls(**{**values, "lines": tuple(values["lines"])})


def page_message(
    *,
    page_id: str,
    title: str,
    detail: str,
    severity: str | None,
    services: Sequence[str],
    restricted: bool,
    practice: bool,
    urgent: bool,
    reopened: bool,
    last_resort: bool,
    opened_at: datetime,
    link: str | None,
    key: str,
    now: datetime,
    again: bool,
    reply_code: str | None = None,
    others: Sequence[tuple[str, str | None]] = (),
) -> Message:
    """You are needed. `others`: pages that the same message tells of, each with its severity."""
    lines = [f"Since {opened_at:%Y-%m-%d %H:%M} UTC." + (" Opened again." if reopened else "")]
    if restricted:
        title = "You are needed in a restricted incident"
    else:
        lines = [
            *filter(None, detail.splitlines()),
            *([f"Severity: {severity}"] if severity else []),
            *([f"Services: {', '.join(services)}"] if services else []),
            *lines,
        ]
    if last_resort:
        lines.append("Nobody before you acknowledged: you are the last resort.")
    if practice:
        title = f"Practice: {title}"
    if others:
        lines = _listed([_named(*each) for each in ((title, None if restricted else severity), *others)])
        lines.append("One acknowledgement takes them all.")
        title = _among(title, len(others))
    return Message(
        kind="page",
        title=title,
        lines=tuple(lines),
        key=key,
        at=now,
        link=link,
        thread=page_id,
        urgent=urgent,
        severity=severity,
        page_id=page_id,
        again=again,
        reply_code=reply_code,
    )


def _listed(names: Sequence[str]) -> list[str]:
    left = len(names) - _MOST_NAMED
    return [*names[:_MOST_NAMED], *([f"… and {left} more."] if left > 0 else [])]


def _named(title: str, severity: str | None) -> str:
    return f"• {_short(title)}" + (f" ({severity})" if severity else "")


def _among(title: str, others: int) -> str:
    return f"{others + 1} pages: {_short(title)}, and {others} more"


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST_NAMED else f"{title[: _LONGEST_NAMED - 1]}…"


def over_message(
    *,
    page_id: str,
    title: str,
    why: str,
    restricted: bool,
    link: str,
    key: str,
    now: datetime,
    others: Sequence[str] = (),
) -> Message:
    """It is over; you need not do anything. `others`: pages that are over too and told of here."""
    title = "a restricted page" if restricted else title
    lines = ["You need not do anything." if restricted else f"{why[:1].upper()}{why[1:]}. You need not do anything."]
    if others:
        lines = ["You need not do anything about them.", *_listed([_named(each, None) for each in (title, *others)])]
        title = _among(title, len(others))
    return Message(
        kind="over",
        title=f"Over: {title}",
        lines=tuple(lines),
        key=key,
        at=now,
        link=link,
        thread=page_id,
        page_id=page_id,
    )


def shadow_message(*, page_id: str, title: str, paged: str, link: str, key: str, now: datetime) -> Message:
    """You shadow who is paged: for learning."""
    line = f"{paged} is paged. You shadow them: there is nothing to acknowledge."
    return Message(
        kind="told",
        title=f"You shadow: {title}",
        lines=(line,),
        key=key,
        at=now,
        link=link,
        thread=page_id,
        page_id=page_id,
    )


def passed_message(
    *, page_id: str, title: str, why: str, restricted: bool, link: str, key: str, now: datetime
) -> Message:
    """It is somebody else's now."""
    return Message(
        kind="over",
        title="No longer yours: a restricted page" if restricted else f"No longer yours: {title}",
        lines=(f"{why}. You need not do anything.",),
        key=key,
        at=now,
        link=link,
        thread=page_id,
        page_id=page_id,
    )


def code_message(*, code: str, key: str, now: datetime, minutes: int) -> Message:
    """Prove that this is yours."""
    lines = (
        f"Enter this code where you added this method: {code}",
        f"It is good for {minutes} minutes. If you did not ask for it, do nothing: no page will come here.",
    )
    return Message(kind="code", title=f"Your code for Tocsin is {code}", lines=lines, key=key, at=now)


def test_message(*, name: str, key: str, now: datetime) -> Message:
    """A page would come like this."""
    lines = (f"{name} asked for it at {now:%H:%M} UTC. A page would reach you in the same way.",)
    return Message(
        kind="test", title="Test: pages from Tocsin reach you here", lines=lines, key=key, at=now, urgent=True
    )
