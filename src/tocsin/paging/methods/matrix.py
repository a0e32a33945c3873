"""A direct message in Matrix; a reaction under it or a reply answers."""

import hashlib
import re
from html import escape
from typing import Any, ClassVar

from tocsin.clients.declining import Declined
from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.paging.message import Message
from tocsin.paging.methods import Means, declined

NOT_SET_UP = "Matrix is not set up on this installation (TOCSIN_MATRIX__HOMESERVER)"
ACKNOWLEDGE, PASS_ON = "✅", "⏭️"
PAGE = "org.tocsin.page"
"""The field of a message that names its page, so that a reaction leads to it."""
_USER = re.compile(r"@[a-z0-9._=/+-]+:[A-Za-z0-9.:\[\]-]+")
_MOST_TEXT = 8_000


class MatrixMessage:
    """The address is a user's id."""

    kind: ClassVar[str] = "matrix"
    lane: ClassVar[str] = "matrix"
    label: ClassVar[str] = "Matrix"
    example: ClassVar[str] = "@dana:matrix.example"
    secret: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._services = means.services

    @staticmethod
    def missing(means: Means) -> str | None:
        return None if means.services.matrix else NOT_SET_UP

    @staticmethod
    def check(address: str) -> str:
        address = address.strip()
        if not _USER.fullmatch(address) or len(address) > 255:
            raise Invalid("a Matrix user's id looks like @dana:matrix.example", "target")
        return address

    @staticmethod
    def shown(address: str) -> str:
        return address

    async def send(self, address: str, message: Message) -> Outcome:
        matrix = self._services.matrix
        if matrix is None:
            return Outcome("failed", error=NOT_SET_UP)
        txn = hashlib.sha256(message.key.encode()).hexdigest()[:40]
        try:
            room, event = await matrix.direct_message(address, txn, as_content(message))
            if message.kind == "page":
                for number, key in enumerate((ACKNOWLEDGE, PASS_ON)):
                    await matrix.react(room, event, key, f"{txn}.{number}")
        except Declined as error:
            return declined(error)
        return Outcome("sent", {"event": event})


def as_content(message: Message) -> dict[str, Any]:
    """The message, plain and formatted; a page says how to answer."""
    lines = [message.title, *message.lines]
    if message.kind == "page" and message.link:
        lines.append(f"{ACKNOWLEDGE} acknowledges, {PASS_ON} passes on; or open {message.link}")
    text = "\n".join(lines)[:_MOST_TEXT]
    first, _, rest = text.partition("\n")
    formatted = f"<strong>{escape(first)}</strong><br>{'<br>'.join(escape(line) for line in rest.splitlines())}"
    content: dict[str, Any] = {
        "msgtype": "m.text",
        "body": text,
        "format": "org.matrix.custom.html",
        "formatted_body": formatted,
    }
    return {**content, PAGE: message.page_id} if message.kind == "page" else content


METHOD = MatrixMessage
