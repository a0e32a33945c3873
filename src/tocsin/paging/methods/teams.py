"""Microsoft Teams by a Workflow's address: an Adaptive Card whose button opens the page."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from tocsin.clients.addresses import check_url, shown
from tocsin.engine.deliveries import Outcome
from tocsin.paging.message import Message
from tocsin.paging.methods import Means
from tocsin.paging.methods.webhook import outcome_of, post

_MOST_TITLE = 500  # characters
_MOST_LINE = 2000  # characters
_MOST_LINES = 16 * 1024  # bytes of JSON, of 28 KB for the whole


class Teams:
    """The address is the one that the workflow "When a Teams webhook request is received" shows; whoever has it may post."""

    kind: ClassVar[str] = "teams"
    lane: ClassVar[str] = "teams"
    label: ClassVar[str] = "Microsoft Teams"
    example: ClassVar[str] = "the workflow's https://… address"
    secret: ClassVar[bool] = True

    def __init__(self, means: Means) -> None:
        self._http = means.http

    @staticmethod
    def missing(means: Means) -> str | None:
        del means
        return None

    @staticmethod
    def check(address: str) -> str:
        check_url(address.strip())
        return address.strip()

    @staticmethod
    def shown(address: str) -> str:
        return shown(address)

    async def send(self, address: str, message: Message) -> Outcome:
        answer = await post(self._http, address, {"type": "message", "attachments": [as_card(message)]}, {})
        return answer if isinstance(answer, Outcome) else outcome_of(answer, {"status": answer.status})


def as_card(message: Message) -> dict[str, Any]:
    """The message as an Adaptive Card; TextBlock takes no HTML, so text stays text."""
    words = message.title[:_MOST_TITLE]
    title = {"type": "TextBlock", "text": words, "size": "large", "weight": "bolder", "wrap": True}
    if message.kind == "page":
        title["color"] = "attention"
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "fallbackText": words,
        "body": [title, *_blocks(message.text)],
    }
    if message.link:
        label = "See and acknowledge" if message.kind == "page" else "Open"
        content["actions"] = [{"type": "Action.OpenUrl", "title": label, "url": message.link}]
    return {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}


def _blocks(text: str) -> Iterator[dict[str, Any]]:
    """The lines as blocks, as far as a message may be long; what is left out stands behind the link."""
    room = _MOST_LINES
    for line in filter(None, map(str.strip, text.splitlines())):
        block = {"type": "TextBlock", "text": line[:_MOST_LINE], "wrap": True, "spacing": "small"}
        room -= len(json.dumps(block, ensure_ascii=False).encode()) + len(", ")
        if room < 0:
            yield {"type": "TextBlock", "text": "…", "wrap": True, "spacing": "small"}
            return
        yield block


METHOD = Teams
