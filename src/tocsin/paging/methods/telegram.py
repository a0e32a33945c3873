"""A message by a Telegram bot, with buttons."""

import re
from typing import ClassVar

from tocsin.clients.declining import Declined
from tocsin.clients.telegram import LONGEST_TEXT
from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.paging.message import Message
from tocsin.paging.methods import Means, declined

NOT_SET_UP = "Telegram is not set up on this installation (TOCSIN_TELEGRAM__BOT_TOKEN)"
ACKNOWLEDGE, PASS_ON = "acknowledge", "pass"
_CHAT = re.compile(r"[1-9][0-9]{0,18}")


class TelegramMessage:
    """The address is the number of a private chat, which the bot tells whoever writes to it."""

    kind: ClassVar[str] = "telegram"
    lane: ClassVar[str] = "telegram"
    label: ClassVar[str] = "Telegram"
    example: ClassVar[str] = "123456789 (what the bot answers to /start)"
    secret: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._services = means.services

    @staticmethod
    def missing(means: Means) -> str | None:
        return None if means.services.telegram else NOT_SET_UP

    @staticmethod
    def check(address: str) -> str:
        address = address.strip()
        if not _CHAT.fullmatch(address):
            raise Invalid("a Telegram chat is a number: write /start to the bot, and it tells you yours", "target")
        return address

    @staticmethod
    def shown(address: str) -> str:
        return address

    async def send(self, address: str, message: Message) -> Outcome:
        telegram = self._services.telegram
        if telegram is None:
            return Outcome("failed", error=NOT_SET_UP)
        try:
            text, rows = as_text(message), buttons(message, answers=self._services.public_url is not None)
            return Outcome("sent", {"message_id": await telegram.send(address, text, rows)})
        except Declined as error:
            return declined(error)


def as_text(message: Message) -> str:
    """Plain text: nothing in it is taken for a format."""
    return f"{message.title}\n\n{message.text}"[: LONGEST_TEXT - 300] + (f"\n\n{message.link}" if message.link else "")


def buttons(message: Message, *, answers: bool) -> list[list[dict[str, str]]]:
    """Acknowledge and pass on, where the answer can come in; what a button carries is no secret: who presses counts."""
    if message.kind != "page" or message.page_id is None or not answers:
        return []
    return [
        [
            {"text": "Acknowledge", "callback_data": f"{ACKNOWLEDGE}:{message.page_id}"},
            {"text": "Pass on", "callback_data": f"{PASS_ON}:{message.page_id}"},
        ]
    ]


METHOD = TelegramMessage
