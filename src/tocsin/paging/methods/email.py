"""E-mail by the operator's mail server."""

import re
from html import escape
from typing import ClassVar

from tocsin.clients.smtp import Mail, MailNotTaken
from tocsin.engine.deliveries import Outcome
from tocsin.errors import Invalid
from tocsin.paging.message import Message
from tocsin.paging.methods import Means

_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.?[^@\s<>,;\"]*")
_LONGEST = 254
NOT_SET_UP = "e-mail is not set up on this installation (TOCSIN_SMTP__HOST)"


class Email:
    """Text and HTML in one mail; what is sent again has the same Message-ID."""

    kind: ClassVar[str] = "email"
    lane: ClassVar[str] = "smtp"
    label: ClassVar[str] = "E-mail"
    example: ClassVar[str] = "dana@example.com"
    secret: ClassVar[bool] = False

    def __init__(self, means: Means) -> None:
        self._smtp = means.smtp

    @staticmethod
    def missing(means: Means) -> str | None:
        return NOT_SET_UP if means.smtp is None else None

    @staticmethod
    def check(address: str) -> str:
        address = address.strip()
        if len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
            raise Invalid(f"'{address[:80]}' is no e-mail address", "target")
        return address

    @staticmethod
    def shown(address: str) -> str:
        return address

    async def send(self, address: str, message: Message) -> Outcome:
        if self._smtp is None:
            return Outcome("failed", error=NOT_SET_UP)
        mail = Mail(
            to=address,
            subject=message.title,
            text=as_text(message),
            html=as_html(message),
            key=message.key,
            in_reply_to=message.thread if message.kind == "over" else None,
            at=message.at,
            urgent=message.urgent,
        )
        try:
            return Outcome("sent", await self._smtp.send(mail))
        except MailNotTaken as error:
            return Outcome("failed" if error.permanent else "retry", error=error.message)


def as_text(message: Message) -> str:
    """The plain part."""
    lines = [message.title, "", *message.lines]
    if message.link and message.kind == "page":
        lines += ["", "Acknowledge, see or pass on (opening the link changes nothing):", message.link]
    elif message.link:
        lines += ["", message.link]
    return "\n".join(lines) + "\n"


def as_html(message: Message) -> str:
    """The HTML part: readable anywhere, nothing fetched."""
    lines = "".join(f"<p style='margin:4px 0'>{escape(line)}</p>" for line in message.lines)
    button = ""
    if message.link and message.kind == "page":
        button = (
            f"<p style='margin:20px 0'><a href='{escape(message.link)}' style='background:#b3261e;color:#fff;"
            "padding:12px 20px;border-radius:6px;text-decoration:none;font-weight:600'>See and acknowledge</a></p>"
            "<p style='color:#555;font-size:13px'>Opening the link changes nothing; the button there does.</p>"
        )
    return (
        "<!doctype html><html lang='en'><body style='font-family:system-ui,sans-serif;font-size:15px;color:#111'>"
        f"<h1 style='font-size:18px;margin:0 0 12px'>{escape(message.title)}</h1>{lines}{button}</body></html>"
    )


METHOD = Email
