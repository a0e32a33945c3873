"""A real SMTP server for the tests: keeps what it is sent, and can refuse or hang like a bad one."""

import asyncio
import email
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tocsin.demo.children import free_port

_REQUIRED = ("From", "To", "Subject", "Date", "Message-ID")


@dataclass(frozen=True)
class Mail:
    """One accepted message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Its subject line."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """Its plain-text part."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""

    @property
    def links(self) -> list[str]:
        """The addresses in its text, in order."""
        return re.findall(r"https?://[^\s<>\"')]+", self.text)

    @property
    def calendar(self) -> str | None:
        """Its iCalendar part."""
        for part in self.message.walk():
            if part.get_content_type() == "text/calendar":
                content = part.get_content()
                return content.decode() if isinstance(content, bytes) else str(content)
        return None


class SmtpStandin:
    """Listens on a free loopback port. `refuse()` answers 550, `refuse_for_now()` 451, `hang()` says nothing."""

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self._mails: list[Mail] = []
        self._changed = threading.Condition()
        self._mode = "accept"
        self.attempts = 0
        self._controller: Controller | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The environment by which a server sends its mail here."""
        return {
            "TOCSIN_SMTP__HOST": self.host,
            "TOCSIN_SMTP__PORT": str(self.port),
            "TOCSIN_SMTP__SECURITY": "none",
            "TOCSIN_SMTP__SENDER": "tocsin@shop.example",
        }

    def remember(self, mails: Iterable[Mail]) -> None:
        """As if it had taken these, too."""
        with self._changed:
            self._mails.extend(mails)

    def start(self) -> "SmtpStandin":
        """Begin to listen (again)."""
        self._controller = Controller(self, hostname=self.host, port=self.port)
        self._controller.start()
        return self

    def stop(self) -> None:
        """Stop listening: connections are refused from now on."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    def accept(self) -> None:
        """Take every right message."""
        self._mode = "accept"

    def refuse(self) -> None:
        """Refuse every message for good."""
        self._mode = "refuse"

    def refuse_for_now(self) -> None:
        """Ask for every message to be sent again later."""
        self._mode = "later"

    def hang(self) -> None:
        """Take the message and never answer."""
        self._mode = "hang"

    @property
    def mails(self) -> list[Mail]:
        """What was accepted, in order."""
        with self._changed:
            return list(self._mails)

    def to(self, address: str) -> list[Mail]:
        """What was accepted for one address."""
        return [mail for mail in self.mails if address in mail.recipients]

    def wait_for(self, wanted: Callable[[Mail], bool], seconds: float = 20) -> Mail:
        """The first mail that is wanted, waiting for it; AssertionError tells what came instead."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for mail in self._mails:
                    if wanted(mail):
                        return mail
                left = end - time.monotonic()
                if left <= 0:
                    got = [(mail.recipients, mail.subject) for mail in self._mails]
                    raise AssertionError(f"no such mail within {seconds:g} s; came: {got}; attempts: {self.attempts}")
                self._changed.wait(left)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Called by aiosmtpd with each message."""
        self.attempts += 1
        if self._mode == "refuse":
            return "550 5.7.1 not here"
        if self._mode == "later":
            return "451 4.7.1 try again later"
        if self._mode == "hang":
            await asyncio.sleep(3600)
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        if wrong := _what_is_wrong(raw):
            return f"554 5.6.0 {wrong}"
        message = email.message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        with self._changed:
            self._mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
            self._changed.notify_all()
        return "250 2.0.0 kept"


def _what_is_wrong(raw: bytes) -> str | None:
    """What a strict relay would object to (RFC 5321 §4.5.3, RFC 5322 §3.6)."""
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        return "a line is longer than 998 octets"
    if b"\n" in raw.replace(b"\r\n", b""):
        return "a bare line feed"
    message = email.message_from_bytes(raw, policy=default)
    for name in _REQUIRED:
        if len(message.get_all(name, [])) != 1:
            return f"exactly one {name} is required"
    if message.defects:
        return f"malformed: {message.defects[0]}"
    return None
