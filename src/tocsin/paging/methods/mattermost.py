"""A direct message in Mattermost, with buttons."""

import re
from typing import Any, ClassVar

from tocsin.clients.declining import Declined
from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.paging.links import token_in
from tocsin.paging.message import Message
from tocsin.paging.methods import Means, declined

NOT_SET_UP = "Mattermost is not set up on this installation (TOCSIN_MATTERMOST__URL)"
ACKNOWLEDGE, PASS_ON = "acknowledge", "pass"
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,63}")
_MOST_TEXT = 4000


class MattermostMessage:
    """The address is a user's name."""

    kind: ClassVar[str] = "mattermost"
    lane: ClassVar[str] = "mattermost"
    label: ClassVar[str] = "Mattermost"
    example: ClassVar[str] = "@dana"
    secret: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._services = means.services

    @staticmethod
    def missing(means: Means) -> str | None:
        return None if means.services.mattermost else NOT_SET_UP

    @staticmethod
    def check(address: str) -> str:
        name = address.strip().lower().removeprefix("@")
        if not _NAME.fullmatch(name):
            raise Invalid("a Mattermost user's name is letters, digits, dots, - and _: @dana", "target")
        return name

    @staticmethod
    def shown(address: str) -> str:
        return f"@{address}"

    async def send(self, address: str, message: Message) -> Outcome:
        mattermost = self._services.mattermost
        if mattermost is None:
            return Outcome("failed", error=NOT_SET_UP)
        try:
            attachment = as_attachment(message, self._services.callback("mattermost/action"))
            post = await mattermost.direct_message(address, "", attachment)
        except Declined as error:
            return declined(error)
        return Outcome("sent", {"post": post})


def as_attachment(message: Message, answer_to: str | None) -> dict[str, Any]:
    """The message with its buttons; `answer_to` is what they call. The link's token, which others never see, proves them."""
    shown: dict[str, Any] = {
        "fallback": message.title,
        "title": message.title,
        "text": message.text[:_MOST_TEXT],
        "color": {"page": "#b3261e", "over": "#2e7d32"}.get(message.kind, "#555555"),
    }
    if message.link:
        shown["title_link"] = message.link
    if message.link and message.kind == "page" and answer_to:
        token = token_in(message.link)
        shown["actions"] = [
            {
                "id": do,
                "type": "button",
                "name": name,
                "style": style,
                "integration": {"url": answer_to, "context": {"do": do, "token": token}},
            }
            for do, name, style in ((ACKNOWLEDGE, "Acknowledge", "primary"), (PASS_ON, "Pass on", "default"))
        ]
    return shown


METHOD = MattermostMessage
