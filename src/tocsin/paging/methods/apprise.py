"""Apprise: over a hundred services more, each by an address of Apprise's own (docs/methods/apprise.md)."""

import asyncio
from typing import ClassVar

from tocsin.clients import apprise
from tocsin.engine.deliveries import Outcome
from tocsin.paging.message import Message
from tocsin.paging.methods import Means

_SECONDS = 30.0


class Apprise:
    """The address is Apprise's URL, which holds the service's secrets. What it proves is that the service took it."""

    kind: ClassVar[str] = "apprise"
    lane: ClassVar[str] = "apprise"
    label: ClassVar[str] = "Apprise"
    example: ClassVar[str] = "pover://USER@TOKEN"
    secret: ClassVar[bool] = True

    def __init__(self, means: Means) -> None:
        self._allowed = means.http.allowed

    @staticmethod
    def missing(means: Means) -> str | None:
        del means
        return None

    @staticmethod
    def check(address: str) -> str:
        apprise.check(address)
        return address.strip()

    @staticmethod
    def shown(address: str) -> str:
        return apprise.shown(address)

    async def send(self, address: str, message: Message) -> Outcome:
        text = message.text if message.link is None else f"{message.text}\n\nAcknowledge: {message.link}"
        sending = asyncio.to_thread(
            apprise.send, address, message.title, text, urgent=message.urgent, allowed=self._allowed
        )
        try:
            async with asyncio.timeout(_SECONDS):
                sent = await sending
        except TimeoutError:
            return Outcome("retry", error=f"no answer within {_SECONDS:g} s")
        if sent.ok:
            return Outcome("sent")
        return Outcome("failed" if sent.for_good else "retry", error=sent.error)


METHOD = Apprise
