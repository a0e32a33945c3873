"""A phone call by Twilio: spoken twice, acknowledged by a key. Voicemail presses none, so the page goes on climbing."""

import re
from typing import ClassVar
from xml.sax.saxutils import quoteattr

from tocsin.clients.declining import Declined
from tocsin.clients.twilio import check_number, xml_text
from tocsin.engine.deliveries import Outcome
from tocsin.paging.links import token_in
from tocsin.paging.message import Message
from tocsin.paging.methods import Means, declined

ACKNOWLEDGE, PASS_ON = "4", "6"
NOT_SET_UP = "calls are not set up on this installation (TOCSIN_TWILIO__ACCOUNT_SID)"
NO_KEYPAD = "calls need TOCSIN_PUBLIC_URL, where the keys that are pressed come in"
NO_NUMBER = "calls need a phone number as TOCSIN_TWILIO__SENDER"
_WORDS = 400  # characters: half a minute of speech
_CODE = re.compile(r"\b([0-9A-Z]{4}-[0-9A-Z]{4})\b")


class Voice:
    """The address is a phone number."""

    kind: ClassVar[str] = "voice"
    lane: ClassVar[str] = "twilio-voice"
    label: ClassVar[str] = "Phone call"
    example: ClassVar[str] = "+44 7700 900123"
    secret: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._services = means.services

    @staticmethod
    def missing(means: Means) -> str | None:
        twilio = means.services.twilio
        if twilio is None:
            return NOT_SET_UP
        if not twilio.can_call:
            return NO_NUMBER
        return None if means.services.public_url else NO_KEYPAD

    @staticmethod
    def check(address: str) -> str:
        return check_number(address)

    @staticmethod
    def shown(address: str) -> str:
        return address

    async def send(self, address: str, message: Message) -> Outcome:
        twilio, status_to = self._services.twilio, self._services.callback(f"twilio/status?delivery={message.delivery}")
        if twilio is None or status_to is None:
            return Outcome("failed", error=NOT_SET_UP)
        key_to = None
        if message.link and message.kind == "page":
            key_to = self._services.callback(f"twilio/key?page={token_in(message.link)}")
        try:
            sid = await twilio.call(address, twiml(message, key_to), status_to)
        except Declined as error:
            return declined(error)
        return Outcome("sent", {"sid": sid})


def twiml(message: Message, key_to: str | None) -> str:
    """What is spoken, twice; with `key_to`, a key may be pressed at any time."""
    words = _CODE.sub(lambda found: ", ".join(found.group(1).replace("-", "")), f"{message.title}. {message.text}")
    words = xml_text(" ".join(words.split())[:_WORDS])
    if key_to is None:
        return f'<Response><Say loop="2">This is Tocsin. {words}</Say></Response>'
    keys = f"Press {ACKNOWLEDGE} to acknowledge. Press {PASS_ON} to pass it on."
    return (
        f'<Response><Gather input="dtmf" numDigits="1" timeout="10" method="POST" action={quoteattr(key_to)}>'
        f'<Say loop="2">This is Tocsin. {words} {keys}</Say></Gather>'
        "<Say>No key was pressed. The page goes on.</Say></Response>"
    )


METHOD = Voice
