"""A direct message in Slack, with buttons."""

import re
from itertools import accumulate
from typing import Any, ClassVar

from tocsin.clients.declining import Declined
from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.paging.links import token_in
from tocsin.paging.message import Message
from tocsin.paging.methods import Means, declined

NOT_SET_UP = "Slack is not set up on this installation (TOCSIN_SLACK__BOT_TOKEN)"
ACKNOWLEDGE, PASS_ON = "acknowledge", "pass"  # ids of the buttons
_MEMBER = re.compile(r"[UW][A-Z0-9]{5,20}")
_MOST_HEADER, _MOST_TEXT = 150, 2900


class SlackMessage:
    """The address is a member's id."""

    kind: ClassVar[str] = "slack"
    lane: ClassVar[str] = "slack"
    label: ClassVar[str] = "Slack"
    example: ClassVar[str] = "U024BE7LH (Profile, Copy member ID)"
    secret: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._services = means.services

    @staticmethod
    def missing(means: Means) -> str | None:
        return None if means.services.slack else NOT_SET_UP

    @staticmethod
    def check(address: str) -> str:
        address = address.strip()
        if not _MEMBER.fullmatch(address):
            raise Invalid("a Slack member's id begins with U or W: open your profile there, Copy member ID", "target")
        return address

    @staticmethod
    def shown(address: str) -> str:
        return address

    async def send(self, address: str, message: Message) -> Outcome:
        slack = self._services.slack
        if slack is None:
            return Outcome("failed", error=NOT_SET_UP)
        try:
            blocks = as_blocks(message, buttons=self._services.public_url is not None)
            return Outcome("sent", await slack.direct_message(address, escaped(message.title), blocks))
        except Declined as error:
            return declined(error)


def as_blocks(message: Message, *, buttons: bool) -> list[dict[str, Any]]:
    """The message as Block Kit; `buttons`: their calls can come in."""
    header = {"type": "plain_text", "text": message.title[:_MOST_HEADER]}
    text = {"type": "mrkdwn", "text": shortened(message.text, _MOST_TEXT) or " ", "verbatim": True}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}, {"type": "section", "text": text}]
    if message.link is None:
        return blocks
    opens = {"type": "button", "action_id": "open", "text": _plain("Open"), "url": message.link}
    if message.kind != "page" or not buttons:
        return [*blocks, {"type": "actions", "elements": [opens]}]
    token = token_in(message.link)
    acknowledge = {"action_id": ACKNOWLEDGE, "text": _plain("Acknowledge"), "style": "primary", "value": token}
    pass_on = {"action_id": PASS_ON, "text": _plain("Pass on"), "value": token}
    elements = [{"type": "button", **acknowledge}, {"type": "button", **pass_on}, opens]
    return [*blocks, {"type": "actions", "elements": elements}]


def escaped(text: str) -> str:
    """Text that Slack takes for nothing but text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shortened(text: str, most: int) -> str:
    """Escaped text of at most `most` characters; an entity stands whole or not at all."""
    lengths = accumulate(len(escaped(each)) for each in text[:most])
    return escaped(text[: sum(1 for length in lengths if length <= most)])


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


METHOD = SlackMessage
