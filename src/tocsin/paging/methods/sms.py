"""A text message by Twilio: the receipt comes later, and a reply acknowledges."""

from typing import ClassVar

from tocsin.clients.declining import Declined
from tocsin.clients.twilio import LONGEST_TEXT, check_number
from tocsin.engine.deliveries import Outcome
from tocsin.paging.message import Message
from tocsin.paging.methods import Means, declined

NOT_SET_UP = "text messages are not set up on this installation (TOCSIN_TWILIO__ACCOUNT_SID)"
_TITLE, _LINES = 160, 300  # characters: a text is read at a glance


class Sms:
    """The address is a phone number."""

    kind: ClassVar[str] = "sms"
    lane: ClassVar[str] = "twilio"
    label: ClassVar[str] = "Text message"
    example: ClassVar[str] = "+44 7700 900123"
    secret: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._services = means.services

    @staticmethod
    def missing(means: Means) -> str | None:
        return None if means.services.twilio else NOT_SET_UP

    @staticmethod
    def check(address: str) -> str:
        return check_number(address)

    @staticmethod
    def shown(address: str) -> str:
        return address

    async def send(self, address: str, message: Message) -> Outcome:
        twilio = self._services.twilio
        if twilio is None:
            return Outcome("failed", error=NOT_SET_UP)
        status_to = self._services.callback(f"twilio/status?delivery={message.delivery}") if message.delivery else None
        try:
            sid = await twilio.text(address, as_text(message, replies=status_to is not None), status_to)
        except Declined as error:
            return declined(error)
        return Outcome("sent", {"sid": sid})


def as_text(message: Message, *, replies: bool) -> str:
    """What is read on the phone: what, how bad, how to answer. `replies`: a reply can come in."""
    lines = [message.title[:_TITLE], message.text[:_LINES]]
    if message.reply_code and replies:
        lines.append(f"Reply {message.reply_code} to acknowledge.")
    if message.link:
        lines.append(message.link)
    return "\n".join(filter(None, lines))[:LONGEST_TEXT]


METHOD = Sms
