"""The screen: an open tab rings and shows the page, and the server's own output prints it. Always there."""

from typing import ClassVar

from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.paging.message import Message
from tocsin.paging.methods import Means
from tocsin.terminal import visible


class Screen:
    """Live tabs learn of a page by its topic, announced as the delivery is prepared; here it is printed."""

    kind: ClassVar[str] = "screen"
    lane: ClassVar[str] = "screen"
    label: ClassVar[str] = "Screen"
    example: ClassVar[str] = ""
    secret: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._print = means.print_line

    @staticmethod
    def missing(means: Means) -> str | None:
        del means
        return None

    @staticmethod
    def check(address: str) -> str:
        del address
        raise Invalid("the screen is always there and needs no setting up", "kind")

    @staticmethod
    def shown(address: str) -> str:
        del address
        return "any open tab"

    async def send(self, address: str, message: Message) -> Outcome:
        head = {"page": "PAGE" if message.urgent else "NOTE", "over": "OVER"}.get(message.kind, "TOCSIN")
        title = message.title.removeprefix("Over: ")
        who = f" for {address}" if address else ""
        link = f"\n     acknowledge: {message.link}" if message.kind == "page" and message.link else ""
        self._print(visible(f"{head}{who}: {' '.join(title.split())}{link}"))
        return Outcome("sent", {"printed": True})


METHOD = Screen
