"""Microsoft Teams by a Workflow's address: an Adaptive Card whose button opens the page."""

from typing import Any, ClassVar

from tocsin.clients.addresses import check_url, shown
from tocsin.engine.deliveries import Outcome
from tocsin.paging.message import Message
from tocsin.paging.methods import Means
from tocsin.paging.methods.webhook import outcome_of, post

_MOST_TEXT = 8000  # of 28 KB for the whole


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
    title = {"type": "TextBlock", "text": message.title, "size": "large", "weight": "bolder", "wrap": True}
    if message.kind == "page":
        title["color"] = "attention"
    lines = [
        {"type": "TextBlock", "text": line, "wrap": True, "spacing": "small"}
        for line in message.text[:_MOST_TEXT].splitlines()
    ]
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "fallbackText": message.title,
        "body": [title, *lines],
    }
    if message.link:
        label = "See and acknowledge" if message.kind == "page" else "Open"
        content["actions"] = [{"type": "Action.OpenUrl", "title": label, "url": message.link}]
    return {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}


METHOD = Teams
